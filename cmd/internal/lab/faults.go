//go:build linux

package main

import (
	"cmp"
	"fmt"
	"time"

	"examlink/cmd/internal/lab/stage"
	"examlink/probe/ippm"
	"examlink/probe/netsim"
	"examlink/probe/warning"
)

// fault is something that happens during a watch, with the warnings that it must
// lead to. Any other warning is a problem.
type fault struct {
	name    string
	lasts   time.Duration
	begin   func(*stage.Testbed) error
	end     func(*stage.Testbed) error // nil: it ends by itself
	want    []expected
	program string // the client; empty: stage.Client
	moved   bool   // the record must say that the session moved to another address
}

// client returns the name of the client's program.
func (f fault) client() string { return cmp.Or(f.program, stage.Client) }

// expected is a warning that is due.
type expected struct {
	kind     warning.Kind
	causes   []warning.Cause // any of them; none: warning.NotKnown
	starts   time.Duration   // latest start, after the fault's beginning
	raised   time.Duration   // latest time it is raised, after the fault's beginning
	ends     time.Duration   // latest end, after the fault's end; 0: any, or none
	shift    time.Duration   // of the wall clock, and so of the warning's times
	optional bool            // it may be missing
}

// faults returns the faults of the exam experiment.
func faults() []fault {
	const s = time.Second
	return []fault{
		{name: "nothing", lasts: s, begin: func(*stage.Testbed) error { return nil }},
		ratesFall(),
		outage(2*s, 3*s, s, warning.CauseBeyond, warning.NotKnown),
		outage(5*s, 4*s, s, warning.CauseBeyond, warning.NotKnown),
		outage(40*s, 4*s, 5*s, warning.CauseBeyond),
		routerAway(),
		randomLoss(),
		noise(),
		fullQueues(),
		udpDropped(),
		addressChanges(),
		serverKilled(),
		clientPaused(),
		clockSet("an hour ahead", time.Hour),
		clockSet("an hour back", -time.Hour),
	}
}

// setRate returns a change of a link's rate, in Mbit/s.
func setRate(mbit float64) func(*netsim.Params) {
	return func(p *netsim.Params) { p.Rate = ippm.Rate(mbit * 1e6) }
}

func unchanged(*netsim.Params) {}

func ratesFall() fault {
	const s = time.Second
	return fault{
		name: "rates fall to 0.5/0.25 Mbit/s", lasts: 120 * s,
		begin: func(t *stage.Testbed) error { return t.ChangeLink(setRate(0.25), setRate(0.5), 0) },
		end:   (*stage.Testbed).RestoreLink,
		want: []expected{
			{kind: warning.DownloadBelowMinimum, starts: 10 * s, raised: 10 * s, ends: 40 * s},
			{kind: warning.UploadBelowMinimum, starts: 10 * s, raised: 10 * s, ends: 40 * s},
		},
	}
}

func outage(lasts, raised, ends time.Duration, causes ...warning.Cause) fault {
	return fault{
		name: fmt.Sprintf("outage of %.0f s", lasts.Seconds()), lasts: lasts,
		begin: func(t *stage.Testbed) error { return t.ChangeBoth(func(p *netsim.Params) { p.Outage = true }) },
		end:   (*stage.Testbed).RestoreLink,
		want:  []expected{{kind: warning.Outage, causes: causes, starts: time.Second, raised: raised, ends: ends}},
	}
}

// routerAway removes the router's address on the student's network.
func routerAway() fault {
	const s = time.Second
	return fault{
		name: "router away for 20 s", lasts: 20 * s,
		begin: func(t *stage.Testbed) error { return t.Router.IP("addr del %s/24 dev lan0", stage.RouterAddress) },
		end:   func(t *stage.Testbed) error { return t.Router.IP("addr add %s/24 dev lan0", stage.RouterAddress) },
		want: []expected{
			{kind: warning.Outage, causes: []warning.Cause{warning.CauseRouter, warning.CauseNoNetwork}, starts: s, raised: 4 * s, ends: 5 * s},
		},
	}
}

func randomLoss() fault {
	const s = time.Second
	return fault{
		name: "10 % loss", lasts: 60 * s,
		begin: func(t *stage.Testbed) error { return t.ChangeBoth(func(p *netsim.Params) { p.Loss = 0.1 }) },
		end:   (*stage.Testbed).RestoreLink,
		want:  []expected{{kind: warning.Loss, starts: 10 * s, raised: 25 * s, ends: 10 * s}},
	}
}

// noise lasts to the end of the watch: no test of a rate may take it for a low rate.
func noise() fault {
	const s = time.Second
	change := func(loss float64) func(*netsim.Params) {
		return func(p *netsim.Params) { p.Jitter, p.Loss = 2*time.Millisecond, loss }
	}
	return fault{
		name: "8 % loss up to the end", lasts: s,
		begin: func(t *stage.Testbed) error { return t.ChangeLink(change(0.08), change(0), 0) },
		want:  []expected{{kind: warning.Loss, starts: 10 * s, raised: 30 * s}},
	}
}

func fullQueues() fault {
	const s = time.Second
	deeper := func(p *netsim.Params) { p.QueueTime = 2 * s }
	return fault{
		name: "500 ms of queueing", lasts: 60 * s,
		begin: func(t *stage.Testbed) error { return t.ChangeLink(deeper, deeper, 500*time.Millisecond) },
		end:   (*stage.Testbed).RestoreLink,
		want: []expected{
			{kind: warning.Delay, starts: 10 * s, raised: 20 * s, ends: 10 * s},
			{kind: warning.DelayVariation, starts: 10 * s, raised: 25 * s, ends: 15 * s, optional: true},
		},
	}
}

// udpDropped drops UDP on its way into the server's host.
func udpDropped() fault {
	const s = time.Second
	return fault{
		name: "UDP dropped", lasts: 90 * s,
		begin: func(t *stage.Testbed) error {
			for _, line := range []string{
				"nft add table inet lab", "nft add chain inet lab in { type filter hook input priority 0 ; }", "nft add rule inet lab in meta l4proto udp drop",
			} {
				if err := t.Far.Run("%s", line); err != nil {
					return err
				}
			}
			return nil
		},
		end: func(t *stage.Testbed) error { return t.Far.Run("nft delete table inet lab") },
		want: []expected{
			{kind: warning.Outage, causes: []warning.Cause{warning.CauseUDPBlocked}, starts: s, raised: 4 * s},
			{kind: warning.UDPBlocked, causes: []warning.Cause{warning.NotKnown, warning.CauseUDPBlocked}, starts: s, raised: 20 * s, ends: 200 * s},
		},
	}
}

func addressChanges() fault {
	const s = time.Second
	return fault{
		name: "the client's address changes", lasts: s,
		begin: func(t *stage.Testbed) error {
			for _, line := range []string{
				"addr del " + stage.StudentAddress + "/24 dev lan0", "addr add " + stage.MovedAddress + "/24 dev lan0", "route replace default via " + stage.RouterAddress,
			} {
				if err := t.Student.IP("%s", line); err != nil {
					return err
				}
			}
			return nil
		},
		moved: true,
		want: []expected{
			{kind: warning.Outage, causes: []warning.Cause{warning.CauseMoved}, starts: s, raised: 4 * s, ends: 10 * s, optional: true},
		},
	}
}

func serverKilled() fault {
	const s = time.Second
	return fault{
		name: "server killed, back after 20 s", lasts: 20 * s,
		begin: (*stage.Testbed).KillServer,
		end:   (*stage.Testbed).StartServer,
		want:  []expected{{kind: warning.Outage, causes: []warning.Cause{warning.CauseServer}, starts: s, raised: 4 * s, ends: 8 * s}},
	}
}

func clientPaused() fault {
	const s = time.Second
	return fault{
		name: "client stopped for 20 s", lasts: 20 * s,
		begin: (*stage.Testbed).PauseClient,
		end:   (*stage.Testbed).ResumeClient,
		want:  []expected{{kind: warning.HostBusy, causes: []warning.Cause{warning.CauseBusy}, starts: 2 * s, raised: 22 * s, ends: 2 * s}},
	}
}

func clockSet(name string, ahead time.Duration) fault {
	const s = time.Second
	return fault{
		name: "wall clock " + name, lasts: s, program: stage.Stepped,
		begin: func(t *stage.Testbed) error { return t.SetClock(ahead) },
		want:  []expected{{kind: warning.Clock, causes: []warning.Cause{warning.CauseClock}, starts: 2 * s, raised: 2 * s, ends: s, shift: ahead}},
	}
}
