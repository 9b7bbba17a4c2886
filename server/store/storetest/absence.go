package storetest

import (
	"context"
	"errors"
	"sync"
	"time"

	"examlink/server/store"
)

// ErrAway is the error of a store that is away.
var ErrAway = errors.New("the store is away")

// Absence is a store as one of several servers has it, which can be away for that server
// alone. What servers do while students are connected fails then; the rest goes on.
type Absence struct {
	store.Store

	mu    sync.Mutex
	away  bool
	delay time.Duration
}

// Away makes the store fail from now on, or work again.
func (a *Absence) Away(away bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.away = away
}

// Delay makes heads of records take so long from now on.
func (a *Absence) Delay(d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.delay = d
}

func (a *Absence) err() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.away {
		return ErrAway
	}
	return nil
}

// Events implements store.Store.
func (a *Absence) Events() store.Events { return events{a.Store.Events(), a} }

// Members implements store.Store.
func (a *Absence) Members() store.Members { return members{a.Store.Members(), a} }

// Sessions implements store.Store.
func (a *Absence) Sessions() store.Sessions { return sessions{a.Store.Sessions(), a} }

// Tokens implements store.Store.
func (a *Absence) Tokens() store.Tokens { return tokens{a.Store.Tokens(), a} }

// Records implements store.Store.
func (a *Absence) Records() store.Records { return records{a.Store.Records(), a} }

// Values implements store.Store.
func (a *Absence) Values() store.Values { return values{a.Store.Values(), a} }

// Close leaves the store to the other servers.
func (a *Absence) Close() error { return nil }

type events struct {
	store.Events
	a *Absence
}

func (e events) Append(ctx context.Context, list []store.LoggedEvent) (uint64, error) {
	if err := e.a.err(); err != nil {
		return 0, err
	}
	return e.Events.Append(ctx, list)
}

func (e events) After(ctx context.Context, number uint64) ([]store.LoggedEvent, error) {
	if err := e.a.err(); err != nil {
		return nil, err
	}
	return e.Events.After(ctx, number)
}

type members struct {
	store.Members
	a *Absence
}

func (m members) Beat(ctx context.Context, x store.Member) (store.Membership, error) {
	if err := m.a.err(); err != nil {
		return store.Membership{}, err
	}
	return m.Members.Beat(ctx, x)
}

func (m members) Lead(ctx context.Context, id string, term uint64) error {
	if err := m.a.err(); err != nil {
		return err
	}
	return m.Members.Lead(ctx, id, term)
}

func (m members) Leave(ctx context.Context, id string) error {
	if err := m.a.err(); err != nil {
		return err
	}
	return m.Members.Leave(ctx, id)
}

type sessions struct {
	store.Sessions
	a *Absence
}

func (s sessions) Put(ctx context.Context, x store.LiveSession) error {
	if err := s.a.err(); err != nil {
		return err
	}
	return s.Sessions.Put(ctx, x)
}

func (s sessions) Remove(ctx context.Context, id string) error {
	if err := s.a.err(); err != nil {
		return err
	}
	return s.Sessions.Remove(ctx, id)
}

func (s sessions) Adopt(ctx context.Context, server string, others []string) ([]store.LiveSession, error) {
	if err := s.a.err(); err != nil {
		return nil, err
	}
	return s.Sessions.Adopt(ctx, server, others)
}

type tokens struct {
	store.Tokens
	a *Absence
}

func (t tokens) Get(ctx context.Context, id string) (store.Token, error) {
	if err := t.a.err(); err != nil {
		return store.Token{}, err
	}
	return t.Tokens.Get(ctx, id)
}

func (t tokens) Open(ctx context.Context, id string, at time.Time) error {
	if err := t.a.err(); err != nil {
		return err
	}
	return t.Tokens.Open(ctx, id, at)
}

type records struct {
	store.Records
	a *Absence
}

func (r records) Append(ctx context.Context, h store.RecordHead) error {
	r.a.mu.Lock()
	delay := r.a.delay
	r.a.mu.Unlock()
	time.Sleep(delay)
	if err := r.a.err(); err != nil {
		return err
	}
	return r.Records.Append(ctx, h)
}

type values struct {
	store.Values
	a *Absence
}

func (v values) Get(ctx context.Context, name string) (store.Value, error) {
	if err := v.a.err(); err != nil {
		return store.Value{}, err
	}
	return v.Values.Get(ctx, name)
}

func (v values) Put(ctx context.Context, name string, body []byte, over uint64) (uint64, error) {
	if err := v.a.err(); err != nil {
		return 0, err
	}
	return v.Values.Put(ctx, name, body, over)
}
