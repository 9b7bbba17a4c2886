package server

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/netip"
	"time"

	"examlink/probe"
	"examlink/probe/link"
	"examlink/probe/verdict"
	"examlink/probe/wire"
	"examlink/server/browser"
	"examlink/server/event"
	"examlink/server/session"
)

// Chosen by us.
const (
	// ledReceiptTries is how often the receipt of a page's check is asked for.
	ledReceiptTries = 3
	// ledTime bounds a check that the server leads.
	ledTime = 3 * time.Minute
)

// lead runs the check of a page, which only answers, or connects it to its watch. The
// page's messages are read until the connection ends.
func (c *conversation) lead(ctx context.Context, w wire.Welcome) {
	o := probe.DefaultOptions()
	o.Clock, o.NewWaiter, o.Version, o.Log, o.TrainPacket = c.s.o.Clock, c.s.o.NewWaiter, clip(c.hello.Client, helloMost), c.s.o.Log, browser.TrainPacket
	o.System, o.Policy = clip(c.hello.System, helloMost), *w.Policy
	if c.hello.Purpose == session.PurposeWatch {
		c.leadWatch(ctx, w, o)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, ledTime)
	defer cancel()
	b := c.lineOptions(w, o)
	b.Interval, b.Verdict = o.Interval, c.ledVerdict
	l, err := browser.New(ctx, b)
	if err != nil {
		c.s.o.Log.Error("page not measured", "err", err)
		return
	}
	over := make(chan struct{})
	c.wg.Go(func() { // ends with the check
		defer close(over)
		c.check(ctx, o, l)
	})
	for {
		m, err := wire.ReadMessage(c.stream)
		if err == nil && l.Take(m) {
			continue
		}
		if err == nil && m.Type == wire.TypeBye {
			c.s.sessions.End(c.session, c.conn, session.Goodbye)
		}
		l.End(err)
		break
	}
	<-over
}

// lineOptions returns what a line to the page is made of, for a check and for a watch.
func (c *conversation) lineOptions(w wire.Welcome, o probe.Options) browser.Options {
	blocked := link.Reason("")
	if c.conn.Transport() == link.WebSocket && c.hello.Without != wire.WithoutSupport {
		blocked = link.ReasonUDPBlocked
	}
	return browser.Options{
		Conn: c.conn, Send: c.control.Send, Flow: w.Flow, Grant: w.Grant, LossAfter: o.LossAfter, Clock: o.Clock, NewWaiter: o.NewWaiter,
		Opened: probe.Opened{
			Server: c.token.Servers[0], Session: w.Session, Exam: w.Exam, Policy: w.Policy, Transport: c.conn.Transport(), Blocked: blocked,
			Ahead: c.s.o.Clock.Wall().Sub(c.hello.Time),
		},
		Seen: func(at time.Duration, from netip.AddrPort) { c.session.SeenProbe(at, from) },
		Reading: func(r wire.TrainReport, measures bool) {
			c.session.SetReading(r, measures, c.s.o.Clock.Wall())
			if r.Direction == wire.Up {
				c.s.sessions.Publish(c.session, event.Reading{Report: r, Measures: measures})
			} else if measures { // the page says when packets arrived
				c.s.sessions.Publish(c.session, event.Claim{Report: r})
			}
		},
		Reserve: func(rate float64) (release func(), ok bool) {
			return c.s.trains.Reserve(c.token.ID, rate)
		},
	}
}

// check runs the check and tells the page how it goes.
func (c *conversation) check(ctx context.Context, o probe.Options, l *browser.Line) {
	tell := func(p wire.Progress) { _ = c.control.Send(wire.Message{Type: wire.TypeProgress, Progress: &p}) }
	report, err := probe.CheckOver(ctx, o, l, func(p probe.Progress) {
		tell(wire.Progress{Phase: string(p.Phase), Step: p.Step, Of: p.Of, Remaining: p.Remaining.Seconds(), Done: p.Done})
	})
	if err != nil {
		tell(wire.Progress{Failed: err.Error()})
		return
	}
	body, err := json.Marshal(report)
	if err != nil {
		c.s.o.Log.Error("report of a page's check", "err", err)
		return
	}
	tell(wire.Progress{Report: body})
}

// ledVerdict takes the verdict of a page's check and returns its receipt.
func (c *conversation) ledVerdict(ctx context.Context, v verdict.Verdict) (jws string, owed bool) {
	body, err := json.Marshal(v.Statement())
	if err == nil {
		err = c.s.sessions.TakeReport(c.session, wire.Report{
			Origin: rand.Text(), Number: 1, At: c.s.o.Clock.Wall().Round(0), Kind: wire.ReportVerdict, Contents: body,
		})
	}
	if err != nil {
		c.s.o.Log.Error("verdict of a page's check", "err", err)
		return "", false
	}
	for range ledReceiptTries {
		if jws, err = c.receipt(ctx); err == nil {
			return jws, false
		}
	}
	return "", true
}
