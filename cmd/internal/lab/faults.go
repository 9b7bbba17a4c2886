//go:build linux

package main

import (
	"time"

	"examlink/cmd/internal/lab/stage"
	"examlink/probe/ippm"
	"examlink/probe/netsim"
	"examlink/probe/warning"
)

// The faults of the exam part, and what a watch must say of each. What is not
// in want must not be said.
type fault struct {
	name   string
	lasts  time.Duration
	begin  func(*stage.Testbed) error
	end    func(*stage.Testbed) error // nil: it is over by itself
	want   []expected
	client string // a client other than examlink
	moved  bool   // the session must be said to have moved
}

// expected is a warning that is due. Start and end are offsets from the
// fault's begin and end, with what they may differ.
type expected struct {
	kind   warning.Kind
	causes []warning.Cause // any of them; none: the cause is not known
	from   time.Duration   // how much later than the fault it may begin, and be raised
	to     time.Duration   // how much later than the fault's end it may end
	raised time.Duration   // how late it may be raised
	shift  time.Duration   // of the wall clock, which both are told in
	option bool            // it may be missing
}

// examLink is the link of the exam part when nothing is wrong with it.
func examLink() (up, down netsim.Params) {
	p := netsim.Params{Delay: 15 * time.Millisecond, Jitter: 5 * time.Millisecond, KeepOrder: true, QueueTime: 500 * time.Millisecond}
	up, down = p, p
	up.Rate, down.Rate = 5e6, 10e6
	return up, down
}

func rate(mbit float64) func(*netsim.Params) {
	return func(p *netsim.Params) { p.Rate = ippm.Rate(mbit * 1e6) }
}

func unchanged(*netsim.Params) {}

// block drops UDP on its way into the server's host.
func block(t *stage.Testbed) error {
	for _, line := range []string{
		"nft add table inet lab", "nft add chain inet lab in { type filter hook input priority 0 ; }", "nft add rule inet lab in meta l4proto udp drop",
	} {
		if err := t.Far.Run("%s", line); err != nil {
			return err
		}
	}
	return nil
}

// unplug lets the router say nothing to the student's computer any more.
func unplug(t *stage.Testbed) error {
	return t.Router.IP("addr del %s/24 dev lan0", stage.RouterAddress)
}

// plug ends that.
func plug(t *stage.Testbed) error { return t.Router.IP("addr add %s/24 dev lan0", stage.RouterAddress) }

func faults() []fault {
	const s = time.Second
	cut := func(t *stage.Testbed) error { return t.ChangeBoth(func(p *netsim.Params) { p.Outage = true }) }
	mend := (*stage.Testbed).RestoreLink
	line := []warning.Cause{warning.CauseBeyond}
	return []fault{
		{name: "nothing", lasts: s, begin: func(*stage.Testbed) error { return nil }},
		{name: "rates fall to 0.5/0.25 Mbit/s", lasts: 120 * s, begin: func(t *stage.Testbed) error { return t.ChangeLink(rate(0.25), rate(0.5), 0) }, end: mend, want: []expected{
			{kind: warning.DownloadBelowMinimum, from: 10 * s, raised: 10 * s, to: 40 * s}, {kind: warning.UploadBelowMinimum, from: 10 * s, raised: 10 * s, to: 40 * s},
		}},
		{name: "outage of 2 s", lasts: 2 * s, begin: cut, end: mend, want: []expected{
			{kind: warning.Outage, causes: append(line, warning.NotKnown), from: s, raised: 3 * s, to: s},
		}},
		{name: "outage of 5 s", lasts: 5 * s, begin: cut, end: mend, want: []expected{
			{kind: warning.Outage, causes: append(line, warning.NotKnown), from: s, raised: 4 * s, to: s},
		}},
		{name: "outage of 40 s", lasts: 40 * s, begin: cut, end: mend, want: []expected{
			{kind: warning.Outage, causes: line, from: s, raised: 4 * s, to: 5 * s},
		}},
		{name: "router away for 20 s", lasts: 20 * s, begin: unplug, end: plug, want: []expected{
			{kind: warning.Outage, causes: []warning.Cause{warning.CauseRouter, warning.CauseNoNetwork}, from: s, raised: 4 * s, to: 5 * s},
		}},
		{name: "10 % loss", lasts: 60 * s, begin: func(t *stage.Testbed) error { return t.ChangeBoth(func(p *netsim.Params) { p.Loss = 0.1 }) }, end: mend, want: []expected{
			{kind: warning.Loss, from: 10 * s, raised: 25 * s, to: 10 * s},
		}},
		{name: "500 ms of queueing", lasts: 60 * s, begin: func(t *stage.Testbed) error {
			deep := func(p *netsim.Params) { p.QueueTime = 2 * s }
			return t.ChangeLink(deep, deep, 500*time.Millisecond)
		}, end: mend, want: []expected{
			{kind: warning.Delay, from: 10 * s, raised: 20 * s, to: 10 * s}, {kind: warning.DelayVariation, from: 10 * s, raised: 25 * s, to: 15 * s, option: true},
		}},
		{name: "UDP dropped", lasts: 90 * s, begin: block, end: func(t *stage.Testbed) error { return t.Far.Run("nft delete table inet lab") }, want: []expected{
			{kind: warning.Outage, causes: []warning.Cause{warning.CauseUDPBlocked}, from: s, raised: 4 * s, to: 0},
			{kind: warning.UDPBlocked, causes: []warning.Cause{warning.NotKnown, warning.CauseUDPBlocked}, from: s, raised: 20 * s, to: 200 * s},
		}},
		{name: "the client's address changes", lasts: s, begin: func(t *stage.Testbed) error {
			for _, line := range []string{"addr del " + stage.StudentAddress + "/24 dev lan0", "addr add " + stage.MovedAddress + "/24 dev lan0", "route replace default via " + stage.RouterAddress} {
				if err := t.Student.IP("%s", line); err != nil {
					return err
				}
			}
			return nil
		}, moved: true, want: []expected{{kind: warning.Outage, causes: []warning.Cause{warning.CauseMoved}, from: s, raised: 4 * s, to: 10 * s, option: true}}},
		{name: "server killed, back after 20 s", lasts: 20 * s, begin: (*stage.Testbed).KillServer, end: (*stage.Testbed).StartServer, want: []expected{
			{kind: warning.Outage, causes: []warning.Cause{warning.CauseServer}, from: s, raised: 4 * s, to: 8 * s},
		}},
		{
			name: "client stopped for 20 s", lasts: 20 * s,
			begin: (*stage.Testbed).PauseClient,
			end:   (*stage.Testbed).ResumeClient,
			want:  []expected{{kind: warning.HostBusy, causes: []warning.Cause{warning.CauseBusy}, from: 2 * s, raised: 22 * s, to: 2 * s}},
		},
		{name: "wall clock an hour ahead", client: stage.Stepped, lasts: s, begin: func(t *stage.Testbed) error { return t.SetClock(time.Hour) }, want: []expected{
			{kind: warning.Clock, causes: []warning.Cause{warning.CauseClock}, from: 2 * s, raised: 2 * s, to: s, shift: time.Hour},
		}},
		{name: "wall clock an hour back", client: stage.Stepped, lasts: s, begin: func(t *stage.Testbed) error { return t.SetClock(-time.Hour) }, want: []expected{
			{kind: warning.Clock, causes: []warning.Cause{warning.CauseClock}, from: 2 * s, raised: 2 * s, to: s, shift: -time.Hour},
		}},
	}
}
