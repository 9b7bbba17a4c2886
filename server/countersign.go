package server

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"examlink/probe/receipt"
	"examlink/probe/wire"
	"examlink/server/store"
)

// headWait is how long the answer to a report waits for the store to keep the head
// that came with it. Chosen by us: shorter than a client waits when it ends.
const headWait = 300 * time.Millisecond

// Label values for what became of a head.
const (
	headSigned  = "signed"
	headRefused = "refused"
	headFailed  = "failed"
)

// headKey returns the key with which the server countersigns; empty: it signs nothing.
func (s *Server) headKey() string {
	if s.o.Sign == nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(s.o.Sign.Public().(ed25519.PublicKey))
}

// acknowledge answers a report. If the head of a record came with it, the answer waits for
// the store in a goroutine, for headWait at most: reports, trains and probes do
// not. A connection has one head under way; the client sends another one later.
func (c *conversation) acknowledge(ctx context.Context, id uint64, answer wire.Reported, h *wire.Head) {
	send := func() { // without the answer the client reports again
		_ = c.control.Send(wire.Message{Type: wire.TypeReported, ID: id, Reported: &answer})
	}
	if h == nil || c.s.o.Sign == nil || !c.heading.CompareAndSwap(false, true) {
		send()
		return
	}
	done := make(chan *wire.Countersigned, 1)
	c.wg.Go(func() { // ends with the store's answer, or with ctx
		defer c.heading.Store(false)
		done <- c.countersign(ctx, *h)
	})
	c.wg.Go(func() { // ends within headWait
		t := time.NewTimer(headWait)
		defer t.Stop()
		select {
		case answer.Head = <-done:
		case <-t.C:
		}
		send()
	})
}

// countersign commits the head of the session's record to the store and signs it. It
// returns nil if the store fails: the client sends a head again.
func (c *conversation) countersign(ctx context.Context, h wire.Head) *wire.Countersigned {
	s, now, wall := c.session, c.s.o.Clock.Now(), c.s.o.Clock.Wall()
	at := wall.UTC().Truncate(time.Millisecond)
	err := errHeadsTooOften
	if s.AllowHead(now) {
		ctx, cancel := context.WithTimeout(ctx, storeTimeout)
		defer cancel()
		err = c.s.o.Store.Records().Append(ctx, store.RecordHead{
			Session: s.ID, Exam: s.Exam, Student: s.Student, Record: store.Hash(h.Record), Line: h.Line, Hash: store.Hash(h.Hash), At: at,
		})
	}
	of := []any{"exam", s.Exam, "session", s.ID, "line", h.Line}
	switch {
	case errors.Is(err, store.ErrConflict), errors.Is(err, store.ErrInvalid), errors.Is(err, errHeadsTooOften):
		c.s.metrics.heads.WithLabelValues(headRefused).Inc()
		c.s.o.Log.Warn("head of a record refused", append(of, "err", err)...)
		return &wire.Countersigned{Refused: err.Error()}
	case err != nil:
		if ctx.Err() == nil { // not that the connection has ended
			c.s.writes.Done("records", err)
		}
		c.s.metrics.heads.WithLabelValues(headFailed).Inc()
		c.s.o.Log.Error("head of a record not stored, the client will report another one", append(of, "err", err)...)
		return nil
	}
	c.s.writes.Done("records", nil)
	signed, err := c.signHead(h, at, now, wall)
	if err != nil { // never: its parts are text and numbers
		c.s.o.Log.Error("head of a record not signed", append(of, "err", err)...)
		return nil
	}
	c.s.metrics.heads.WithLabelValues(headSigned).Inc()
	return signed
}

var errHeadsTooOften = errors.New("heads come too often, expected about one a minute")

// signHead makes the server's part of a countersignature.
func (c *conversation) signHead(h wire.Head, at time.Time, now time.Duration, wall time.Time) (*wire.Countersigned, error) {
	seen := c.session.SessionSeen(now, wall)
	seen.Server = c.s.o.Version
	b, err := json.Marshal(seen)
	if err != nil {
		return nil, fmt.Errorf("seen: %w", err)
	}
	signature, err := receipt.Countersignature{
		Exam: c.session.Exam, Student: c.session.Student, Token: c.token.ID, Session: c.session.ID,
		Record: receipt.Hash(h.Record), Line: h.Line, Hash: receipt.Hash(h.Hash), At: at, Seen: b,
	}.Signature(c.s.o.Sign)
	if err != nil {
		return nil, err
	}
	return &wire.Countersigned{At: at, Seen: b, Signature: signature}, nil
}
