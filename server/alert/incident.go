package alert

import (
	"maps"
	"slices"
	"time"
)

// Chosen by us.
const (
	// incidentSettle is how long most sessions of an incident must have been back
	// before it is over. The others have that long to come back too, and a link of
	// ours that comes and goes is one incident.
	incidentSettle = 3 * time.Second
	// incidentSettleRates is the same for rates: a rate recovers after three good
	// readings, some 40 s apart.
	incidentSettleRates = time.Minute

	// incidentRates is how many windows rates have to fall together: a floor test
	// finds a low rate, or two of them if it is just below the minimum.
	incidentRates = 3

	// incidentReach is how many windows after its outbreak an incident still takes
	// in sessions. Without a bound, each session that failed would extend it, and it
	// would swallow failures that have causes of their own.
	incidentReach = 3

	// incidentNews is the share of its sessions by which the counts of an incident
	// must have changed for an update.
	incidentNews = 0.25

	// listAlone bounds the list of warnings in a notice, which must fit into queues
	// and receivers.
	listAlone = 500
)

// IncidentRule says when many sessions in the same condition are an incident on
// our side: when at least Sessions of them, and at least the share Share of all
// sessions, enter it within Window. For rates below the minimum the window is
// three times as long.
type IncidentRule struct {
	Sessions int           `mapstructure:"sessions" default:"3" min:"2" max:"1000000" doc:"The least number of sessions."`
	Share    float64       `mapstructure:"share" default:"0.3" above:"0" max:"1" doc:"Their least share of the live sessions."`
	Window   time.Duration `mapstructure:"window" default:"10s" min:"1s" max:"10m" doc:"The time within which they fall silent."`
}

// DefaultIncident is the rule of a server that configures none.
func DefaultIncident() IncidentRule {
	return IncidentRule{Sessions: 3, Share: 0.3, Window: 10 * time.Second}
}

// window is the time within which sessions enter the same condition together.
func (r IncidentRule) window(direction string) time.Duration {
	if direction == "" {
		return r.Window
	}
	return incidentRates * r.Window
}

// incident is many sessions of the server, or of one exam, that fell silent
// together, or below the minimum in one direction.
type incident struct {
	id, exam       string // exam is "" for the whole server
	direction      string // up, down; "": silence
	since          time.Time
	outbreak       time.Time // the latest one
	joined         time.Time // when the latest session joined
	window, settle time.Duration
	live           int // sessions at the first outbreak

	affected  map[string]*condition // by session, all that ever joined
	exams     []string              // of the affected, sorted
	current   int                   // of the affected, still in the condition
	round     map[string]bool       // sessions in it at the latest outbreak, or since
	alone     []string              // warnings with a notice of their own before they joined
	calmSince time.Time             // since when most of the round has been back; zero: it is not

	notifiedAt                                       time.Time // of the latest notice; zero: none yet
	notifiedAffected, notifiedCurrent, notifiedExams int       // what it said
	again                                            bool      // it has broken out again since
	update                                           time.Time // when an update is due; zero: none is
}

// covers says whether the incident is about this condition, in this exam.
func (i *incident) covers(direction, exam string) bool {
	return i.direction == direction && (i.exam == "" || i.exam == exam)
}

// openIncident returns the incident that a condition joins as it begins; nil:
// none. A condition that begins long after the others is not part of it.
func (c *Correlator) openIncident(cond *condition, at time.Time) *incident {
	for _, i := range c.incidents {
		if i.covers(cond.direction, cond.sub.Exam) && at.Sub(i.joined) <= i.window && at.Sub(i.outbreak) <= incidentReach*i.window {
			return i
		}
	}
	return nil
}

// join takes a condition into the incident. It drops a notice that is held, and
// lists a warning that had one.
func (i *incident) join(cond *condition, at time.Time) {
	cond.incident, cond.due, i.joined = i, time.Time{}, at
	i.affected[cond.sub.Session.Session] = cond
	i.current++
	i.round[cond.sub.Session.Session] = true
	if cond.wasNotified() && !slices.Contains(i.alone, cond.warning) {
		i.alone = append(i.alone, cond.warning)
	}
	if exam := cond.sub.Exam; !slices.Contains(i.exams, exam) {
		i.exams = append(i.exams, exam)
		slices.Sort(i.exams)
	}
	began := cond.sub.LastPacket
	if cond.direction != "" {
		began = cond.since
		if earliest := cond.onset.Add(-i.window); began.Before(earliest) {
			began = earliest // its first bad reading may be an old one
		}
	}
	if began.Before(i.since) {
		i.since = began
	}
	i.updateCalm(at)
	i.scheduleUpdate(at)
}

// scheduleUpdate decides when an update is due: soon when it concerns another
// exam's proctors or a new outbreak, otherwise once the counts have changed, at most
// once in a window.
func (i *incident) scheduleUpdate(at time.Time) {
	soon := at.Add(DefaultHold) // others are likely to follow
	switch {
	case i.notifiedAt.IsZero():
	case i.again, len(i.exams) > i.notifiedExams:
		if i.update.IsZero() || soon.Before(i.update) {
			i.update = soon
		}
	case i.update.IsZero() && i.outdated():
		if i.update = i.notifiedAt.Add(i.window); i.update.Before(soon) {
			i.update = soon
		}
	}
}

// outdated says whether the latest notice is no longer right. Once most sessions
// are back, the end of the incident is near and its notice has the counts.
func (i *incident) outdated() bool {
	if i.again || len(i.exams) > i.notifiedExams {
		return true
	}
	change := max(len(i.affected)-i.notifiedAffected, i.current-i.notifiedCurrent, i.notifiedCurrent-i.current)
	return i.calmSince.IsZero() && change > 0 && float64(change) >= incidentNews*float64(len(i.affected))
}

// updateCalm notes whether most sessions of the round are back.
func (i *incident) updateCalm(at time.Time) {
	switch {
	case i.current*2 >= len(i.round):
		i.calmSince = time.Time{}
	case i.calmSince.IsZero():
		i.calmSince = at
	}
}

// notice begins a notice of the incident and remembers what it says.
func (i *incident) notice(at time.Time, st State) Notice {
	i.notifiedAt, i.notifiedAffected, i.notifiedCurrent, i.notifiedExams = at, len(i.affected), i.current, len(i.exams)
	i.again = false
	n := Notice{
		Warning: i.id, Incident: i.id, Kind: Incident, State: st, Exam: i.exam, Direction: i.direction, Since: i.since, At: at, Cause: "on our side",
		Counts: &IncidentCounts{
			Affected: len(i.affected), Live: max(i.live, len(i.affected)), Exams: slices.Clone(i.exams),
			NotifiedAlone: slices.Clone(i.alone[:min(len(i.alone), listAlone)]), NotifiedAloneCount: len(i.alone),
		},
	}
	current := i.current
	if i.direction == "" {
		n.Counts.Silent = &current
	} else {
		n.Counts.Below = &current
	}
	return n
}

// advance sends an update that is due, and says whether the incident is over: most
// sessions have been back for a while. It then clears the incident and sends
// notices of those that are not back, which have a cause of their own.
func (c *Correlator) advance(i *incident, now time.Time) (over bool) {
	if !i.update.IsZero() && !i.update.After(now) {
		at := i.update
		i.update = time.Time{}
		if i.outdated() {
			n := i.notice(at, Raised)
			n.Update = true
			c.send(n)
		}
	}
	if i.calmSince.IsZero() || now.Sub(i.calmSince) < i.settle {
		return false
	}
	at := i.calmSince.Add(i.settle)
	n := i.notice(at, Cleared)
	n.Duration = i.calmSince.Sub(i.since).Seconds()
	c.send(n)
	for _, id := range slices.Sorted(maps.Keys(i.affected)) {
		if cond := i.affected[id]; cond.incident == i {
			c.notifyAlone(cond, at)
			cond.incident = nil
		}
	}
	return true
}
