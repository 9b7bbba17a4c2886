package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"

	"examlink/probe"
	"examlink/probe/wire"
	"examlink/server/browser"
	"examlink/server/session"
)

// pageLeaves is how long a page may take to keep the last lines of its record before the
// connection is closed. Chosen by us.
const pageLeaves = 3 * time.Second

// leadWatch connects a page to its watch, until the connection ends or the watch is over.
func (c *conversation) leadWatch(ctx context.Context, w wire.Welcome, o probe.Options) {
	_ = c.stream.SetReadDeadline(time.Now().Add(helloTimeout))
	first, err := c.present()
	if err != nil {
		c.refuse(0, err)
		return
	}
	_ = c.stream.SetReadDeadline(time.Time{})
	of := c.s.pageWatches.find(ctx, c, o)
	if of == nil {
		return
	}
	b := c.lineOptions(w, o)
	b.Interval, b.Resumed, b.HeadKey, b.Over = o.Interval, w.Resumed, w.HeadKey, of.over
	b.Report = of.by.take
	l, err := browser.New(ctx, b)
	if err != nil {
		c.s.o.Log.Error("page not watched", "err", err)
		return
	}
	l.Away(o.Clock.Wall(), first.Away)
	of.record.taken(first.Record, first.Taken)
	of.attach(l)
	defer func() {
		if _, over := of.isOver(); over { // it may have ended without this line
			l.Close(false)
		}
	}()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c.wg.Go(func() { c.tellPage(ctx, of, first.After) }) // ends with ctx or the watch
	for {
		m, err := wire.ReadMessage(c.stream)
		switch {
		case err != nil:
			l.End(err)
			return
		case m.Type == wire.TypePresent && m.Present.Validate() == nil:
			of.record.taken(m.Present.Record, m.Present.Taken)
			l.Away(o.Clock.Wall(), m.Present.Away)
		case m.Type == wire.TypeBye:
			of.stop("you have ended it")
		default:
			l.Take(m)
		}
	}
}

// errNotPresent is the error of a page that does not say what it has.
var errNotPresent = errors.New("expected what the page has of its watch, a message \"present\"")

// present reads what a page has of its watch.
func (c *conversation) present() (wire.Present, error) {
	m, err := wire.ReadMessage(c.stream)
	switch {
	case err != nil:
		return wire.Present{}, err
	case m.Type != wire.TypePresent:
		return wire.Present{}, errNotPresent
	}
	return *m.Present, m.Present.Validate()
}

// take takes a report of the watch that this server makes for a page.
func (c *conversation) take(ctx context.Context, r wire.Report) (wire.Reported, wire.Refusal, error) {
	answer := wire.Reported{Number: r.Number}
	if err := c.s.sessions.TakeReport(c.session, r); err != nil {
		var refused *session.Refusal
		if errors.As(err, &refused) {
			return answer, refused.Reason, err
		}
		return answer, wire.RefusedRequest, err
	}
	if r.Head != nil && c.s.o.Sign != nil {
		answer.Head = c.countersign(ctx, *r.Head)
	}
	return answer, "", nil
}

// tellPage tells a page how its watch goes, until ctx ends or the watch is over. after is
// the number of the last point that the page has.
func (c *conversation) tellPage(ctx context.Context, of *pageWatch, after int) {
	var warnings []byte // as last told
	for {
		why, over := of.isOver()
		for {
			m := wire.Watched{Record: of.record.id, Over: why}
			m.First, m.Lines = of.record.next()
			s := of.feed.State(after)
			after = s.Last
			now, err := json.Marshal(s.Warnings)
			if err == nil {
				if bytes.Equal(now, warnings) {
					s.Warnings = nil // the page has them
				}
				warnings = now
				m.State, err = json.Marshal(s)
			}
			if err != nil {
				c.s.o.Log.Error("state of a page's watch", "err", err)
				return
			}
			if c.control.Send(wire.Message{Type: wire.TypeWatched, Watched: &m}) != nil {
				return
			}
			if len(m.Lines) == 0 || ctx.Err() != nil {
				break
			}
		}
		if over {
			if why != "" {
				c.leave(ctx, of)
			}
			return
		}
		select {
		case <-of.news:
		case <-of.over:
		case <-ctx.Done():
			return
		}
	}
}

// leave ends the session of a watch that is over, once the page has the whole record.
func (c *conversation) leave(ctx context.Context, of *pageWatch) {
	until := time.Now().Add(pageLeaves)
	for !of.record.whole() && time.Now().Before(until) && ctx.Err() == nil {
		time.Sleep(20 * time.Millisecond)
	}
	c.s.sessions.End(c.session, nil, session.Goodbye)
}
