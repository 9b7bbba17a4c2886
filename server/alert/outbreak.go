package alert

import (
	"slices"
	"time"
)

// detect says whether the condition that begins, together with those that began
// lately, is an incident, and if so raises it.
func (c *Correlator) detect(latest *condition, at time.Time) bool {
	direction, window := latest.direction, c.rules.Incident.window(latest.direction)
	recent := slices.DeleteFunc(c.onsets[direction], func(cond *condition) bool {
		return !cond.active() || cond.incident != nil || at.Sub(cond.onset) > window
	})
	c.onsets[direction] = recent
	if len(recent) < c.rules.Incident.Sessions {
		return false
	}
	byExam := map[string]int{}
	for _, cond := range recent {
		byExam[cond.sub.Exam]++
	}
	// candidates counts the sessions of an exam that could have been hit.
	candidates := func(exam string) int {
		if direction != "" {
			return c.total[exam]
		}
		n := len(recent)
		if exam != "" {
			n = byExam[exam]
		}
		return n + c.live[exam] // without those that were silent before
	}
	many := func(n int, exam string) bool {
		return n >= c.rules.Incident.Sessions && float64(n) >= c.rules.Incident.Share*float64(candidates(exam))
	}
	exam := latest.sub.Exam
	everywhere, here := many(len(recent), ""), many(byExam[exam], exam)
	switch {
	case here && len(byExam) == 1 && candidates("") > candidates(exam): // the other exams are well
	case everywhere:
		exam = ""
	case here:
	default:
		return false
	}
	c.raise(at, direction, exam, candidates(exam))
	return true
}

// raise begins an incident. If one of that exam or of the whole server is active,
// this is a new outbreak of it.
func (c *Correlator) raise(at time.Time, direction, exam string, live int) {
	n := slices.IndexFunc(c.incidents, func(i *incident) bool { return i.covers(direction, exam) })
	again := n >= 0
	if !again {
		n = len(c.incidents)
		i := &incident{
			id: newID("incident"), exam: exam, direction: direction, since: at,
			window: c.rules.Incident.window(direction), settle: incidentSettle, live: live, affected: map[string]*condition{},
		}
		if direction != "" {
			i.settle = incidentSettleRates
		}
		c.incidents = append(c.incidents, i)
	}
	i := c.incidents[n]
	i.outbreak, i.again, i.round = at, again, map[string]bool{}
	for session, cond := range i.affected {
		if cond.incident == i {
			i.round[session] = true
		}
	}
	for _, cond := range c.onsets[direction] {
		if exam == "" || cond.sub.Exam == exam {
			i.join(cond, at)
		}
	}
	if !again {
		c.send(i.notice(at, Raised))
	}
}
