package alert

import (
	"maps"
	"slices"
	"time"
)

// incidentSettle is how long most sessions of an incident must have been back
// for it to be over: the rest then has had time to come back too, and a link of
// ours that comes and goes is one incident.
const incidentSettle = 3 * time.Second

// IncidentRule says when many sessions that fall silent together are an incident
// on our side.
type IncidentRule struct {
	Sessions int           // at least so many, ...
	Share    float64       // ... and at least this share of the sessions there are, ...
	Window   time.Duration // ... fall silent within this time
}

// DefaultIncident is the rule of a desk that is told none.
func DefaultIncident() IncidentRule {
	return IncidentRule{Sessions: 3, Share: 0.3, Window: 10 * time.Second}
}

// incident is many sessions of one server, or of one exam on it, that fell
// silent together.
type incident struct {
	id, exam  string // exam is "" for the whole server
	since     time.Time
	live      int
	affected  map[string]*subject
	exams     []string
	silent    int
	alone     []string
	told      bool
	calmSince time.Time // since when most have been back; zero: they are not
	update    time.Time // when to tell of exams that were not among those told of; zero: there are none
}

// covering is the incident that a session which falls silent belongs to.
func (d *desk) covering(sub *subject) *incident {
	for _, i := range d.incidents {
		if i.exam == "" || i.exam == sub.Exam {
			return i
		}
	}
	return nil
}

// join takes a session into the incident. What waited to be told of it alone is
// held back; what has been told is referred to.
func (i *incident) join(sub *subject) {
	sub.incident, sub.due = i, time.Time{}
	i.affected[sub.Session.Session] = sub
	i.silent++
	if sub.told != "" && !slices.Contains(i.alone, sub.warning) {
		i.alone = append(i.alone, sub.warning)
	}
	if !slices.Contains(i.exams, sub.Exam) {
		i.exams = append(i.exams, sub.Exam)
		slices.Sort(i.exams)
		if i.told && i.update.IsZero() {
			i.update = sub.At.Add(DefaultHold) // others are likely to follow
		}
	}
	if sub.LastPacket.Before(i.since) {
		i.since = sub.LastPacket
	}
	i.calm(sub.At)
}

// calm notes whether most sessions are back.
func (i *incident) calm(at time.Time) {
	switch {
	case i.silent*2 >= len(i.affected):
		i.calmSince = time.Time{}
	case i.calmSince.IsZero():
		i.calmSince = at
	}
}

// breaksOut says whether those who fell silent lately are so many that it is on
// our side, and if so raises the incident.
func (d *desk) breaksOut(at time.Time) bool {
	d.onsets = slices.DeleteFunc(d.onsets, func(sub *subject) bool {
		return sub.silent == "" || sub.incident != nil || at.Sub(sub.onset) > d.incident.Window
	})
	if len(d.onsets) < d.incident.Sessions {
		return false
	}
	many := func(n, live int) bool {
		return n >= d.incident.Sessions && float64(n) >= d.incident.Share*float64(n+live)
	}
	byExam := map[string]int{}
	for _, sub := range d.onsets {
		byExam[sub.Exam]++
	}
	everywhere := many(len(d.onsets), d.live[""])
	latest := d.onsets[len(d.onsets)-1].Exam
	one := many(byExam[latest], d.live[latest])
	switch {
	case one && len(byExam) == 1 && d.live[""] > d.live[latest]: // the other exams are well
		d.raise(at, latest, byExam[latest]+d.live[latest])
	case everywhere:
		d.raise(at, "", len(d.onsets)+d.live[""])
	case one:
		d.raise(at, latest, byExam[latest]+d.live[latest])
	default:
		return false
	}
	return true
}

func (d *desk) raise(at time.Time, exam string, live int) {
	i := &incident{id: newID("incident"), exam: exam, since: at, live: live, affected: map[string]*subject{}}
	for _, sub := range d.onsets {
		if exam == "" || sub.Exam == exam {
			i.join(sub)
		}
	}
	d.incidents = append(d.incidents, i)
	i.told = true
	d.send(i.notice(at, Raised))
}

func (i *incident) notice(at time.Time, st State) Notice {
	return Notice{
		Warning: i.id, Incident: i.id, Kind: Incident, State: st, Exam: i.exam, Since: i.since, At: at, Cause: "on our side",
		Counts: &IncidentCounts{
			Affected: len(i.affected), Silent: i.silent, Live: max(i.live, len(i.affected)),
			Exams: slices.Clone(i.exams), ToldAlone: slices.Clone(i.alone),
		},
	}
}

// over tells what has become known of an incident, ends it when most have been back for a while, and tells of those
// who have not: they are in trouble of their own.
func (d *desk) over(i *incident, now time.Time) bool {
	if !i.update.IsZero() && !i.update.After(now) {
		n := i.notice(i.update, Raised)
		n.Update = true
		i.update = time.Time{}
		d.send(n)
	}
	if i.calmSince.IsZero() || now.Sub(i.calmSince) < incidentSettle {
		return false
	}
	at := i.calmSince.Add(incidentSettle)
	n := i.notice(at, Cleared)
	n.Duration = i.calmSince.Sub(i.since).Seconds()
	d.send(n)
	for _, id := range slices.Sorted(maps.Keys(i.affected)) {
		sub := i.affected[id]
		if sub.incident != i {
			continue
		}
		if sub.silent.rank() > sub.told.rank() {
			sub.At = at
			d.tell(sub)
		}
		sub.incident = nil
	}
	return true
}
