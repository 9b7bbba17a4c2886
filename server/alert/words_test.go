package alert

import (
	"strings"
	"testing"
	"time"
)

func TestSentence(t *testing.T) {
	const conduct = " This is about a network connection, not about anyone's conduct."
	number := func(v float64) *float64 { return &v }
	count := func(n int) *int { return &n }
	up, down := Rate{Value: number(360e3), Minimum: 384e3}, Rate{Value: number(1.2e6), Minimum: 1.5e6}
	for want, n := range map[string]Notice{
		"No packets for 1.1 s: exam e, student s. The connection may be back in a moment.":                                     {Kind: Suspect, At: at(10), LastPacket: at(8.9)},
		"The connection comes and goes, 3 times so far: exam e, student s." + conduct:                                          {Kind: Suspect, Flapping: true, Episodes: 3},
		"The connection is interrupted, no packets for 3.0 s: exam e, student s." + conduct:                                    {Kind: Dropped, At: at(3)},
		"The connection has been interrupted for 30 s, long enough to matter for the exam: exam e, student s." + conduct:       {Kind: ExamRelevant, At: at(30)},
		"Upload is below the minimum: exam e, student s. The server measured 360 kbit/s; the minimum is 384 kbit/s." + conduct: {Kind: BelowMinimum, Direction: "up", Seen: Seen{Upload: &up}},
		"Download is below the minimum: exam e, student s. The student's program reports 1.2 Mbit/s; the minimum is 1.5 Mbit/s." + conduct: {
			Kind: BelowMinimum, Direction: "down", Claimed: Claimed{Download: &down}},
		"Download is below the minimum: exam e, student s." + conduct:                                        {Kind: BelowMinimum, Direction: "down"},
		"Upload was below the minimum for 1 min 39 s, until the session ended: exam e, student s." + conduct: {Kind: Recovered, Direction: "up", End: "goodbye", Duration: 99},
		"Upload meets the minimum again, after 8.0 s below it: exam e, student s.":                           {Kind: Recovered, Direction: "up", Duration: 8},
		"The connection is stable again, after 12 interruptions in 54 s: exam e, student s.":                 {Kind: Recovered, Flapping: true, Episodes: 12, Duration: 54},
		"The connection is back after 50 s: exam e, student s.":                                              {Kind: Recovered, Duration: 50},
		"The student's program ended normally: exam e, student s.":                                           {Kind: Ended, End: "goodbye"},
		"A new session has replaced this one, which was silent: exam e, student s.":                          {Kind: Ended, End: "replaced"},
		"The session has ended because its join token was revoked: exam e, student s.":                       {Kind: Ended, End: "revoked"},
		"The session has ended after 30 min without packets: exam e, student s." + conduct:                   {Kind: Ended, End: "silent", At: at(1800)},
		"The server has restarted and no longer follows this incident on our side.":                          {Kind: Incident, End: endRestart},
		"Incident on our side: 3 of 4 sessions of exam e were interrupted at about the same time. The students' own connections are unlikely to be the cause.": {
			Kind: Incident, State: Raised, Counts: &IncidentCounts{Affected: 3, Live: 4, Silent: count(3)}},
		"Incident on our side: 9 of 20 sessions of exam e fell below the minimum download at about the same time, as the students' programs report; 7 still are below it. The students' own connections are unlikely to be the cause.": {
			Kind: Incident, State: Raised, Update: true, Direction: "down", Counts: &IncidentCounts{Affected: 9, Live: 20, Below: count(7)}},
		"The incident on our side is over after 21 s: 8 of 10 sessions of exam e were interrupted; 2 still are.": {
			Kind: Incident, State: Cleared, Duration: 21, Counts: &IncidentCounts{Affected: 8, Live: 10, Silent: count(2)}},
		"The incident on our side is over after 1 min: 8 of 10 sessions of exam e were below the minimum upload; 1 still is below it.": {
			Kind: Incident, State: Cleared, Duration: 60, Direction: "up", Counts: &IncidentCounts{Affected: 8, Live: 10, Below: count(1)}},
		"The incident on our side is over after 1 h: 8 of 10 sessions of exam e were interrupted; none still is.": {
			Kind: Incident, State: Cleared, Duration: 3600, Counts: &IncidentCounts{Affected: 8, Live: 10, Silent: count(0)}},
	} {
		n.Exam, n.Student, n.Session = "e", "s", "x"
		if n.At.IsZero() {
			n.At = start
		}
		if n.LastPacket.IsZero() {
			n.LastPacket = start
		}
		if got := sentence(n); got != want {
			t.Errorf("%s\nwant\n%s", got, want)
		}
		anonymous := strings.ReplaceAll(want, "student s.", "session x.")
		if got := n.WithoutStudent(); got.Sentence != anonymous || got.Student != "" {
			t.Errorf("%s\nwant\n%s", got.Sentence, anonymous)
		}
	}
}

// Sentences blame nobody.
func TestSentencesBlameNobody(t *testing.T) {
	for _, k := range Kinds() {
		n := Notice{Kind: k, State: Raised, Exam: "e", Student: "s", Session: "x", Since: at(0), At: at(5), LastPacket: at(1), Counts: &IncidentCounts{}}
		for _, x := range []string{"cheat", "suspicious", "fault of", "refus", "deliberate", "%!"} {
			if w := sentence(n); strings.Contains(strings.ToLower(w), x) || len(w) < 20 {
				t.Errorf("%s: %q", k, w)
			}
		}
	}
}

func TestShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0.0 s", 1340 * time.Millisecond: "1.3 s", 10 * time.Second: "10 s", 59*time.Second + 400*time.Millisecond: "59 s",
		59*time.Second + 600*time.Millisecond: "1 min", time.Minute: "1 min", 61 * time.Second: "1 min 1 s", 70 * time.Second: "1 min 10 s",
		90 * time.Second: "1 min 30 s", 10 * time.Minute: "10 min", 10*time.Minute + 20*time.Second: "10 min 20 s", time.Hour: "1 h",
		time.Hour + 5*time.Second: "1 h 5 s", 70 * time.Minute: "1 h 10 min", 10 * time.Hour: "10 h", 10*time.Hour + 10*time.Minute + 10*time.Second: "10 h 10 min 10 s",
	} {
		if got := short(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}
