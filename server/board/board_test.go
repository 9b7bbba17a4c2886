package board_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"examlink/probe/verdict"
	"examlink/probe/warning"
	"examlink/probe/wire"
	"examlink/server/board"
	"examlink/server/event"
	"examlink/server/session"
)

var t0 = time.Date(2026, 11, 30, 16, 0, 0, 0, time.UTC)

// story makes events of one exam in their order.
type story struct {
	b *board.Board
	n uint64
	// at is the time of the next event.
	at time.Time
}

func newStory(kept int) *story {
	s := &story{at: t0}
	s.b = board.New("run-1", verdict.BuiltIn()[0], func() time.Time { return s.at }, kept)
	return s
}

func watch(student, state string) event.Session {
	return event.Session{ID: "of-" + student, Exam: "e1", Student: student, Purpose: "watch", Transport: "udp", State: state, LastPacket: t0}
}

func (s *story) say(x event.Session, p event.Payload) {
	s.n++
	s.at = s.at.Add(time.Second)
	s.b.Apply(event.Event{Number: s.n, At: s.at, Session: x, Payload: p})
}

func mbit(v float64) *float64 { v *= 1e6; return &v }

// exact is a train that read a rate.
func exact(d wire.Direction, v float64) wire.TrainReport {
	return wire.TrainReport{Direction: d, Rate: mbit(v), Low: mbit(v * 0.99), High: mbit(v * 1.01), Busy: 50}
}

// healthy says that both directions of a student meet what is recommended.
func (s *story) healthy(student string) {
	x := watch(student, "live")
	s.say(x, event.Admitted{})
	s.say(x, event.Reading{Report: wire.TrainReport{Direction: wire.Up, Low: mbit(3)}, Measures: true})
	s.say(x, event.Claim{Report: wire.TrainReport{Direction: wire.Down, Low: mbit(6)}})
}

func (s *story) row(t *testing.T, student string) board.Row {
	t.Helper()
	for _, r := range s.b.Page("e1").Rows {
		if r.Student == student {
			return r
		}
	}
	t.Fatalf("no row of %s", student)
	return board.Row{}
}

// Each state of the list is what leads to it, and no other.
func TestStates(t *testing.T) {
	claimed := func(kinds ...warning.Kind) event.Session {
		x := watch("s", "live")
		for _, k := range kinds {
			x.Claimed = append(x.Claimed, event.ClaimedWarning{Kind: k, Since: t0})
		}
		return x
	}
	check := watch("s", "live")
	check.Purpose = "check"
	tcp := watch("s", "live")
	tcp.Transport = "websocket"
	low := event.Reading{Report: exact(wire.Up, 0.37), Measures: true}
	for what, c := range map[string]struct {
		do   func(s *story)
		want board.State
	}{
		"before its first figures": {func(s *story) { s.say(watch("s", "live"), event.Admitted{}) }, board.Testing},
		"a check":                  {func(s *story) { s.say(check, event.Admitted{}) }, board.Testing},
		"bounds that meet it":      {func(s *story) { s.healthy("s") }, board.Good},
		"silent for a moment":      {func(s *story) { s.healthy("s"); s.say(watch("s", "suspect"), event.State{From: "live"}) }, board.Suspect},
		"silent":                   {func(s *story) { s.healthy("s"); s.say(watch("s", "dropped"), event.State{From: "suspect"}) }, board.Dropped},
		"silent for long":          {func(s *story) { s.healthy("s"); s.say(watch("s", "exam-relevant"), event.State{From: "dropped"}) }, board.Dropped},
		"back": {func(s *story) {
			s.healthy("s")
			s.say(watch("s", "dropped"), event.State{})
			s.say(watch("s", "live"), event.State{})
		}, board.Good},
		"over":                    {func(s *story) { s.healthy("s"); s.say(watch("s", "ended"), event.Ended{}) }, board.Ended},
		"one reading just below":  {func(s *story) { s.healthy("s"); s.say(watch("s", "live"), low) }, board.BelowRecommended},
		"two readings just below": {func(s *story) { s.healthy("s"); s.say(watch("s", "live"), low); s.say(watch("s", "live"), low) }, board.BelowMinimum},
		"one reading far below": {func(s *story) {
			s.healthy("s")
			s.say(watch("s", "live"), event.Reading{Report: exact(wire.Up, 0.2), Measures: true})
		}, board.BelowMinimum},
		"a glance far below": {func(s *story) { s.healthy("s"); s.say(watch("s", "live"), event.Reading{Report: exact(wire.Up, 0.2)}) }, board.Good},
		"far below, and back": {func(s *story) {
			s.healthy("s")
			s.say(watch("s", "live"), event.Claim{Report: exact(wire.Down, 0.2)})
			s.healthy("s")
		}, board.Good},
		"below what is recommended": {func(s *story) { s.healthy("s"); s.say(watch("s", "live"), event.Claim{Report: exact(wire.Down, 1)}) }, board.BelowRecommended},
		"far below over TCP":        {func(s *story) { s.healthy("s"); s.say(tcp, event.Reading{Report: exact(wire.Up, 0.2), Measures: true}) }, board.Good},
		"its program warns of loss": {func(s *story) { s.healthy("s"); s.say(claimed(warning.Loss), event.Report{}) }, board.BelowMinimum},
		"its program is busy":       {func(s *story) { s.healthy("s"); s.say(claimed(warning.HostBusy), event.Report{}) }, board.BelowRecommended},
		"its program warns no more": {func(s *story) {
			s.healthy("s")
			s.say(claimed(warning.Loss), event.Report{})
			s.say(claimed(), event.Report{})
		}, board.Good},
		"the server warns": {func(s *story) {
			s.healthy("s")
			s.say(watch("s", "live"), event.Warning{ID: "w", Name: "below-minimum", Active: true, Direction: "up"})
		}, board.BelowMinimum},
		"a warning, as it is published": {func(s *story) {
			s.healthy("s")
			s.say(event.Session{ID: "of-s", Exam: "e1", Student: "s"}, event.Warning{ID: "w", Name: "exam-relevant", Active: true})
		}, board.Good},
		"the server warns no more": {func(s *story) {
			s.healthy("s")
			s.say(watch("s", "live"), event.Warning{ID: "w", Name: "below-minimum", Active: true})
			s.say(watch("s", "live"), event.Warning{ID: "w", Name: "recovered"})
		}, board.Good},
		"a check after the watch is over": {func(s *story) {
			s.healthy("s")
			s.say(watch("s", "ended"), event.Ended{})
			check.ID = "other"
			s.say(check, event.Admitted{})
		}, board.Testing},
		"a check beside the watch": {func(s *story) { s.healthy("s"); check.ID = "other"; s.say(check, event.Admitted{}) }, board.Good},
	} {
		s := newStory(0)
		c.do(s)
		if got := s.row(t, "s"); got.State != c.want {
			t.Errorf("%s: %s, want %s: %+v", what, got.State, c.want, got)
		}
	}
}

func roster(students ...board.Student) []board.Roster {
	return []board.Roster{{Exam: "e1", Start: t0, Policy: verdict.BuiltIn()[0], Students: students}}
}

// Students on the roster have rows without ever connecting.
func TestRosters(t *testing.T) {
	s := newStory(0)
	s.healthy("s1")
	s.b.SetRosters(verdict.BuiltIn()[0], roster(
		board.Student{ID: "s1", Group: "red"}, board.Student{ID: "s2"}, board.Student{ID: "s3", Absent: true}, board.Student{ID: "s4", Last: t0.Add(time.Hour)}, board.Student{ID: "s5", Last: t0.Add(-time.Hour)}))
	for student, want := range map[string]board.State{"s1": board.Good, "s2": board.NeverConnected, "s3": board.NeverConnected, "s4": board.Ended, "s5": board.NeverConnected} {
		if got := s.row(t, student); got.State != want {
			t.Errorf("%s: %s, want %s", student, got.State, want)
		}
	}
	if s.row(t, "s1").Group != "red" || board.Compare(s.row(t, "s3"), s.row(t, "s2")) >= 0 {
		t.Error("who is late is not worse off than who may still come")
	}
	s.say(watch("s1", "ended"), event.Ended{})
	s.b.SetRosters(verdict.BuiltIn()[0], roster(board.Student{ID: "s2"}))
	if rows := s.b.Page("e1").Rows; len(rows) != 1 || rows[0].Student != "s2" {
		t.Errorf("after the roster has changed: %+v", rows)
	}
}

// random tells a story in which anything happens.
func random(s *story, r *rand.Rand, steps int) {
	states := []string{"connected", "live", "suspect", "dropped", "exam-relevant"}
	for range steps {
		x := watch(fmt.Sprint("s", r.IntN(12)), states[r.IntN(len(states))])
		for range r.IntN(3) {
			kinds := warning.Kinds()
			x.Claimed = append(x.Claimed, event.ClaimedWarning{Kind: kinds[r.IntN(len(kinds))], Since: t0})
		}
		switch r.IntN(9) {
		case 0, 1:
			s.say(x, event.Admitted{})
		case 2:
			s.say(x, event.Ended{})
		case 3:
			s.say(x, event.Claim{Report: exact(wire.Down, 3*r.Float64())})
		case 4:
			s.say(x, event.Reading{Report: exact(wire.Up, 2*r.Float64()), Measures: r.IntN(3) > 0})
		case 5:
			s.say(x, event.Warning{ID: fmt.Sprint("w", r.IntN(3)), Name: "below-minimum", Active: r.IntN(2) > 0, Since: t0})
		case 6:
			v := r.Float64()
			s.say(x, event.Report{Minute: &event.Minute{RoundTrip: &v}})
		case 7:
			s.b.SetRosters(verdict.BuiltIn()[0], roster(board.Student{ID: "s1", Absent: r.IntN(2) > 0}, board.Student{ID: fmt.Sprint("s", r.IntN(20))}))
		default:
			s.say(x, event.State{})
		}
	}
}

// A reader that begins with a page and applies each change has the page that the board
// has, wherever it is cut off and comes back.
func TestReadersCatchUp(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 1))
		s := newStory(0)
		random(s, r, r.IntN(50))
		page := s.b.Page("e1")
		rows := map[string]board.Row{}
		for _, x := range page.Rows {
			rows[x.Student] = x
		}
		mark, err := board.ParseMark(page.Mark)
		if err != nil {
			t.Fatal(err)
		}
		last := mark.Number
		for range 20 {
			random(s, r, r.IntN(30))
			list, next, _, err := s.b.After("e1", mark)
			if err != nil {
				t.Fatal(err)
			}
			list = list[:r.IntN(len(list)+1)] // the reader is cut off here
			for _, m := range list {
				if m.Mark.Number != last+1 {
					t.Fatalf("change %d after %d", m.Mark.Number, last)
				}
				last, mark = m.Mark.Number, m.Mark
				var c board.Change
				if err := json.Unmarshal(m.Body, &c); err != nil {
					t.Fatal(err)
				}
				if c.Row != nil {
					rows[c.Row.Student] = *c.Row
				} else {
					delete(rows, c.Gone)
				}
			}
			if mark != next { // some are left for the next time
				continue
			}
			sorted := slices.SortedFunc(mapValues(rows), board.Compare)
			if want := s.b.Page("e1").Rows; !sameJSON(sorted, want) {
				t.Fatalf("seed %d: the reader has\n%+v\nthe board\n%+v", seed, sorted, want)
			}
		}
	}
}

func mapValues(m map[string]board.Row) func(func(board.Row) bool) {
	return func(yield func(board.Row) bool) {
		for _, v := range m {
			if !yield(v) {
				return
			}
		}
	}
}

func sameJSON(a, b []board.Row) bool {
	x, _ := json.Marshal(append([]board.Row{}, a...))
	y, _ := json.Marshal(append([]board.Row{}, b...))
	return string(x) == string(y)
}

// The order is one: total, the same whatever the rows are sorted from, and by state in the
// order that a proctor expects.
func TestOrder(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 2))
		s := newStory(0)
		random(s, r, 200)
		rows := s.b.Page("e1").Rows
		for range 10 {
			mixed := slices.Clone(rows)
			r.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
			slices.SortFunc(mixed, board.Compare)
			if !reflect.DeepEqual(mixed, rows) {
				t.Fatal("another order of the same rows")
			}
		}
		for i := 1; i < len(rows); i++ {
			a, b := rows[i-1], rows[i]
			x, y := slices.Index(board.States(), a.State), slices.Index(board.States(), b.State)
			if x > y && (a.State != board.BelowRecommended || b.State != board.NeverConnected) {
				t.Errorf("%s before %s", a.State, b.State)
			}
			if a.State == b.State && a.Rank[0] == b.Rank[0] && len(a.Warnings) < len(b.Warnings) {
				t.Errorf("%d warnings before %d: %+v %+v", len(a.Warnings), len(b.Warnings), a, b)
			}
		}
	}
}

// Changes that are not kept, and marks of another run, are refused.
func TestMarks(t *testing.T) {
	s := newStory(4)
	for i := range 20 {
		s.say(watch(fmt.Sprint("s", i), "live"), event.Admitted{})
	}
	for _, m := range []board.Mark{{"run-1", 15}, {"run-1", 21}, {"run-2", 20}, {"", 0}} {
		if _, _, _, err := s.b.After("e1", m); !errors.Is(err, board.ErrGone) {
			t.Errorf("%v: %v", m, err)
		}
	}
	list, _, _, err := s.b.After("e1", board.Mark{Run: "run-1", Number: 16})
	if err != nil || len(list) != 4 {
		t.Errorf("%d changes, %v, want the latest four", len(list), err)
	}
	if list, next, _, err := s.b.After("another", board.Mark{Run: "run-1", Number: 16}); err != nil || len(list) != 0 || next.Number != 20 {
		t.Errorf("of another exam: %v, %v, %v", list, next, err)
	}
	for _, text := range []string{"", "-", "run-", "run-x", "20"} {
		if m, err := board.ParseMark(text); err == nil {
			t.Errorf("%q is %v", text, m)
		}
	}
	if m, err := board.ParseMark("a-b-7"); err != nil || m != (board.Mark{Run: "a-b", Number: 7}) || m.String() != "a-b-7" {
		t.Errorf("%v, %v", m, err)
	}
	s.b.Restart("run-2")
	if _, _, _, err := s.b.After("e1", board.Mark{Run: "run-1", Number: 20}); !errors.Is(err, board.ErrGone) {
		t.Errorf("after a restart: %v", err)
	}
}

// A snapshot of events has only the latest of each kind: what came before a session was
// resumed comes first.
func TestSnapshotOfEvents(t *testing.T) {
	bus := event.NewBus(0)
	say := func(p event.Payload) { bus.Publish(event.Event{At: t0, Session: watch("s", "live"), Payload: p}) }
	say(event.Admitted{})
	say(event.Reading{Report: exact(wire.Up, 0.2), Measures: true})
	say(event.Warning{ID: "w", Name: "below-minimum", Active: true, Since: t0})
	say(event.Resumed{})
	s := newStory(0)
	events, _ := bus.Snapshot()
	for _, e := range events {
		s.b.Apply(e)
	}
	if got := s.row(t, "s"); got.State != board.BelowMinimum || got.Upload == nil || len(got.Warnings) != 1 {
		t.Errorf("%+v", got)
	}
}

// What does not change a row is no change.
func TestNoChange(t *testing.T) {
	s := newStory(0)
	s.healthy("s")
	before := s.b.Page("e1").Mark
	s.say(watch("s", "live"), event.Report{})
	s.say(watch("s", "live"), event.Refused{})
	s.say(event.Session{ID: "unknown", Exam: "e1"}, event.Warning{ID: "w", Name: "recovered"})
	if after := s.b.Page("e1").Mark; after != before {
		t.Errorf("%s became %s", before, after)
	}
}

// Figures are those of the metrics: a rate of few packets counts or does not count in both.
func TestFiguresAreThoseOfTheMetrics(t *testing.T) {
	s := newStory(0)
	s.healthy("s")
	few := wire.TrainReport{Direction: wire.Up, Rate: mbit(2), Low: mbit(1.9), High: mbit(2.1), Busy: 3}
	s.say(watch("s", "live"), event.Reading{Report: few, Measures: true})
	want := session.RateOf(few, s.at)
	if got := s.row(t, "s").Upload; got == nil || got.Value == nil || *got.Value != *want.Value || *got.Low != *want.Low || !got.At.Equal(want.At) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// Nothing is left of a student who was erased, whatever still comes of the session.
func TestForget(t *testing.T) {
	s := newStory(0)
	s.healthy("s1")
	s.healthy("s2")
	mark, _ := board.ParseMark(s.b.Page("e1").Mark)
	s.b.Forget("run-2", "e1", "s1")
	s.say(watch("s1", "live"), event.Report{})
	s.say(watch("s1", "ended"), event.Ended{})
	if rows := s.b.Page("e1").Rows; len(rows) != 1 || rows[0].Student != "s2" {
		t.Errorf("%+v", rows)
	}
	if _, _, _, err := s.b.After("e1", mark); !errors.Is(err, board.ErrGone) {
		t.Errorf("earlier changes are kept: %v", err)
	}
	s.healthy("s1")
	if s.row(t, "s1").State != board.Good {
		t.Error("who comes back is not seen")
	}
}
