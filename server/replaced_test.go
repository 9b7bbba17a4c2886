package server_test

import (
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/session"
)

// A client that was killed and restarted is one student, not two: the silent
// session ends as replaced. Two that run side by side are two, and if one falls
// silent an alert is raised.
func TestStartedAgain(t *testing.T) {
	for _, c := range []struct {
		name   string
		away   time.Duration // from the last packet of the first to the start of the second
		beside bool          // the first continues for a second after the second was opened
		want   int           // sessions six seconds later
	}{
		{"at once", 300 * ms, false, 1},
		{"after it was called dropped", 5 * time.Second, false, 1},
		{"beside the other", 300 * ms, true, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newTestbed(t, server.Limits{})
				token := s.good("t1")
				a := s.call(s.host("10.0.0.2:5000"), token, "")
				a.send(a.seal(1, 64))
				time.Sleep(c.away)
				b := s.call(s.host("10.0.0.3:5000"), token, "")
				for i := range 60 {
					b.send(b.seal(wire.Seq(i+1), 64))
					if c.beside && i < 10 {
						a.send(a.seal(wire.Seq(i+2), 64))
					}
					time.Sleep(100 * ms)
				}
				list := s.srv.Sessions()
				if len(list) != c.want {
					t.Fatalf("%d sessions, want %d: %+v", len(list), c.want, list)
				}
				if c.want == 2 && (list[0].Session != a.welcome.Session || list[0].State != session.Dropped) {
					t.Errorf("%+v, want the first to be dropped", list[0])
				}
				if last := list[len(list)-1]; last.Session != b.welcome.Session || last.State != session.Live {
					t.Errorf("%+v, want the second to be live", last)
				}
			})
		})
	}
}
