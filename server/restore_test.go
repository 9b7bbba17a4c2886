package server_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/event"
	"examlink/server/store"
	"examlink/server/store/memory"
)

// history collects the states of sessions, with the seconds since it began.
type history struct {
	began time.Time
	mu    sync.Mutex
	lines []string
}

func (h *history) follow(s *testbed) {
	h.began = time.Now()
	s.srv.Events().Handle(func(e event.Event) {
		h.mu.Lock()
		defer h.mu.Unlock()
		switch p := e.Payload.(type) {
		case event.State:
			h.lines = append(h.lines, fmt.Sprintf("%.0f %s %s->%s", time.Since(h.began).Seconds(), e.Session.ID, p.From, e.Session.State))
		case event.Ended:
			h.lines = append(h.lines, fmt.Sprintf("%.0f %s ended %s", time.Since(h.began).Seconds(), e.Session.ID, p.Why))
		}
	})
}

func (h *history) of(id string) (out []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, l := range h.lines {
		var at, who, what string
		if _, err := fmt.Sscan(l, &at, &who, &what); err == nil && who == id {
			out = append(out, at+" "+what)
		}
	}
	return out
}

// probes sends the probes of some seconds.
func (c *caller) probes(from wire.Seq, d time.Duration) (next wire.Seq) {
	for end := time.Now().Add(d); time.Now().Before(end); from++ {
		c.send(c.seal(from, 64))
		time.Sleep(100 * ms)
		for len(c.got) > 0 {
			<-c.got
		}
	}
	return from
}

// A student who vanishes together with the server is missed by the next run; one who
// resumes in time is not; checks and those who are long gone are nobody's concern.
func TestSessionsOutliveTheServer(t *testing.T) {
	if testing.Short() {
		t.Skip("long: it takes seconds of real time")
	}
	synctest.Test(t, func(t *testing.T) {
		s := newTestbed(t, server.Limits{SessionsPerToken: 9})
		s.stop()
		s.store = memory.New()
		s.start(server.Limits{SessionsPerToken: 9})
		gone, back := s.call(s.host("10.0.0.2:5000"), s.good("t1"), ""), s.call(s.host("10.0.0.3:5000"), s.good("t2"), "")
		check := s.dial(s.host("10.0.0.4:5000"))
		check.helloAs(s.good("t3"), "1", "linux/amd64")
		var wg sync.WaitGroup
		for _, c := range []*caller{gone, back, check} {
			wg.Go(func() { c.probes(1, 40*time.Minute) }) // the table's last packets are kept fresh meanwhile
		}
		wg.Wait()
		for id, age := range map[string]time.Duration{"ancient": 2 * time.Hour, "silent": 2 * time.Second} {
			if err := s.store.Sessions().Put(t.Context(), store.LiveSession{
				ID: id, Exam: "e1", Student: id, Token: "t9", Purpose: "watch", Transport: "websocket", State: "suspect", LastPacket: time.Now().Add(-age),
			}); err != nil {
				t.Fatal(err)
			}
		}
		s.stop()
		time.Sleep(5 * time.Second)
		s.start(server.Limits{SessionsPerToken: 9})
		var h history
		h.follow(s)
		time.Sleep(10 * time.Second) // back waits its turn
		again := s.call(s.host("10.0.0.3:6000"), s.token("t2", s.keys.Token, -time.Hour, time.Hour), back.welcome.Resume)
		if !again.welcome.Resumed || again.welcome.Session != back.welcome.Session {
			t.Fatalf("%+v", again.welcome)
		}
		again.probes(1, 50*time.Second)
		if got := h.of(back.welcome.Session); len(got) > 0 {
			t.Errorf("who came back in time: %v", got)
		}
		if got, want := h.of(gone.welcome.Session), []string{"16 live->suspect", "18 suspect->dropped", "45 dropped->exam-relevant"}; !slices.Equal(got, want) {
			t.Errorf("who did not come back: %v, want %v", got, want)
		}
		// The server ends 0.8 s later than it was asked to: it waits for the check to leave.
		if got, want := h.of("silent"), []string{"0 suspect->dropped", "22 dropped->exam-relevant"}; !slices.Equal(got, want) {
			t.Errorf("who was silent before: %v, want %v", got, want)
		}
		for _, id := range []string{"ancient", check.welcome.Session} {
			if got := h.of(id); len(got) > 0 {
				t.Errorf("%s: %v", id, got)
			}
		}
		list, err := s.store.Sessions().List(t.Context(), store.Page{})
		if err != nil || len(list) != 3 {
			t.Errorf("in the table: %+v, %v", list, err)
		}
		late := s.call(s.host("10.0.0.2:6000"), s.token("t1", s.keys.Token, -time.Hour, time.Hour), gone.welcome.Resume)
		late.probes(1, time.Second)
		if got := h.of(gone.welcome.Session); len(got) != 4 || got[3] != "60 exam-relevant->live" {
			t.Errorf("who came back late: %v", got)
		}
	})
}
