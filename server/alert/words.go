package alert

import (
	"fmt"
	"strings"
	"time"
)

// about ends the sentences that could be read as a remark about a person.
const about = " This is about a network connection, not about anyone's conduct."

// sentence puts a notice into plain words.
func sentence(n Notice) string {
	silent, lasted := short(n.At.Sub(n.LastPacket)), short(seconds(n.Duration))
	switch n.Kind {
	case Suspect:
		if n.Flapping {
			return fmt.Sprintf("The connection comes and goes, %d times so far: %s.", n.Episodes, who(n)) + about
		}
		return fmt.Sprintf("No packets for %s: %s. The connection may be back in a moment.", silent, who(n))
	case Dropped:
		return fmt.Sprintf("The connection is interrupted, no packets for %s: %s.", silent, who(n)) + about
	case ExamRelevant:
		return fmt.Sprintf("The connection has been interrupted for %s, long enough to matter for the exam: %s.", silent, who(n)) + about
	case BelowMinimum:
		return fmt.Sprintf("%s is below the minimum: %s.%s", rateName(n.Direction), who(n), lowReading(n)) + about
	case NeverConnected:
		return absentSentence(n)
	case Recovered:
		switch {
		case n.End == endDuplicate:
			return fmt.Sprintf("Two servers had warned of the same; this warning ends, and the other one goes on: %s.", who(n))
		case n.Was == NeverConnected:
			return presentSentence(n)
		case n.Direction != "" && n.End != "":
			return fmt.Sprintf("%s was below the minimum for %s, until the session ended: %s.", rateName(n.Direction), lasted, who(n)) + about
		case n.Direction != "":
			return fmt.Sprintf("%s meets the minimum again, after %s below it: %s.", rateName(n.Direction), lasted, who(n))
		case n.Flapping:
			return fmt.Sprintf("The connection is stable again, after %d interruptions in %s: %s.", n.Episodes, lasted, who(n))
		}
		return fmt.Sprintf("The connection is back after %s: %s.", lasted, who(n))
	case Ended:
		switch n.End {
		case "goodbye":
			return fmt.Sprintf("The student's program ended normally: %s.", who(n))
		case "revoked":
			return fmt.Sprintf("The session has ended because its join token was revoked: %s.", who(n))
		case "replaced":
			return fmt.Sprintf("A new session has replaced this one, which was silent: %s.", who(n))
		}
		return fmt.Sprintf("The session has ended after %s without packets: %s.", silent, who(n)) + about
	case Incident:
		return incidentSentence(n)
	}
	return string(n.Kind)
}

// absentSentence puts a notice about absent students into plain words. Without the
// student it is about some of the exam.
func absentSentence(n Notice) string {
	began := short(n.At.Sub(n.Since))
	switch {
	case n.Absent != nil:
		return fmt.Sprintf("%d of %d students on the roster of exam %s have not connected since it began %s ago.", n.Absent.Students, n.Absent.Roster, n.Exam, began) + about
	case n.Student == "":
		return fmt.Sprintf("At least one student has not connected since exam %s began %s ago.", n.Exam, began) + about
	}
	return fmt.Sprintf("No connection since the exam began %s ago: %s. The computer may be off, the program not started, or the network may block it.", began, who(n)) + about
}

// presentSentence says why students are not absent any more.
func presentSentence(n Notice) string {
	where := who(n)
	if n.Student == "" {
		where = "exam " + n.Exam
	}
	switch {
	case n.End == endExamLater:
		return fmt.Sprintf("The exam now begins later: %s.", where)
	case n.End == endExamOver && n.Absent != nil:
		return fmt.Sprintf("The exam is over, and %d of %d students on its roster never connected: %s.", n.Absent.Students, n.Absent.Roster, where)
	case n.End == endExamOver:
		return fmt.Sprintf("The exam is over, and the student never connected: %s.", where)
	case n.End == endOffRoster:
		return fmt.Sprintf("The student is no longer on the roster: %s.", where)
	case n.Absent == nil:
		return fmt.Sprintf("The student has connected, %s after the exam began: %s.", short(seconds(n.Duration)), where)
	case n.Absent.Students == 0:
		return fmt.Sprintf("No student is missing any more: %s.", where)
	}
	return fmt.Sprintf("Most of the missing students have connected, and %d have not, who have notices of their own: %s.", n.Absent.Students, where)
}

// who names the subject of a notice.
func who(n Notice) string {
	if n.Student == "" {
		return fmt.Sprintf("exam %s, session %s", n.Exam, n.Session)
	}
	return fmt.Sprintf("exam %s, student %s", n.Exam, n.Student)
}

// incidentSentence puts a notice of an incident into plain words.
func incidentSentence(n Notice) string {
	if n.End == endRestart {
		return "The server has restarted and no longer follows this incident on our side."
	}
	where, c := "this server", n.Counts
	if n.Exam != "" {
		where = "exam " + n.Exam
	}
	began, was, still := "were interrupted", "were interrupted", ""
	if n.Direction != "" {
		minimum := "below the minimum " + strings.ToLower(rateName(n.Direction))
		began, was, still = "fell "+minimum, "were "+minimum, " below it"
	}
	source := ""
	if n.Direction == "down" {
		source = ", as the students' programs report"
	}
	left := fmt.Sprintf("; %d still are%s", c.current(), still)
	switch c.current() {
	case 0:
		left = "; none still is" + still
	case 1:
		left = "; 1 still is" + still
	}
	if n.State == Cleared {
		return fmt.Sprintf("The incident on our side is over after %s: %d of %d sessions of %s %s%s%s.",
			short(seconds(n.Duration)), c.Affected, c.Live, where, was, source, left)
	}
	if !n.Update {
		left = ""
	}
	return fmt.Sprintf("Incident on our side: %d of %d sessions of %s %s at about the same time%s%s. The students' own connections are unlikely to be the cause.",
		c.Affected, c.Live, where, began, source, left)
}

func rateName(direction string) string {
	if direction == "up" {
		return "Upload"
	}
	return "Download"
}

// lowReading says which reading was below the minimum, and who measured it.
func lowReading(n Notice) string {
	r, source := n.Seen.Upload, "The server measured"
	if n.Direction == "down" {
		r, source = n.Claimed.Download, "The student's program reports"
	}
	if r == nil || r.Value == nil {
		return ""
	}
	return fmt.Sprintf(" %s %s; the minimum is %s.", source, bits(*r.Value), bits(r.Minimum))
}

func bits(v float64) string {
	if v >= 1e6 {
		return fmt.Sprintf("%.3g Mbit/s", v/1e6)
	}
	return fmt.Sprintf("%.3g kbit/s", v/1e3)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// short prints a duration in hours, minutes and whole seconds, with tenths below
// ten seconds.
func short(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	d = d.Round(time.Second)
	var parts []string
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{time.Hour, "h"}, {time.Minute, "min"}, {time.Second, "s"}} {
		if n := d / u.unit; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, u.name))
			d -= n * u.unit
		}
	}
	return strings.Join(parts, " ")
}
