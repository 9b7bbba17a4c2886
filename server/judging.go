package server

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"examlink/probe/equipment"
	"examlink/probe/wire"
	"examlink/server/session"
)

// Chosen by us.
const (
	// judgingTime bounds a connection over which a page has its equipment judged: time
	// enough to find another webcam.
	judgingTime = 30 * time.Minute
	// judgingMost bounds the questions on one: four a second in the first minutes.
	judgingMost = 1000
)

// judgings counts the connections over which pages have their equipment judged: no
// session bounds them. The zero value is ready for use, and safe for concurrent use.
type judgings struct {
	mu    sync.Mutex
	of    map[string]int // by join token
	total int
}

// begin takes a place for a join token.
func (j *judgings) begin(token string, l Limits) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case j.of[token] >= l.SessionsPerToken:
		return &session.Refusal{Reason: wire.RefusedLimit, Detail: fmt.Sprintf("%d pages with this join token have their equipment judged, expected at most %d", j.of[token], l.SessionsPerToken)}
	case j.total >= l.Sessions:
		return &session.Refusal{Reason: wire.RefusedFull, Detail: "the server has no room for another page"}
	}
	if j.of == nil {
		j.of = map[string]int{}
	}
	j.of[token]++
	j.total++
	return nil
}

// end gives the place back.
func (j *judgings) end(token string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.total--
	if j.of[token]--; j.of[token] == 0 {
		delete(j.of, token)
	}
}

// admitJudging welcomes a page that has its equipment judged. There is no session; the
// place that is taken is given back when the conversation ends.
func (c *conversation) admitJudging() (wire.Welcome, error) {
	if err := c.s.judgings.begin(c.token.ID, c.s.limits()); err != nil {
		return wire.Welcome{}, err
	}
	c.judging = true
	p := c.s.settings.Load().policy(c.token.Policy)
	return wire.Welcome{Policy: &p, Server: c.s.o.Version, Time: c.s.o.Clock.Wall(), Exam: c.token.Exam}, nil
}

// judge answers a page's questions what the exam makes of its equipment, by the policy of
// its join token as it is at each of them, until the connection ends. Nothing is kept.
func (c *conversation) judge(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, judgingTime)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { c.conn.Close("equipment was judged long enough") })
	defer stop()
	for range judgingMost {
		m, err := wire.ReadMessage(c.stream)
		if err != nil || m.Type == wire.TypeBye {
			return
		}
		answer := wire.Message{Type: wire.TypeEquipment, ID: m.ID}
		if answer.Equipment, err = c.judgement(m); err != nil {
			answer = refused(m.ID, refusalOf(err)) // no event: it quotes the page
		}
		if c.control.Send(answer) != nil {
			return
		}
	}
	c.refuse(0, &session.Refusal{Reason: wire.RefusedLimit, Detail: fmt.Sprintf("more than %d questions on one connection", judgingMost)})
	drain(c.conn)
}

// judgement judges the facts of a message.
func (c *conversation) judgement(m wire.Message) (*wire.Equipment, error) {
	if m.Type != wire.TypeEquipment {
		return nil, fmt.Errorf("unexpected message type %q, expected %q", m.Type, wire.TypeEquipment)
	}
	f, err := equipment.ReadFacts(m.Equipment.Facts)
	if err != nil {
		return nil, err
	}
	if f.By != equipment.ByPage {
		return nil, fmt.Errorf("facts: by: %q, expected %q", f.By, equipment.ByPage)
	}
	p := c.s.settings.Load().policy(c.token.Policy)
	b, err := json.Marshal(equipment.Answer{Schema: equipment.JudgementSchema, Judgement: equipment.Judge(f, p.Requirements())})
	return &wire.Equipment{Judgement: b}, err
}
