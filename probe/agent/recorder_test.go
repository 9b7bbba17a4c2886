package agent

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"examlink/probe"
	"examlink/probe/ippm"
	"examlink/probe/link"
	"examlink/probe/record"
	"examlink/probe/warning"
	"examlink/probe/wire"
)

// tape feeds a recorder as a watch does.
type tape struct {
	t    *testing.T
	r    *recorder
	at   time.Time
	from time.Time
	said []string
}

func newTape(t *testing.T) *tape {
	at := time.Date(2026, 6, 15, 9, 0, 0, 0, time.UTC)
	x := &tape{t: t, at: at, from: at}
	file := filepath.Join(t.TempDir(), "r.jsonl")
	o := probe.DefaultOptions()
	x.r = &recorder{
		open: func(s record.Start, at time.Time) (*record.Writer, string, error) {
			return openRecord([]string{file}, s, at)
		},
		start: StartOf(o, wire.JoinToken{Exam: "e1", Servers: []string{"a:1"}}, at),
		why:   func() record.EndReason { return record.EndStopped },
		tell:  func(f string, args ...any) { x.said = append(x.said, fmt.Sprintf(f, args...)) },
	}
	return x
}

// run lets windows of five seconds pass, ten packets a second.
func (x *tape) run(d time.Duration) {
	for range d / (5 * time.Second) {
		for s := range 5 {
			x.at = x.at.Add(time.Second)
			x.r.Live(x.window(uint64(10 * (s + 1))))
		}
		x.r.Window(x.window(50))
		x.from = x.at
	}
}

func (x *tape) window(n uint64) probe.WindowEvent {
	a := &probe.Account{Sent: n, Received: n - 1, LostUp: 1}
	for range n - 1 {
		a.RoundTrip.Add(30 * time.Millisecond)
	}
	return probe.WindowEvent{From: x.from, To: x.at, Account: a, ProbeBytes: 92}
}

func (x *tape) session(state probe.SessionState, err error) {
	x.r.Session(probe.SessionEvent{At: x.at, State: state, Session: "s", Server: "a:1", Err: err})
}

// host is an event of the computer itself that took d and was seen now.
func (x *tape) host(k warning.Kind, d time.Duration, cause warning.Cause) {
	x.r.Warning(warning.Warning{Kind: k, Start: x.at.Add(-d), Raised: x.at, End: x.at, Cleared: x.at, Cause: cause, Evidence: "for " + d.String(), Episodes: 1})
}

func (x *tape) lines() (out []record.Line) {
	x.t.Helper()
	x.r.end(x.at, record.EndStopped)
	r, err := record.Load(x.r.name)
	if err != nil || !r.Chain.Whole() || !r.Chain.Ended || len(x.said) != 1 {
		x.t.Fatalf("%+v, %v, %q", r, err, x.said)
	}
	return r.Lines
}

// only keeps the minutes or gaps of a record, in words.
func only(lines []record.Line, t record.Type) string {
	var out []string
	for _, l := range lines {
		if l.Type != t {
			continue
		}
		switch t {
		case record.TypeMinute:
			out = append(out, fmt.Sprintf("%s-%s %d", l.Minute.From.Format(time.TimeOnly), l.Minute.To.Format(time.TimeOnly), l.Minute.Sent))
		case record.TypeGap:
			out = append(out, fmt.Sprintf("%s-%s %s", l.Gap.From.Format(time.TimeOnly), l.Gap.To.Format(time.TimeOnly), l.Gap.Cause))
		case record.TypeSession:
			out = append(out, l.Session.State)
		}
	}
	return strings.Join(out, ", ")
}

func TestRecorderMakesMinutes(t *testing.T) {
	x := newTape(t)
	x.session(probe.SessionConnected, nil)
	low := 5e5
	x.r.Floor(probe.FloorEvent{At: x.at, Floor: probe.Floor{Direction: wire.Down, Outcome: probe.FloorBelow, Rate: ippm.Interval{Value: &low}}, SpentDown: 30e3})
	x.run(150 * time.Second)
	lines := x.lines()
	if got, want := only(lines, record.TypeMinute), "09:00:00-09:01:00 600, 09:01:00-09:02:00 600, 09:02:00-09:02:30 300"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	m := lines[3].Minute
	if m == nil || m.Received != 588 || m.LostUp != 12 || m.BytesUp != 600*92 || m.BytesDown != 588*92+30e3 || *m.FloorDown.Rate != low || m.FloorDown.Below != 1 || m.FloorUp != nil ||
		*m.RoundTrip < 0.0298 || *m.RoundTrip > 0.0302 || m.OneWayUp != nil {
		t.Errorf("%+v", m)
	}
}

// A session that moves to another transport is recorded as such, and so is the gap
// before the move.
func TestRecorderTransportChange(t *testing.T) {
	x := newTape(t)
	move := func(state probe.SessionState, via link.Transport) {
		x.r.Session(probe.SessionEvent{At: x.at, State: state, Session: "s", Server: "a:1", Transport: via})
	}
	move(probe.SessionConnected, link.UDP)
	x.run(10 * time.Second)
	start := x.at
	x.at = x.at.Add(3 * time.Second)
	outage := warning.Warning{Kind: warning.Outage, Start: start, Raised: x.at, Episodes: 1}
	x.r.Warning(outage)
	x.at = x.at.Add(5 * time.Second)
	move(probe.SessionResumed, link.WebSocket)
	outage.End, outage.Cleared = x.at, x.at
	x.r.Warning(outage)
	x.from = x.at
	x.run(30 * time.Second)
	move(probe.SessionResumed, link.UDP)
	lines := x.lines()
	if got, want := only(lines, record.TypeGap), "09:00:10-09:00:18 transport-change"; got != want {
		t.Errorf("gaps %s, want %s", got, want)
	}
	if got, want := only(lines, record.TypeSession), "connected, transport, transport"; got != want {
		t.Errorf("sessions %s, want %s", got, want)
	}
	for _, l := range lines {
		if l.Type == record.TypeSession && l.Session.Transport == "" {
			t.Errorf("a session by nothing: %+v", l.Session)
		}
	}
}

// The record shows that a session continues without the name service, but not the
// server's address.
func TestRecorderWithoutNameService(t *testing.T) {
	x := newTape(t)
	for _, remembered := range []bool{false, true} {
		for _, state := range []probe.SessionState{probe.SessionResumed, probe.SessionSilent} {
			x.r.Session(probe.SessionEvent{
				At: x.at, State: state, Session: "s", Server: "exam.test:1", Transport: link.UDP,
				Address: netip.MustParseAddrPort("192.0.2.1:1"), Remembered: remembered,
			})
		}
	}
	var words []string
	for _, l := range x.lines() {
		if l.Type == record.TypeSession {
			words = append(words, l.Session.Words)
		}
	}
	if len(words) != 4 || words[0]+words[1]+words[3] != "" || !strings.Contains(words[2], "name") || strings.Contains(words[2], "192") {
		t.Errorf("%q", words)
	}
}

// A suspend or a clock step separates two minutes.
func TestRecorderHostGaps(t *testing.T) {
	x := newTape(t)
	x.session(probe.SessionConnected, nil)
	x.run(30 * time.Second)
	x.at = x.at.Add(10 * time.Minute)
	x.host(warning.Suspended, 10*time.Minute, warning.CauseAsleep)
	x.run(30 * time.Second)
	x.at = x.at.Add(-5 * time.Minute)
	x.host(warning.Clock, -5*time.Minute, warning.CauseClock)
	x.run(30 * time.Second)
	x.host(warning.HostBusy, 2*time.Second, warning.CauseBusy)
	x.run(10 * time.Second)
	lines := x.lines()
	if got, want := only(lines, record.TypeMinute), "09:00:00-09:00:30 300, 09:10:30-09:11:00 300, 09:06:00-09:06:40 400"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got, want := only(lines, record.TypeGap), "09:00:30-09:10:30 suspended, 09:11:00-09:06:00 clock-step, 09:06:28-09:06:30 host-busy"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// Interruptions: before the first connection, one that recurs, one by an unavailable
// server, one that lasts to the end.
func TestRecorderInterruptions(t *testing.T) {
	x := newTape(t)
	for range 5 {
		x.at = x.at.Add(time.Second)
		x.session(probe.SessionWaiting, &link.Error{Reason: link.ReasonNoServer})
	}
	x.session(probe.SessionConnected, nil)
	x.from = x.at
	x.run(60 * time.Second) // to 09:01:05
	outage := func(episodes int, first time.Time, err error) (end func()) {
		w := warning.Warning{Kind: warning.Outage, Start: first, Raised: first.Add(3 * time.Second), Episodes: episodes}
		if episodes > 1 {
			w.Since = x.at.Add(-1600 * time.Millisecond)
		}
		x.r.Warning(w)
		x.session(probe.SessionSilent, err)
		return func() {
			w.End, w.Cleared = x.at, x.at
			x.r.Warning(w)
			x.session(probe.SessionBack, nil)
		}
	}
	first := x.at.Add(-3 * time.Second)
	back := outage(1, first, nil)
	x.run(5 * time.Second)
	back() // 09:01:02 to 09:01:10
	x.run(5 * time.Second)
	back = outage(2, first, nil)
	x.run(5 * time.Second)
	back() // 09:01:13.4 to 09:01:20
	x.run(60 * time.Second)
	outage(1, x.at.Add(-3*time.Second), &link.Error{Reason: link.ReasonClosed})
	x.session(probe.SessionLost, &probe.RefusedError{Refused: wire.Refused{Reason: wire.RefusedToken}})
	x.run(10 * time.Second)
	lines := x.lines()
	want := "09:00:00-09:00:05 server-gone, 09:01:02-09:01:10 network, 09:01:13-09:01:20 network, 09:02:17-09:02:30 server-gone"
	if got := only(lines, record.TypeGap); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got, want := only(lines, record.TypeSession), "waiting, connected, silent, back, silent, back, silent, lost"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for _, l := range lines {
		if l.Gap != nil && l.Gap.To.Format("04:05") == "02:30" && l.Gap.Words != "the server refused: token" {
			t.Errorf("%q", l.Gap.Words)
		}
	}
}

// A cause that becomes known during an interruption is the gap's cause, and makes no
// second gap. The clock may be set meanwhile.
func TestRecorderExplainsGaps(t *testing.T) {
	x := newTape(t)
	x.session(probe.SessionConnected, nil)
	x.run(60 * time.Second)
	w := warning.Warning{Kind: warning.Outage, Start: x.at.Add(-3 * time.Second), Raised: x.at, Episodes: 1}
	x.r.Warning(w)
	x.session(probe.SessionSilent, nil)
	x.run(5 * time.Second)
	w.Cause, w.Updated = warning.CauseWiFi, x.at
	x.r.Warning(w)
	x.at = x.at.Add(time.Hour)
	w.Start, w.Raised, w.Updated = w.Start.Add(time.Hour), w.Raised.Add(time.Hour), x.at
	x.r.Warning(w)
	x.at = x.at.Add(5 * time.Second)
	w.Updated, w.End, w.Cleared = time.Time{}, x.at, x.at
	x.r.Warning(w)
	lines := x.lines()
	if got, want := only(lines, record.TypeGap), "10:00:57-10:01:10 network"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	var states []record.State
	for _, l := range lines {
		if l.Warning != nil {
			states = append(states, l.Warning.State)
		}
		if l.Gap != nil && l.Gap.Words != "Wi-Fi" {
			t.Errorf("%q", l.Gap.Words)
		}
	}
	if len(states) != 4 || states[0] != record.Raised || states[1] != record.Updated || states[3] != record.Cleared {
		t.Errorf("%v", states)
	}
	for c, want := range map[warning.Cause]record.Cause{
		warning.CauseServer: record.ServerGone, warning.CauseAsleep: record.Suspended, warning.CauseMoved: record.TransportChange, warning.CauseUDPBlocked: record.Network,
	} {
		g := gaps{open: &record.Gap{Cause: record.Network}}
		if g.because(c); g.open.Cause != want {
			t.Errorf("%q: %s, want %s", c, g.open.Cause, want)
		}
	}
}

// Glances cost bytes in a minute but are no floor tests of it.
func TestGlancesAreNoFloorTestsOfAMinute(t *testing.T) {
	var m probe.MinuteBuilder
	for range 2 {
		m.Floor(probe.FloorEvent{Floor: probe.Floor{Direction: "up", Glance: true, Outcome: probe.FloorInconclusive}, SpentUp: 5024})
	}
	if got := m.Minute(); got.FloorUp != nil || got.BytesUp != 2*5024 {
		t.Errorf("two glances and no floor test: %+v", got)
	}
}

// How each write ended is passed on, also that there is no record at all.
func TestRecorderPassesOnItsErrors(t *testing.T) {
	x := newTape(t)
	var wrote, failed int
	x.r.wrote = func(err error) {
		if err != nil {
			failed++
		} else {
			wrote++
		}
	}
	x.session(probe.SessionConnected, nil)
	x.run(time.Minute)
	if wrote == 0 || failed != 0 {
		t.Errorf("%d writes, %d of them failed, want some and none", wrote+failed, failed)
	}

	y := newTape(t)
	y.r.open = func(s record.Start, at time.Time) (*record.Writer, string, error) {
		return openRecord([]string{filepath.Join(t.TempDir(), "missing", "r.jsonl")}, s, at)
	}
	failed = 0
	y.r.wrote = func(err error) {
		if err != nil {
			failed++
		}
	}
	y.session(probe.SessionConnected, nil)
	y.run(time.Minute)
	if failed != 1 {
		t.Errorf("%d errors of a record that cannot be opened, want 1", failed)
	}
}
