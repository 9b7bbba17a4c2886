package server_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"examlink/probe/netsim"
	"examlink/probe/wire"
	"examlink/server"
)

// A server whose clock is wrong says so: by its log, a metric, and to those whose good
// tokens it refuses. One student's wrong clock says nothing.
func TestWrongClockOfTheServer(t *testing.T) {
	for _, c := range []struct {
		name    string
		ahead   time.Duration   // of the server
		clients []time.Duration // of the students' clocks
		metric  string          // with the 10 ms that a hello takes
		wrong   bool
	}{
		{"right", 0, []time.Duration{0, time.Second, -3 * time.Hour}, "0.01", false},
		{"two hours ahead", 2 * time.Hour, []time.Duration{0, 0, 5 * time.Hour}, "7200.01", true},
		{"two hours behind", -2 * time.Hour, []time.Duration{0, 0, 0}, "-7199.99", true},
		{"too few to tell", 2 * time.Hour, []time.Duration{0, 0}, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				ahead := netsim.NewClock(0, 0)
				ahead.Step(c.ahead)
				s := newTestbedOf(t, server.Limits{}, ahead, slog.New(slog.NewTextHandler(&log, nil)))
				r := s.registry()
				var refused []*wire.Refused
				for i, ahead := range c.clients {
					token := s.token(fmt.Sprint("t", i), s.keys.Token, -time.Minute, 24*time.Hour)
					caller := s.dial(s.host(fmt.Sprintf("10.0.1.%d:5000", i+1)))
					caller.time = time.Now().Add(ahead)
					caller.hello(token, "")
					if caller.refused != nil {
						refused = append(refused, caller.refused)
					}
				}
				want := ""
				if c.metric != "" {
					want = fmt.Sprintf("# HELP examlink_server_clock_ahead_seconds How far this server's wall clock is ahead of others': the median over the latest students' computers, and over the answers of webhooks and Alertmanagers. Absent while too few are known.\n# TYPE examlink_server_clock_ahead_seconds gauge\nexamlink_server_clock_ahead_seconds{peer=\"clients\"} %s\n", c.metric)
				}
				if err := testutil.GatherAndCompare(r, strings.NewReader(want), "examlink_server_clock_ahead_seconds"); err != nil {
					t.Error(err)
				}
				if said := strings.Contains(log.String(), "clock is wrong"); said != c.wrong {
					t.Errorf("the log says %q", log.String())
				}
				for _, x := range refused {
					if c.ahead >= 0 || !strings.Contains(x.Detail, "this server's clock says") {
						t.Errorf("refused: %+v", x)
					}
				}
				if c.ahead < 0 && len(refused) != len(c.clients) {
					t.Errorf("%d tokens refused, expected all: they are not valid yet by this server's clock", len(refused))
				}
			})
		})
	}
}
