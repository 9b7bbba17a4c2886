package alert

import (
	"fmt"
	"strings"
	"time"
)

// about ends the sentences that could be taken for a word about a person.
const about = " This is about a network connection, not about anyone's conduct."

// sentence says a notice in plain words.
func sentence(n Notice) string {
	who := fmt.Sprintf("exam %s, student %s", n.Exam, n.Student)
	if n.Student == "" {
		who = fmt.Sprintf("exam %s, session %s", n.Exam, n.Session)
	}
	silent := short(n.At.Sub(n.LastPacket))
	switch n.Kind {
	case Suspect:
		if n.Flapping {
			return fmt.Sprintf("The connection comes and goes, %d times by now: %s.", n.Episodes, who) + about
		}
		return fmt.Sprintf("No packets for %s: %s. It may be over in a moment.", silent, who)
	case Dropped:
		return fmt.Sprintf("The connection is interrupted, no packets for %s: %s.", silent, who) + about
	case ExamRelevant:
		return fmt.Sprintf("The connection has been interrupted for %s, long enough to matter to the exam: %s.", silent, who) + about
	case BelowMinimum:
		return fmt.Sprintf("%s is below the minimum: %s. %s", upload(n.Direction), who, reading(n)) + about
	case Recovered:
		switch {
		case n.Direction != "" && n.End != "":
			return fmt.Sprintf("%s was below the minimum, since %s before the session ended: %s.", upload(n.Direction), short(seconds(n.Duration)), who) + about
		case n.Direction != "":
			return fmt.Sprintf("%s is at the minimum again, after %s: %s.", upload(n.Direction), short(seconds(n.Duration)), who)
		case n.Flapping:
			return fmt.Sprintf("The connection is steady again; it had come and gone %d times in %s: %s.", n.Episodes, short(seconds(n.Duration)), who)
		}
		return fmt.Sprintf("The connection is back after %s: %s.", short(seconds(n.Duration)), who)
	case Ended:
		switch n.End {
		case "goodbye":
			return fmt.Sprintf("The student's program was ended in good order: %s.", who)
		case "replaced":
			return fmt.Sprintf("A new session has taken the place of this one, which was silent: %s.", who)
		}
		return fmt.Sprintf("The session is over: no packets for %s: %s.", silent, who) + about
	case Incident:
		return together(n)
	}
	return string(n.Kind)
}

// together says an incident.
func together(n Notice) string {
	if n.End == endRestart {
		return "The incident on our side is not followed any more: the server was started anew."
	}
	where, c := "this server", n.Counts
	if n.Exam != "" {
		where = "exam " + n.Exam
	}
	still, were, came := c.current(), "were interrupted", "were interrupted"
	if n.Direction != "" {
		minimum := "below the minimum " + strings.ToLower(upload(n.Direction))
		were, came = "were "+minimum, "fell "+minimum
	}
	whose := ""
	if n.Direction == "down" {
		whose = ", as the students' programs say"
	}
	if n.State == Cleared {
		return fmt.Sprintf("The incident on our side is over: %d of %d sessions of %s %s%s, for %s; %d still are.",
			c.Affected, c.Live, where, were, whose, short(seconds(n.Duration)), still)
	}
	left := ""
	if n.Update {
		left = fmt.Sprintf("; %d still are", still)
	}
	return fmt.Sprintf("Incident on our side: %d of %d sessions of %s %s at about the same time%s%s. The students' own connections are unlikely to be the cause.",
		c.Affected, c.Live, where, came, whose, left)
}

func upload(direction string) string {
	if direction == "up" {
		return "Upload"
	}
	return "Download"
}

// reading says what a warning of a rate rests on, and whose word it is.
func reading(n Notice) string {
	r, whose := n.Seen.Upload, "measured by the server"
	if n.Direction == "down" {
		r, whose = n.Claimed.Download, "as the student's program says"
	}
	if r == nil || r.Value == nil {
		return ""
	}
	return fmt.Sprintf("%s of at least %s, %s.", bits(*r.Value), bits(r.Minimum), whose)
}

func bits(v float64) string {
	if v >= 1e6 {
		return fmt.Sprintf("%.3g Mbit/s", v/1e6)
	}
	return fmt.Sprintf("%.3g kbit/s", v/1e3)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// short prints a duration as people say it: tenths below ten seconds.
func short(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	d = d.Round(time.Second)
	if d < time.Minute {
		return fmt.Sprintf("%d s", int(d.Seconds()))
	}
	s := d.String()
	for _, zero := range []string{"m0s", "h0m"} { // whole units only: 1m10s ends in 0s too
		if strings.HasSuffix(s, zero) {
			s = s[:len(s)-len("0s")]
		}
	}
	return s
}
