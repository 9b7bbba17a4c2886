package alert

import (
	"maps"
	"slices"
	"time"
)

// Chosen by us.
const (
	// incidentSettle is how long most sessions of an incident must have been back
	// for it to be over: the rest then has had time to come back too, and a link
	// of ours that comes and goes is one incident.
	incidentSettle = 3 * time.Second
	// A rate takes three good readings to be well again, some 40 s apart.
	incidentSettleRates = time.Minute

	// Rates that fall together are found to have within so many windows: a floor
	// test finds it, or two where the rate is just below.
	incidentRates = 3

	// An incident takes in no more sessions so many windows after it broke out:
	// without an end, one session after the other would make it a net for
	// troubles of their own.
	incidentReach = 3

	// What has become of an incident is told again when its counts are off by
	// this share of its sessions.
	incidentNews = 0.25

	// A notice must stay within what a queue and a receiver take: no longer list
	// of warnings told alone is in it.
	listAlone = 500
)

// IncidentRule says when many sessions that get into trouble together are an
// incident on our side.
type IncidentRule struct {
	Sessions int           // at least so many, ...
	Share    float64       // ... and at least this share of the sessions there are, ...
	Window   time.Duration // ... fall silent within this time, or below the minimum within three times it
}

// within is the time in which sessions in the same condition belong together.
func (r IncidentRule) within(direction string) time.Duration {
	if direction == "" {
		return r.Window
	}
	return incidentRates * r.Window
}

// DefaultIncident is the rule of a correlator that is told none.
func DefaultIncident() IncidentRule {
	return IncidentRule{Sessions: 3, Share: 0.3, Window: 10 * time.Second}
}

// incident is many sessions of one server, or of one exam on it, that fell
// silent together, or below the minimum in one direction.
type incident struct {
	id, exam  string // exam is "" for the whole server
	direction string // up, down; "": they fell silent
	since     time.Time
	began     time.Time // when it broke out, the last time
	last      time.Time // when the last session joined
	window    time.Duration
	settle    time.Duration
	live      int
	affected  map[string]*condition // by session
	exams     []string
	still     int             // of the affected, in trouble now
	round     map[string]bool // of the affected, in trouble when it broke out the last time, or since
	alone     []string
	calmSince time.Time // since when most have been back; zero: they are not

	// What was told last, and when; zero: nothing yet. Update is when to tell it
	// anew; zero: there is no need.
	told                               time.Time
	toldAffected, toldStill, toldExams int  // sessions, of them in trouble, exams
	again                              bool // it has broken out again since
	update                             time.Time
}

// covering is the incident that a condition which begins belongs to. One that
// begins long after the others is by itself.
func (c *Correlator) covering(t *condition, at time.Time) *incident {
	for _, i := range c.incidents {
		if i.about(t.direction, t.sub.Exam) && at.Sub(i.last) <= i.window && at.Sub(i.began) <= incidentReach*i.window {
			return i
		}
	}
	return nil
}

// about says whether the incident is about conditions of this sort, in this exam or
// in the whole server.
func (i *incident) about(direction, exam string) bool {
	return i.direction == direction && (i.exam == "" || i.exam == exam)
}

// join takes a session's condition into the incident. What waited to be told of it
// alone is held back; what has been told is referred to.
func (i *incident) join(t *condition, at time.Time) {
	t.incident, t.due, i.last = i, time.Time{}, at
	i.affected[t.sub.Session.Session] = t
	i.still++
	i.round[t.sub.Session.Session] = true
	if t.wasTold() && !slices.Contains(i.alone, t.warning) {
		i.alone = append(i.alone, t.warning)
	}
	if exam := t.sub.Exam; !slices.Contains(i.exams, exam) {
		i.exams = append(i.exams, exam)
		slices.Sort(i.exams)
	}
	began := t.sub.LastPacket
	if t.direction != "" {
		began = t.since
		if earliest := t.onset.Add(-i.window); began.Before(earliest) {
			began = earliest // the first bad reading may be an old one
		}
	}
	if began.Before(i.since) {
		i.since = began
	}
	i.calm(at)
	i.changed(at)
}

// changed sees to it that what was told is told anew: soon when another exam's
// proctors must hear of it or it breaks out again, else when the counts are off,
// at most once in a window.
func (i *incident) changed(at time.Time) {
	soon := at.Add(DefaultHold) // others are likely to follow
	switch {
	case i.told.IsZero():
	case i.again, len(i.exams) > i.toldExams:
		if i.update.IsZero() || soon.Before(i.update) {
			i.update = soon
		}
	case i.update.IsZero() && i.news():
		if i.update = i.told.Add(i.window); i.update.Before(soon) {
			i.update = soon
		}
	}
}

// news says whether what was told is not so any more. When most are back the end
// is near, and says it.
func (i *incident) news() bool {
	off := max(len(i.affected)-i.toldAffected, i.still-i.toldStill, i.toldStill-i.still)
	return i.again || len(i.exams) > i.toldExams || i.calmSince.IsZero() && off > 0 && float64(off) >= incidentNews*float64(len(i.affected))
}

// calm notes whether most sessions are back.
func (i *incident) calm(at time.Time) {
	switch {
	case i.still*2 >= len(i.round):
		i.calmSince = time.Time{}
	case i.calmSince.IsZero():
		i.calmSince = at
	}
}

// breaksOut says whether those who have lately got into the same trouble as the
// latest are so many that it is on our side, and if so raises the incident.
func (c *Correlator) breaksOut(latest *condition, at time.Time) bool {
	direction, window := latest.direction, c.Incident.within(latest.direction)
	lately := slices.DeleteFunc(c.onsets[direction], func(t *condition) bool {
		return !t.stands() || t.incident != nil || at.Sub(t.onset) > window
	})
	c.onsets[direction] = lately
	if len(lately) < c.Incident.Sessions {
		return false
	}
	byExam := map[string]int{}
	for _, t := range lately {
		byExam[t.sub.Exam]++
	}
	all := func(exam string) int {
		if direction != "" {
			return c.all[exam]
		}
		n := len(lately)
		if exam != "" {
			n = byExam[exam]
		}
		return n + c.live[exam] // those who were silent before are none of this
	}
	many := func(n int, exam string) bool {
		return n >= c.Incident.Sessions && float64(n) >= c.Incident.Share*float64(all(exam))
	}
	exam := latest.sub.Exam
	everywhere, one := many(len(lately), ""), many(byExam[exam], exam)
	switch {
	case one && len(byExam) == 1 && all("") > all(exam): // the other exams are well
	case everywhere:
		exam = ""
	case one:
	default:
		return false
	}
	c.raise(at, direction, exam, all(exam))
	return true
}

// raise begins an incident. If one of the exam, or of the server, still stands it
// is that one, which has broken out again.
func (c *Correlator) raise(at time.Time, direction, exam string, live int) {
	n := slices.IndexFunc(c.incidents, func(i *incident) bool { return i.about(direction, exam) })
	again := n >= 0
	if !again {
		n = len(c.incidents)
		i := &incident{
			id: newID("incident"), exam: exam, direction: direction, since: at, window: c.Incident.within(direction), settle: incidentSettle,
			live: live, affected: map[string]*condition{},
		}
		if direction != "" {
			i.settle = incidentSettleRates
		}
		c.incidents = append(c.incidents, i)
	}
	i := c.incidents[n]
	i.began, i.again, i.round = at, again, map[string]bool{}
	for session, t := range i.affected {
		if t.incident == i {
			i.round[session] = true
		}
	}
	for _, t := range c.onsets[direction] {
		if exam == "" || t.sub.Exam == exam {
			i.join(t, at)
		}
	}
	if !again {
		c.send(i.notice(at, Raised))
	}
}

// notice begins a notice about the incident as it stands.
func (i *incident) notice(at time.Time, st State) Notice {
	i.told, i.toldAffected, i.toldStill, i.toldExams, i.again = at, len(i.affected), i.still, len(i.exams), false
	n := Notice{
		Warning: i.id, Incident: i.id, Kind: Incident, State: st, Exam: i.exam, Direction: i.direction, Since: i.since, At: at, Cause: "on our side",
		Counts: &IncidentCounts{
			Affected: len(i.affected), Live: max(i.live, len(i.affected)),
			Exams: slices.Clone(i.exams), ToldAlone: slices.Clone(i.alone[:min(len(i.alone), listAlone)]), Alone: len(i.alone),
		},
	}
	still := i.still
	if i.direction == "" {
		n.Counts.Silent = &still
	} else {
		n.Counts.Below = &still
	}
	return n
}

// over tells what has become of an incident, ends it when most have been back for
// a while, and tells of those who have not: theirs is another condition.
func (c *Correlator) over(i *incident, now time.Time) bool {
	if !i.update.IsZero() && !i.update.After(now) {
		at := i.update
		i.update = time.Time{}
		if i.news() {
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
		if t := i.affected[id]; t.incident == i {
			c.alone(t, at)
			t.incident = nil
		}
	}
	return true
}
