package probe_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe"
	"examlink/probe/link"
	"examlink/probe/warning"
)

// moves records the transports of a session and their times, in addition to a diary.
type moves struct {
	diary
	mu   sync.Mutex
	list []move
}

type move struct {
	at      time.Time
	state   probe.SessionState
	via     link.Transport
	session string
}

func (m *moves) Session(e probe.SessionEvent) {
	m.diary.Session(e)
	m.mu.Lock()
	defer m.mu.Unlock()
	if e.State == probe.SessionConnected || e.State == probe.SessionResumed {
		m.list = append(m.list, move{e.At, e.State, e.Transport, e.Session})
	}
}

func TestWatchMovesToWebSocketAndBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTCPWorld(t, mbit(20))
		m := &moves{diary: diary{start: w.host.Wall()}}
		finish := w.watchWith(nil, m)
		time.Sleep(time.Minute)
		w.blockUDP(true)
		blocked := w.host.Wall()
		time.Sleep(2 * time.Minute)
		w.blockUDP(false)
		open := w.host.Wall()
		time.Sleep(time.Minute)
		s := finish()
		if len(m.list) != 3 {
			t.Fatalf("moves %+v", m.list)
		}
		for i, want := range []struct {
			state  probe.SessionState
			via    link.Transport
			after  time.Time
			within time.Duration
		}{
			{probe.SessionConnected, link.UDP, m.start, time.Second},
			{probe.SessionResumed, link.WebSocket, blocked, 10 * time.Second},
			{probe.SessionResumed, link.UDP, open, 40 * time.Second},
		} {
			got := m.list[i]
			if got.state != want.state || got.via != want.via || got.session != m.list[0].session || got.at.Sub(want.after) > want.within {
				t.Errorf("%d: %+v after %v, want %+v", i, got, got.at.Sub(want.after), want)
			}
		}
		if got := kinds(s.Warnings); got != "outage udp-blocked" {
			t.Errorf("warnings %q: %v", got, s.Warnings)
		}
		for _, x := range s.Warnings {
			if x.Cause != warning.CauseUDPBlocked && x.Kind == warning.Outage {
				t.Errorf("the cause of the outage is %q", x.Cause)
			}
			if x.Kind != warning.UDPBlocked {
				continue
			}
			about(t, "UDP blocked", x.Start, blocked, 0, time.Second)
			if !x.End.Equal(m.list[2].at) || x.Episodes != 1 {
				t.Errorf("it ended at %v, UDP worked at %v", x.End, m.list[2].at)
			}
		}
		f := s.Monitor
		if f.OverTCP < 900 || f.OverTCP > 1500 || f.Stalled != 0 || f.LostUnknown < 50 || f.LostUnknown > 100 || f.LostDown > 0 { // lost: until it moved
			t.Errorf("%+v", f)
		}
		if f.Sent != f.Received+f.LostUp+f.LostDown+f.LostUnknown {
			t.Errorf("%d sent, %d received, lost %d up %d down %d unknown", f.Sent, f.Received, f.LostUp, f.LostDown, f.LostUnknown)
		}
		t.Logf("by WebSocket after %v, back after %v; %d floor tests", m.list[1].at.Sub(blocked), m.list[2].at.Sub(open), s.FloorTests)
	})
}

func TestWatchBeginsByWebSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTCPWorld(t, mbit(20))
		w.blockUDP(true)
		m := &moves{diary: diary{start: w.host.Wall()}}
		finish := w.watchWith(nil, m)
		time.Sleep(2 * time.Minute)
		sessions := w.server.Sessions()
		s := finish()
		if len(m.list) != 1 || m.list[0].via != link.WebSocket || m.list[0].at.Sub(m.start) > 8*time.Second {
			t.Errorf("moves %+v", m.list)
		}
		if len(sessions) != 1 || sessions[0].Transport != link.WebSocket {
			t.Errorf("the server's sessions: %+v", sessions)
		}
		if got := kinds(s.Warnings); got != "udp-blocked" || !s.Warnings[0].End.IsZero() {
			t.Errorf("warnings %q: %v", got, s.Warnings)
		}
		if s.Monitor.Received < 1000 || s.Monitor.OverTCP != s.Monitor.Sent {
			t.Errorf("%+v", s.Monitor)
		}
	})
}

// A line that recovers while a new connection is being tried is not a network that
// blocks UDP, although TCP succeeds first.
func TestLineBackIsNotUDPBlocked(t *testing.T) {
	step := 400 * ms
	if testing.Short() {
		step = 4 * time.Second
	}
	for dark := 8 * time.Second; dark < 16*time.Second; dark += step {
		synctest.Test(t, func(t *testing.T) {
			w := newTCPWorld(t, mbit(20))
			_, finish := w.watch(func(o *probe.Options) { o.Attribution = newNeighbourhood() })
			time.Sleep(time.Minute)
			w.cut(dark)
			time.Sleep(time.Minute)
			s := finish()
			if got := kinds(s.Warnings); got != "outage" || s.Monitor.OverTCP > 0 {
				t.Errorf("after %v: warnings %q, %d packets by TCP: %v", dark, got, s.Monitor.OverTCP, s.Warnings)
			}
		})
	}
}
