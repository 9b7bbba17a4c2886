package probe_test

import (
	"net/netip"
	"regexp"
	"time"

	"examlink/probe"
	"examlink/probe/ippm"
	"examlink/probe/netenv"
	"examlink/probe/netsim"
	"examlink/probe/session"
	"examlink/probe/warning"
	"examlink/probe/watch"
)

// span is a stretch of time after an event.
type span struct{ from, to time.Duration }

func (s span) holds(d time.Duration) bool { return s.from <= d && d <= s.to }

// label is an expected warning. Its times are relative to the event, by the host's
// wall clock.
type label struct {
	kind               warning.Kind
	cause              warning.Cause
	start, raised, end span
}

// fault is an event of an exam's link or its computer.
type fault struct {
	name    string
	happen  func(*testbed, *neighbourhood) // blocks while it lasts
	want    []label
	server  string         // the expected states of the server
	session *regexp.Regexp // the expected states of the session
	step    time.Duration  // how far it steps the host's clock; times are after that
}

// Permitted states of the session. Whether a new connection is there before the old
// one answers again is chance.
var (
	nothing     = regexp.MustCompile(`^$`)
	interrupted = regexp.MustCompile(`^silent( resumed)? back( resumed)?$`)
	resumed     = regexp.MustCompile(`^resumed$`)
	asleep      = regexp.MustCompile(`^(resumed)?$`)
)

// faults are the events an exam must survive, with the expected warnings, as exactly
// as the options allow.
func faults(o probe.Options) []fault {
	const s = time.Second
	var (
		// An echo is due once per interval, after its round trip.
		echo = o.Interval + 60*ms
		// The loop looks ten times a second, at this host's clocks once.
		tick = watch.Tick + ms
		look = watch.ClockLook + tick
		// A silence begins with the last echo and ends with the next one.
		silent  = span{-echo, echo}
		told    = span{o.Watch.SilentAfter - echo, o.Watch.SilentAfter + tick + echo}
		answers = span{-tick, echo + tick}
		window  = o.Watch.Window
		// A WebSocket, once UDP has been silent for long enough.
		fallback = span{o.Watch.RedialAfter, o.Watch.RedialAfter + watch.RedialAttempt + session.UDPAgain + session.FallbackTime}
	)
	after := func(d time.Duration, x span) span { return span{d + x.from, d + x.to} }
	outage := func(c warning.Cause, d time.Duration, end span) []label {
		return []label{{warning.Outage, c, silent, told, after(d, end)}}
	}
	// A note is reported when its event is over.
	note := func(k warning.Kind, c warning.Cause, start, end span) []label {
		return []label{{k, c, start, end, end}}
	}
	cut := func(d time.Duration) func(*testbed, *neighbourhood) {
		return func(w *testbed, n *neighbourhood) {
			n.set(silentServer)
			w.cut(d)
			n.set(func(f *netenv.Findings) { f.Server = netenv.Answers })
		}
	}
	// Two agreeing tests raise; a glance comes within 1.3 times its mean, and
	// occasionally one is inconclusive. Three good tests clear, and the end is when
	// the first came; they come as fast as the budget of 3 % allows.
	slow := func(k warning.Kind, d time.Duration) label {
		return label{k, warning.NotKnown, span{0, 4 * o.Watch.GlanceEvery}, span{0, 8 * o.Watch.GlanceEvery}, after(d, span{0, o.Watch.FloorEvery})}
	}
	// So many windows raise, of which the first may have seen only part of it;
	// occasionally one is inconclusive. Six good ones in a row clear, and the end is
	// where the first began. settle is when a packet's fate is known at the latest.
	windowed := func(k warning.Kind, raise, d, settle time.Duration) []label {
		return []label{{
			k, warning.NotKnown, span{-window, window + settle}, span{(raise - 1) * window, (raise+2)*window + settle}, after(d, span{-window, window + settle}),
		}}
	}
	step := func(d time.Duration) func(*testbed, *neighbourhood) {
		return func(w *testbed, _ *neighbourhood) { w.host.Step(d) }
	}
	return []fault{
		{"the rate falls to 0.5/0.25 Mbit/s for 5 min", func(w *testbed, _ *neighbourhood) {
			w.rates(mbit(0.25), mbit(0.5))
			time.Sleep(300 * s)
			w.rates(mbit(5), mbit(10))
		}, []label{slow(warning.DownloadBelowMinimum, 300*s), slow(warning.UploadBelowMinimum, 300*s)}, "", nothing, 0},
		{"2 s without the line", cut(2 * s), []label{ // a note
			{warning.Outage, warning.NotKnown, silent, after(2*s, answers), after(2*s, answers)},
		}, "suspect live", nothing, 0},
		{"5 s without the line", cut(5 * s), outage(warning.CauseBeyond, 5*s, answers), "suspect dropped live", interrupted, 0},
		{"40 s without the line", cut(40 * s), outage(warning.CauseBeyond, 40*s, answers), "suspect dropped exam-relevant live", interrupted, 0},
		{"the clock is set an hour ahead", step(time.Hour), note(warning.Clock, warning.CauseClock, span{0, look}, span{0, look}), "", nothing, time.Hour},
		{"10 % loss each way for 2 min", func(w *testbed, _ *neighbourhood) {
			w.both(func(p *netsim.Params) { p.Loss = 0.1 })
			time.Sleep(120 * s)
			w.both(func(p *netsim.Params) { p.Loss = 0 })
		}, windowed(warning.Loss, 3, 120*s, o.LossAfter), "", nothing, 0},
		{"500 ms of queueing for 2 min", func(w *testbed, _ *neighbourhood) { w.queueing(500*ms, 120*s) },
			windowed(warning.Delay, 2, 120*s, s), "", nothing, 0},
		{"UDP is dropped for 3 min", func(w *testbed, _ *neighbourhood) {
			w.blockUDP(true)
			time.Sleep(180 * s)
			w.blockUDP(false)
		}, []label{
			{warning.Outage, warning.CauseUDPBlocked, silent, told, fallback},
			{warning.UDPBlocked, warning.NotKnown, silent, fallback, after(180*s, span{0, watch.UDPEvery*6/5 + watch.RedialAttempt})},
		}, "suspect dropped live", regexp.MustCompile(`^silent resumed back resumed$`), 0},
		{"the clock is set back by the hour", step(-time.Hour), note(warning.Clock, warning.CauseClock, span{0, look}, span{0, look}), "", nothing, -time.Hour},
		{"another address", func(w *testbed, n *neighbourhood) {
			n.set(func(f *netenv.Findings) {
				f.State.Addresses = []netip.Addr{netip.MustParseAddr("10.9.9.9")}
				f.State.Gateway = netip.MustParseAddr("10.9.9.254")
			})
			w.client.Rebind(netip.MustParseAddr("10.9.9.9"))
		}, nil, "", regexp.MustCompile(`^moved$`), 0},
		{"the server is killed, and started after 20 s", func(w *testbed, n *neighbourhood) {
			back := time.Now().Add(20 * s)
			n.set(func(f *netenv.Findings) { f.Server = netenv.Refuses })
			w.kill()
			time.Sleep(time.Until(back))
			w.serve()
			n.set(func(f *netenv.Findings) { f.Server = netenv.Answers })
		}, outage(warning.CauseServer, 20*s, span{0, watch.BackoffMost + watch.RedialAttempt}), "live", interrupted, 0},
		{"the server is restarted", func(w *testbed, _ *neighbourhood) { w.halt(); w.serve() }, nil, "live", resumed, 0},
		{"the program is stopped for 20 s", func(w *testbed, _ *neighbourhood) { w.freeze(20*s, false) },
			note(warning.HostBusy, warning.CauseBusy, span{0, look}, after(20*s, span{0, tick})), "suspect dropped live", nothing, 0},
		{"asleep for 60 s", func(w *testbed, _ *neighbourhood) { w.freeze(60*s, true) },
			note(warning.Suspended, warning.CauseAsleep, span{0, look}, after(60*s, span{0, look})), "suspect dropped exam-relevant live", asleep, 0},
	}
}

func (w *testbed) rates(up, down ippm.Rate) {
	w.client.Up.Update(func(p *netsim.Params) { p.Rate = up })
	w.client.Down.Update(func(p *netsim.Params) { p.Rate = down })
}

// kill ends the server without notifying anyone.
func (w *testbed) kill() {
	w.dark(true)
	w.halt()
	w.dark(false)
}

// freeze stops the student's program or computer for d.
func (w *testbed) freeze(d time.Duration, asleep bool) {
	w.host.Freeze()
	w.cut(d)
	if asleep {
		w.host.Wake()
	} else {
		w.host.Thaw()
	}
}
