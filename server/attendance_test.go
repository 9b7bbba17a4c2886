package server_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/delivery"
	"examlink/server/event"
	"examlink/server/store"
	"examlink/server/store/memory"
)

// roll is a testbed with an exam e1, and the warnings of students who do not connect for
// it, over restarts.
type roll struct {
	*testbed
	began time.Time

	mu    sync.Mutex
	lines []string
}

// newRoll makes an exam that begins after a time and lasts an hour, with students of
// these numbers on its roster.
func newRoll(t *testing.T, start time.Duration, students ...int) *roll {
	t.Helper()
	x := &roll{testbed: newTestbed(t, server.Limits{}), began: time.Now()}
	x.stop()
	x.store = memory.New()
	x.notify = &delivery.Options{Dir: t.TempDir()}
	begin := x.began.Add(start)
	if err := x.store.Exams().Create(t.Context(), store.Exam{ID: "e1", Start: begin, End: begin.Add(time.Hour), Zone: "UTC", Policy: "default"}); err != nil {
		t.Fatal(err)
	}
	x.list(students...)
	x.restart()
	return x
}

func (x *roll) list(students ...int) {
	x.t.Helper()
	var list []store.Student
	for _, n := range students {
		list = append(list, store.Student{ID: fmt.Sprintf("s%d", n)})
	}
	if err := x.store.Roster().Put(context.Background(), "e1", list); err != nil {
		x.t.Fatal(err)
	}
}

// follow notes a warning about absent students.
func (x *roll) follow(e event.Event) {
	w, ok := e.Payload.(event.Warning)
	if !ok || e.Session.ID != "" { // it is about a session
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.lines = append(x.lines, fmt.Sprintf("%.0f %s %s%v", time.Since(x.began).Seconds(), w.Name, e.Session.Student, w.Active))
}

// restart starts the server, which must be stopped.
func (x *roll) restart() {
	x.t.Helper()
	x.handle = x.follow
	x.start(server.Limits{})
}

// says compares the warnings since the last call.
func (x *roll) says(want ...string) {
	x.t.Helper()
	if got := x.said(); !slices.Equal(got, want) {
		x.t.Errorf("after %v: %q, want %q", time.Since(x.began), got, want)
	}
}

// said returns the warnings since the last call.
func (x *roll) said() []string {
	synctest.Wait()
	x.mu.Lock()
	defer x.mu.Unlock()
	lines := x.lines
	x.lines = nil
	return lines
}

// absent compares the students that the server misses.
func (x *roll) absent(want ...string) {
	x.t.Helper()
	var got []string
	for _, a := range x.srv.Absent() {
		got = append(got, a.Student)
	}
	if !slices.Equal(got, want) {
		x.t.Errorf("after %v: absent %q, want %q", time.Since(x.began), got, want)
	}
}

// connect connects a student for the exam.
func (x *roll) connect(n int) *caller {
	x.t.Helper()
	id := fmt.Sprintf("t%d", n)
	return x.call(x.host(fmt.Sprintf("10.0.0.%d:5000", n+10)), x.tokenFor(fmt.Sprintf("s%d", n), wire.JoinToken{ID: id}, x.keys.Token, 0, 10*time.Hour), "")
}

func (c *caller) bye() {
	if err := wire.WriteMessage(c.control, wire.Message{Type: wire.TypeBye, Bye: &wire.Bye{}}); err != nil {
		c.t.Error(err)
	}
	time.Sleep(time.Second)
}

// metric compares the gauge of the exam; "": it is not there.
func (x *roll) metric(want string) {
	x.t.Helper()
	const name = "examlink_server_exam_students_never_connected"
	if want != "" {
		want = fmt.Sprintf("# HELP %s %s\n# TYPE %s gauge\n%s{exam=\"e1\"} %s\n", name, helpOf(x.t, x.testbed, name), name, name, want)
	}
	if err := testutil.GatherAndCompare(x.registry(), strings.NewReader(want), name); err != nil {
		x.t.Error(err)
	}
}

// Students who have not connected for an exam that has begun are missed, until they
// connect or it is over. Who has connected and left is not.
func TestStudentsWhoDoNotConnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newRoll(t, 10*time.Minute, 1, 2, 3, 4, 5)
		x.connect(5).bye() // a try, long before the exam
		time.Sleep(9*time.Minute + 30*time.Second)
		x.absent()
		x.metric("")
		left := x.connect(2)
		check := x.dial(x.host("10.0.0.4:5000"))
		check.helloAs(x.tokenFor("s3", wire.JoinToken{ID: "t3"}, x.keys.Token, 0, time.Hour), "1", "linux/amd64")
		x.connect(1).probes(1, 40*time.Second) // in time, and it stays
		x.until(11 * time.Minute)
		left.probes(1, time.Second)
		left.bye()
		x.metric("0")
		x.until(12*time.Minute - time.Second)
		x.absent()
		x.says()
		x.until(12*time.Minute + time.Second)
		x.absent("s3", "s4", "s5")
		x.says("720 never-connected s3true", "720 never-connected s4true", "720 never-connected s5true")
		x.metric("3")
		x.until(15 * time.Minute)
		x.says()
		x.connect(4)
		x.absent("s3", "s5")
		x.says("900 recovered s4false")
		x.metric("2")
		x.until(20 * time.Minute)
		x.list(6) // late on the roster
		x.until(22 * time.Minute)
		x.absent("s3", "s5")
		x.until(22*time.Minute + 20*time.Second)
		x.absent("s3", "s5", "s6")
		x.until(69 * time.Minute)
		if said := x.said(); len(said) != 1 || !strings.HasSuffix(said[0], " never-connected s6true") {
			t.Errorf("late on the roster: %q", said)
		}
		x.until(70*time.Minute + time.Second)
		x.absent()
		x.says("4200 recovered s3false", "4200 recovered s5false", "4200 recovered s6false")
		x.metric("")
	})
}

// A restart repeats no notice and loses none: who had one has it until connected, and who
// had none has time to come back.
func TestAbsentStudentsOverRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newRoll(t, time.Minute, 1, 2, 3, 4)
		x.connect(1).bye()
		gone := x.connect(4)
		x.until(90 * time.Second)
		gone.probes(1, time.Second)
		gone.bye() // the store has to know it
		x.until(3*time.Minute + time.Second)
		x.absent("s1", "s2", "s3")
		x.says("180 never-connected s1true", "180 never-connected s2true", "180 never-connected s3true")
		x.list(5)
		x.until(4 * time.Minute)
		x.stop()
		x.until(5 * time.Minute)
		x.restart()
		x.until(6 * time.Minute)
		x.connect(2)
		x.says("360 recovered s2false")
		x.until(10 * time.Minute)
		x.absent("s1", "s3", "s5")
		x.says("420 never-connected s5true")
		x.stop()
		x.until(62 * time.Minute) // the exam is over meanwhile
		x.restart()
		x.until(63 * time.Minute)
		x.absent()
		x.says("3720 recovered s1false", "3720 recovered s3false", "3720 recovered s5false")
	})
}

// After a restart in mid-exam, nobody is said not to be absent before it is known.
func TestAbsentStudentsAreUnknownAfterARestart(t *testing.T) {
	for name, c := range map[string]struct {
		again         time.Duration // the restart
		before, after time.Duration // while this is unknown
	}{
		"late":           {5 * time.Minute, 5 * time.Minute, 7 * time.Minute},
		"within the two": {2 * time.Minute, 3 * time.Minute, 4 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := newRoll(t, time.Minute, 1, 2)
				x.until(90 * time.Second)
				x.unknown()
				x.metric("0")
				x.stop()
				x.until(c.again)
				x.restart()
				x.until(c.again + time.Second)
				if c.before > c.again { // nobody had the time
					x.unknown()
					x.metric("0")
				}
				x.until(c.before + time.Second)
				x.unknown("e1")
				x.metric("")
				x.until(c.after - time.Second)
				x.unknown("e1")
				x.metric("")
				x.absent()
				x.until(c.after + time.Second)
				x.unknown()
				x.metric("2")
			})
		})
	}
}

// Once all have connected again, it is known that nobody is absent.
func TestNobodyIsAbsentAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newRoll(t, time.Minute, 1)
		x.until(2 * time.Minute)
		x.stop()
		x.until(5 * time.Minute)
		x.restart()
		x.until(5*time.Minute + 20*time.Second)
		x.unknown("e1")
		x.connect(1)
		x.unknown()
		x.metric("0")
	})
}

// An exam that is made after its start is new to all: its students have time yet.
func TestNobodyIsAbsentFromANewExam(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newRoll(t, 100*time.Minute, 1)
		x.until(time.Minute)
		if err := x.store.Exams().Create(t.Context(), store.Exam{ID: "e2", Start: x.began.Add(-10 * time.Minute), End: x.began.Add(time.Hour), Zone: "UTC", Policy: "default"}); err != nil {
			t.Fatal(err)
		}
		if err := x.store.Roster().Put(t.Context(), "e2", []store.Student{{ID: "s1"}}); err != nil {
			t.Fatal(err)
		}
		x.until(2 * time.Minute)
		x.unknown()
	})
}

// unknown compares the exams of which the server does not know who is absent.
func (x *roll) unknown(want ...string) {
	x.t.Helper()
	if got := x.srv.AbsentUnknown(); !slices.Equal(got, want) {
		x.t.Errorf("after %v: unknown %q, want %q", time.Since(x.began), got, want)
	}
}

// Many who do not connect are one warning. The patience can change while the server runs.
func TestManyStudentsWhoDoNotConnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all []int
		for n := range 20 {
			all = append(all, n)
		}
		x := newRoll(t, time.Minute, all...)
		n := x.srv.Settings()
		n.Attendance.Patience = 5 * time.Minute
		if err := x.srv.Reload(n); err != nil {
			t.Fatal(err)
		}
		x.until(6*time.Minute - time.Second)
		x.says()
		x.until(6*time.Minute + time.Second)
		x.says("360 never-connected true")
		x.metric("20")
		if w := x.srv.Notifier().Active(); len(w) != 1 || w[0].Absent == nil || w[0].Absent.Students != 20 || w[0].Absent.Roster != 20 {
			t.Errorf("active: %+v", w)
		}
		n.Attendance.Patience = -1
		if err := x.srv.Reload(n); err == nil {
			t.Error("a negative patience is taken")
		}
	})
}

// until lets time pass since the beginning.
func (x *roll) until(d time.Duration) {
	time.Sleep(time.Until(x.began.Add(d)))
	synctest.Wait()
}
