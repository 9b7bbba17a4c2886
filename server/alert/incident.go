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
	began     time.Time // when it broke out, the last time
	last      time.Time // when the last session joined
	window    time.Duration
	live      int
	affected  map[string]*subject
	exams     []string
	silent    int
	alone     []string
	calmSince time.Time // since when most have been back; zero: they are not

	// What was told last, and when; zero: nothing yet. Update is when to tell it
	// anew; zero: there is no need.
	told                                time.Time
	toldAffected, toldSilent, toldExams int  // sessions, of them silent, exams
	again                               bool // it has broken out again since
	update                              time.Time
}

// covering is the incident that a session which falls silent belongs to. One
// that falls silent long after the others is in trouble of its own.
func (d *desk) covering(sub *subject) *incident {
	for _, i := range d.incidents {
		if i.about(sub.Exam) && sub.At.Sub(i.last) <= i.window && sub.At.Sub(i.began) <= incidentReach*i.window {
			return i
		}
	}
	return nil
}

// about says whether the incident is the exam's, or the whole server's.
func (i *incident) about(exam string) bool { return i.exam == "" || i.exam == exam }

// join takes a session into the incident. What waited to be told of it alone is
// held back; what has been told is referred to.
func (i *incident) join(sub *subject, at time.Time) {
	sub.incident, sub.due, i.last = i, time.Time{}, at
	i.affected[sub.Session.Session] = sub
	i.silent++
	if sub.told != "" && !slices.Contains(i.alone, sub.warning) {
		i.alone = append(i.alone, sub.warning)
	}
	if !slices.Contains(i.exams, sub.Exam) {
		i.exams = append(i.exams, sub.Exam)
		slices.Sort(i.exams)
	}
	if sub.LastPacket.Before(i.since) {
		i.since = sub.LastPacket
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
	off := max(len(i.affected)-i.toldAffected, i.silent-i.toldSilent, i.toldSilent-i.silent)
	return i.again || len(i.exams) > i.toldExams || i.calmSince.IsZero() && off > 0 && float64(off) >= incidentNews*float64(len(i.affected))
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

// raise begins an incident. If one of the exam, or of the server, still stands it
// is that one, which has broken out again.
func (d *desk) raise(at time.Time, exam string, live int) {
	n := slices.IndexFunc(d.incidents, func(i *incident) bool { return i.about(exam) })
	again := n >= 0
	if !again {
		n = len(d.incidents)
		d.incidents = append(d.incidents, &incident{
			id: newID("incident"), exam: exam, since: at, window: d.incident.Window, live: live, affected: map[string]*subject{},
		})
	}
	i := d.incidents[n]
	i.began, i.again = at, again
	for _, sub := range d.onsets {
		if exam == "" || sub.Exam == exam {
			i.join(sub, at)
		}
	}
	if !again {
		d.send(i.notice(at, Raised))
	}
}

// notice begins a notice about the incident as it stands.
func (i *incident) notice(at time.Time, st State) Notice {
	i.told, i.toldAffected, i.toldSilent, i.toldExams, i.again = at, len(i.affected), i.silent, len(i.exams), false
	return Notice{
		Warning: i.id, Incident: i.id, Kind: Incident, State: st, Exam: i.exam, Since: i.since, At: at, Cause: "on our side",
		Counts: &IncidentCounts{
			Affected: len(i.affected), Silent: i.silent, Live: max(i.live, len(i.affected)),
			Exams: slices.Clone(i.exams), ToldAlone: slices.Clone(i.alone[:min(len(i.alone), listAlone)]), Alone: len(i.alone),
		},
	}
}

// over tells what has become of an incident, ends it when most have been back for
// a while, and tells of those who have not: they are in trouble of their own.
func (d *desk) over(i *incident, now time.Time) bool {
	if !i.update.IsZero() && !i.update.After(now) {
		at := i.update
		i.update = time.Time{}
		if i.news() {
			n := i.notice(at, Raised)
			n.Update = true
			d.send(n)
		}
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
