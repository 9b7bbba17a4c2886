package plan

import (
	"math/rand/v2"
	"reflect"
	"testing"
	"time"
)

// sound checks the invariants of every plan.
func sound(t *testing.T, now time.Time, w Window, o Options) Plan {
	t.Helper()
	p := Make(now, w, o)
	if again := Make(now, w, o); !reflect.DeepEqual(p, again) {
		t.Fatalf("made twice:\n%v\n%v", p, again)
	}
	if len(p.Entries) == 0 || !p.Entries[0].From.Equal(now) {
		t.Fatalf("begins with %v, want %v", p.Entries, now)
	}
	order := map[Phase]int{Idle: 0, PreExam: 1, Exam: 2, Done: 3}
	for i, e := range p.Entries {
		end := i == len(p.Entries)-1
		switch {
		case end != e.To.IsZero() || end != (e.Phase == Done):
			t.Fatalf("entry %d of %d is %v, and ends %v", i, len(p.Entries), e.Phase, e.To)
		case !end && !e.To.After(e.From):
			t.Fatalf("%v lasts from %v to %v", e.Phase, e.From, e.To)
		case i > 0 && (!e.From.Equal(p.Entries[i-1].To) || order[e.Phase] <= order[p.Entries[i-1].Phase]):
			t.Fatalf("%v from %v follows %v to %v", e.Phase, e.From, p.Entries[i-1].Phase, p.Entries[i-1].To)
		case e.Phase != Idle && len(e.Checks) > 0:
			t.Fatalf("checks while %v: %v", e.Phase, e.Checks)
		}
		for j, c := range e.Checks {
			if c.Before(e.From) || c.After(e.To.Add(-checkRoom)) || j > 0 && !c.After(e.Checks[j-1]) {
				t.Fatalf("check %d at %v of %v from %v to %v", j, c, e.Phase, e.From, e.To)
			}
		}
		if got, next := p.At(e.From); !reflect.DeepEqual(got, e) || !next.Equal(e.To) {
			t.Fatalf("at %v: %v until %v, want %v", e.From, got.Phase, next, e.Phase)
		}
	}
	if want := w.Start.Add(-72 * 3600 * time.Second); !p.Deadline.Equal(want) {
		t.Fatalf("deadline %v, want %v", p.Deadline, want)
	}
	if idle := p.Entries[0]; idle.Phase == Idle {
		if room := p.Deadline.Sub(now); room > checkRoom && (len(idle.Checks) == 0 || idle.Checks[0].After(p.Deadline.Add(-checkRoom))) {
			t.Fatalf("%v before the deadline no check lies before it: %v", room, idle.Checks)
		}
		if idle.To.Sub(now) > checkRoom && len(idle.Checks) == 0 {
			t.Fatalf("idle for %v without a check", idle.To.Sub(now))
		}
	}
	return p
}

var (
	// Each is near a clock change: both of the year, in both hemispheres.
	windows = [][3]string{
		{"2026-11-30T09:00", "2026-11-30T16:50", "America/Denver"},
		{"2026-03-09T09:00", "2026-03-09T16:50", "America/Denver"},
		{"2026-03-08T01:00", "2026-03-08T08:00", "America/Denver"},
		{"2026-11-01T00:30", "2026-11-01T07:30", "America/Denver"},
		{"2026-11-03T19:00", "2026-11-03T23:30", "America/Denver"},
		{"2026-03-29T01:30", "2026-03-29T04:30", "Europe/Berlin"},
		{"2026-03-31T09:00", "2026-03-31T12:00", "Europe/Berlin"},
		{"2026-10-25T00:30", "2026-10-25T05:00", "Europe/Berlin"},
		{"2026-10-26T22:00", "2026-10-27T02:00", "Europe/Berlin"},
		{"2026-04-05T01:00", "2026-04-05T05:00", "Australia/Sydney"},
		{"2026-10-05T09:00", "2026-10-05T12:00", "Australia/Sydney"},
		{"2026-04-06T09:00", "2026-04-06T12:00", "Australia/Lord_Howe"},
		{"2026-10-04T01:00", "2026-10-04T05:00", "Australia/Lord_Howe"},
	}
	students = []string{"", "America/Denver", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Cairo", "Pacific/Kiritimati", "America/St_Johns"}
)

func TestEveryPlanIsSound(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, x := range windows {
		w := window(t, x[0], x[1], x[2])
		for range 40 {
			o := Options{Seed: r.Uint64(), ChecksPerDay: r.IntN(14)}
			if name := students[r.IntN(len(students))]; name != "" {
				o.Local = zone(t, name)
			}
			now := w.End.Add(-time.Duration(r.Int64N(int64(20 * 24 * time.Hour))))
			if r.IntN(3) == 0 { // where phases meet
				meet := []time.Time{w.Start, w.End, w.Start.Add(-DefaultPreExam), w.Start.Add(-DefaultAhead)}[r.IntN(4)]
				now = meet.Add(time.Duration(r.IntN(3)-1) * time.Duration(r.Int64N(int64(10*time.Minute))))
			}
			sound(t, now, w, o)
		}
	}
}

func phases(p Plan) (out []Phase) {
	for _, e := range p.Entries {
		out = append(out, e.Phase)
	}
	return out
}

func TestPhases(t *testing.T) {
	w := window(t, "2026-11-30T09:00", "2026-11-30T16:50", "America/Denver")
	for _, c := range []struct {
		name string
		now  time.Time
		want []Phase
	}{
		{"weeks ahead", w.Start.Add(-30 * 24 * time.Hour), []Phase{Idle, PreExam, Exam, Done}},
		{"an hour ahead", w.Start.Add(-time.Hour), []Phase{Idle, PreExam, Exam, Done}},
		{"half an hour ahead", w.Start.Add(-30 * time.Minute), []Phase{PreExam, Exam, Done}},
		{"a minute ahead", w.Start.Add(-time.Minute), []Phase{PreExam, Exam, Done}},
		{"at the start", w.Start, []Phase{Exam, Done}},
		{"under way", w.Start.Add(time.Hour), []Phase{Exam, Done}},
		{"at the end", w.End, []Phase{Done}},
		{"over", w.End.Add(time.Hour), []Phase{Done}},
	} {
		p := sound(t, c.now, w, Options{Seed: 1})
		if got := phases(p); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		for at, want := range map[time.Time]Phase{w.Start.Add(-1): PreExam, w.Start: Exam, w.End.Add(-1): Exam, w.End: Done, w.End.Add(1e6 * time.Hour): Done} {
			if e, _ := p.At(at); !at.Before(c.now) && e.Phase != want {
				t.Errorf("%s: %v at %v, want %v", c.name, e.Phase, at, want)
			}
		}
	}
}

func TestWithoutWindow(t *testing.T) {
	now := at(t, "2026-11-30T16:00Z")
	for name, p := range map[string]Plan{"made": Make(now, Window{}, Options{}), "the zero value": {}} {
		if e, next := p.At(now); e.Phase != Exam || !next.IsZero() {
			t.Errorf("%s: %v until %v, want the exam without an end", name, e.Phase, next)
		}
		if at, ok := p.NextCheck(now); ok {
			t.Errorf("%s: a check at %v", name, at)
		}
		if p.String() != "The time of the exam is unknown: the link is watched continuously.\n" {
			t.Errorf("%s prints %q", name, p)
		}
	}
}

// 72 hours before the exam the clocks show another hour if they have changed
// since: three calendar days are 71 or 73 hours, or 72 and a half.
func TestDeadlineIsHoursNotDays(t *testing.T) {
	for _, c := range []struct{ start, end, zone, want, days string }{
		{"2026-03-10T09:00", "2026-03-10T16:50", "America/Denver", "2026-03-07T08:00-07:00", "71h0m0s"},
		{"2026-11-03T09:00", "2026-11-03T16:50", "America/Denver", "2026-10-31T10:00-06:00", "73h0m0s"},
		{"2026-03-30T09:00", "2026-03-30T12:00", "Europe/Berlin", "2026-03-27T08:00+01:00", "71h0m0s"},
		{"2026-10-26T09:00", "2026-10-26T12:00", "Europe/Berlin", "2026-10-23T10:00+02:00", "73h0m0s"},
		{"2026-10-06T09:00", "2026-10-06T12:00", "Australia/Sydney", "2026-10-03T08:00+10:00", "71h0m0s"},
		{"2026-04-07T09:00", "2026-04-07T12:00", "Australia/Sydney", "2026-04-04T10:00+11:00", "73h0m0s"},
		{"2026-10-06T09:00", "2026-10-06T12:00", "Australia/Lord_Howe", "2026-10-03T08:30+10:30", "71h30m0s"},
		{"2026-04-07T09:00", "2026-04-07T12:00", "Australia/Lord_Howe", "2026-04-04T09:30+11:00", "72h30m0s"},
		{"2026-11-30T09:00", "2026-11-30T16:50", "America/Denver", "2026-11-27T09:00-07:00", "72h0m0s"},
	} {
		w := window(t, c.start, c.end, c.zone)
		p := sound(t, w.Start.AddDate(0, 0, -10), w, Options{Seed: 3})
		if got := p.Deadline.Format("2006-01-02T15:04Z07:00"); got != c.want {
			t.Errorf("%s in %s: deadline %s, want %s", c.start, c.zone, got, c.want)
		}
		if days := w.Start.Sub(w.Start.AddDate(0, 0, -3)).String(); days != c.days {
			t.Errorf("%s in %s: three days are %s, want %s", c.start, c.zone, days, c.days)
		}
	}
}

// An exam across a clock change keeps its length.
func TestWindowAcrossTheChange(t *testing.T) {
	for _, c := range []struct {
		start, end, zone string
		want             time.Duration
	}{
		{"2026-03-08T01:00", "2026-03-08T08:00", "America/Denver", 6 * time.Hour},
		{"2026-11-01T00:30", "2026-11-01T07:30", "America/Denver", 8 * time.Hour},
		{"2026-03-29T01:30", "2026-03-29T04:30", "Europe/Berlin", 2 * time.Hour},
		{"2026-10-25T00:30", "2026-10-25T05:00", "Europe/Berlin", 5*time.Hour + 30*time.Minute},
		{"2026-04-05T01:00", "2026-04-05T05:00", "Australia/Lord_Howe", 4*time.Hour + 30*time.Minute},
		{"2026-10-04T01:00", "2026-10-04T05:00", "Australia/Lord_Howe", 3*time.Hour + 30*time.Minute},
	} {
		w := window(t, c.start, c.end, c.zone)
		p := sound(t, w.Start.Add(-time.Hour), w, Options{Seed: 3})
		e, next := p.At(w.Start)
		if got := next.Sub(e.From); e.Phase != Exam || got != c.want {
			t.Errorf("%s in %s: %v lasts %v, want %v", c.start, c.zone, e.Phase, got, c.want)
		}
		if e, next := p.At(w.Start.Add(-1)); e.Phase != PreExam || next.Sub(e.From) != 30*time.Minute {
			t.Errorf("%s in %s: before it %v of %v", c.start, c.zone, e.Phase, next.Sub(e.From))
		}
	}
}
