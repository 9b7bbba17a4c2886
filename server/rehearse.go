package server

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"examlink/probe/rehearsal"
	"examlink/probe/verdict"
	"examlink/probe/wire"
	"examlink/server/media"
	"examlink/server/session"
)

// Chosen by us.
const (
	// rehearsalMore is what a rehearsal may take besides its plan's time: to connect, to
	// settle and to say what came of it.
	rehearsalMore = 20 * time.Second
	// countedTime bounds the wait for what the page's browser counted.
	countedTime = 3 * time.Second
)

// rehearse receives webcam and screen of a page, and tells it what arrived. It ends with the
// connection, and opens no session.
func (c *conversation) rehearse(ctx context.Context, id uint64, q wire.Rehearse) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	h, policy, plan, err := c.s.beginRehearsal(ctx, q)
	if err != nil {
		c.refuse(id, err)
		drain(c.conn)
		return
	}
	defer h.Close()
	ctx, stop := context.WithTimeout(ctx, plan.Time+rehearsalMore)
	defer stop()
	counted := make(chan *rehearsal.Browser, 1)
	c.wg.Go(func() { // ends with the connection
		defer cancel()
		for {
			m, err := wire.ReadMessage(c.stream)
			if err != nil || m.Type != wire.TypeRehearsed {
				return
			}
			select {
			case counted <- browserOf(m.Rehearsed):
			default: // the first one counts
			}
		}
	})
	tell := func(r wire.Rehearsal) error {
		return c.control.Send(wire.Message{Type: wire.TypeRehearsal, ID: id, Rehearsal: &r})
	}
	if tell(wire.Rehearsal{Answer: h.Answer(), Plan: encoded(plan)}) != nil {
		return
	}
	result, err := receive(ctx, h, policy, plan, counted, tell)
	last := wire.Rehearsal{Result: encoded(result)}
	switch {
	case errors.Is(err, media.ErrUnconnected):
		last = wire.Rehearsal{Failed: wire.RehearsalUnconnected}
	case err != nil:
		last = wire.Rehearsal{Failed: wire.RehearsalCut}
	}
	if tell(last) == nil {
		drain(c.conn)
	}
}

// receive receives for the time of the plan and judges what arrived.
func receive(ctx context.Context, h *media.Rehearsal, p verdict.Policy, plan rehearsal.Plan, counted <-chan *rehearsal.Browser, tell func(wire.Rehearsal) error) (r rehearsal.Result, err error) {
	err = h.Run(ctx, func(f []rehearsal.Figures) { _ = tell(wire.Rehearsal{Second: encoded(f)}) })
	if err != nil {
		return r, err
	}
	_ = tell(wire.Rehearsal{Over: true})
	wait, stop := context.WithTimeout(ctx, countedTime)
	defer stop()
	var b *rehearsal.Browser
	select {
	case b = <-counted:
		h.Settle(wait)
	case <-wait.Done():
	}
	h.Close()
	e := h.Evidence()
	e.Browser = b
	return rehearsal.Judge(p, plan, e), nil
}

// browserOf reads what a page's browser counted; nil if it is not valid.
func browserOf(b json.RawMessage) *rehearsal.Browser {
	var x rehearsal.Browser
	if json.Unmarshal(b, &x) != nil || x.Validate() != nil {
		return nil
	}
	return &x
}

// encoded returns JSON of a type that always has one.
func encoded(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // a type with a value that JSON does not have
	}
	return b
}

// beginRehearsal admits a page and answers its offer. The error is a Refusal.
func (s *Server) beginRehearsal(ctx context.Context, q wire.Rehearse) (h *media.Rehearsal, p verdict.Policy, plan rehearsal.Plan, err error) {
	refused := func(reason wire.Refusal, err error) (*media.Rehearsal, verdict.Policy, rehearsal.Plan, error) {
		return nil, p, plan, &session.Refusal{Reason: reason, Detail: err.Error()}
	}
	token, err := s.authenticate(q.Token, time.Time{})
	if err == nil {
		err = s.refuseDrained()
	}
	if err != nil {
		return nil, p, plan, err
	}
	if err := q.Validate(); err != nil {
		return refused(wire.RefusedRequest, err)
	}
	streams := map[string]rehearsal.Kind{}
	for _, x := range q.Streams {
		if streams[x.MID], err = rehearsal.ParseKind(x.Kind); err != nil {
			return refused(wire.RefusedRequest, err)
		}
	}
	at, err := reached(ctx, q.Server, token.Servers)
	if err != nil {
		return refused(wire.RefusedRequest, err)
	}
	p = s.settings.Load().policy(token.Policy)
	plan = rehearsal.PlanOf(p)
	h, err = s.media.Begin(ctx, media.Request{Key: token.ID, Offer: q.Offer, Streams: streams, Addresses: at, Plan: plan})
	switch {
	case errors.Is(err, media.ErrFull):
		return refused(wire.RefusedFull, err)
	case errors.Is(err, media.ErrBusy):
		return refused(wire.RefusedBusy, err)
	case err != nil:
		return refused(wire.RefusedRequest, err)
	}
	return h, p, plan, nil
}
