package server_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"examlink/docs/schemas"
	"examlink/probe/equipment"
	"examlink/probe/verdict"
	"examlink/probe/wire"
	"examlink/server"
)

// page connects as a page that has its equipment judged.
func (s *testbed) page(addr, token string) *caller {
	s.t.Helper()
	c := s.dial(s.host(addr))
	c.greet(wire.Hello{Token: token, Purpose: wire.PurposeEquipment, Client: "page", Led: true, NoExporter: true})
	return c
}

// judged asks what the exam makes of facts.
func (c *caller) judged(id uint64, facts string) wire.Message {
	c.t.Helper()
	m := c.ask(wire.Message{Type: wire.TypeEquipment, ID: id, Equipment: &wire.Equipment{Facts: json.RawMessage(facts)}})
	if m.ID != id {
		c.t.Fatalf("the answer has the number %d, expected %d", m.ID, id)
	}
	return m
}

const linuxFacts = `{"schema":"examlink.equipment-facts/1","by":"page","system":{"name":"linux"},"memory":{"rounded_gibibytes":2},"tablet":false,
	"browser":{"name":"chrome","version":"140"},"webcam":{"access":"granted","width":320,"height":240,"frames":88,"black":false,"frozen":false}}`

// A page's facts are judged by the policy of its join token, with the findings of
// equipment.Judge; no session is opened.
func TestEquipmentOfPageIsJudged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestbed(t, server.Limits{})
		if err := s.srv.Reload(server.Settings{Policies: verdict.BuiltIn()}); err != nil {
			t.Fatal(err)
		}
		var facts equipment.Facts
		if err := json.Unmarshal([]byte(linuxFacts), &facts); err != nil {
			t.Fatal(err)
		}
		for i, name := range []string{"", "proctoru-2020", "onvue"} {
			policy := verdict.BuiltIn()[0]
			if name != "" {
				var err error
				if policy, err = verdict.Find(verdict.BuiltIn(), name); err != nil {
					t.Fatal(err)
				}
			}
			c := s.page(fmt.Sprintf("10.0.1.%d:5000", i+1), s.policy(fmt.Sprintf("t%d", i), name))
			if c.refused != nil || c.welcome.Session != "" || c.welcome.Policy == nil || c.welcome.Policy.Name != policy.Name {
				t.Fatalf("%q: %+v, refused: %+v", name, c.welcome, c.refused)
			}
			m := c.judged(2, linuxFacts)
			if m.Type != wire.TypeEquipment {
				t.Fatalf("%q: %+v", name, m)
			}
			schemas.Test(t, equipment.JudgementSchema, m.Equipment.Judgement)
			want, err := json.Marshal(equipment.Answer{Schema: equipment.JudgementSchema, Judgement: equipment.Judge(facts, policy.Requirements())})
			if err != nil {
				t.Fatal(err)
			}
			if string(m.Equipment.Judgement) != string(want) {
				t.Errorf("%q:\n%s\nwant\n%s", name, m.Equipment.Judgement, want)
			}
		}
		if n := len(s.srv.Sessions()); n != 0 {
			t.Errorf("%d sessions, expected none", n)
		}
	})
}

// Facts that cannot be are refused with the field's name, and the page can go on.
func TestAbsurdEquipmentIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestbed(t, server.Limits{})
		c := s.page("10.0.1.1:5000", s.good("t1"))
		id := uint64(1)
		for facts, want := range map[string]string{
			`{}`: `schema: ""`,
			`7`:  "cannot unmarshal number",
			`{"schema":"examlink.equipment-facts/1","by":"program"}`:                                            `by: "program", expected "page"`,
			`{"schema":"examlink.equipment-facts/1","by":"page","webcam":{"access":"granted","width":-3}}`:      "webcam.width: -3, expected 1 to 32768",
			`{"schema":"examlink.equipment-facts/1","by":"page","memory":{"rounded_gibibytes":1e30}}`:           "memory.rounded_gibibytes: 1e+30",
			`{"schema":"examlink.equipment-facts/1","by":"page","later":"` + strings.Repeat("x", 16<<10) + `"}`: "expected at most 16384",
		} {
			id++
			m := c.judged(id, facts)
			if m.Type != wire.TypeRefused || m.Refused.Reason != wire.RefusedRequest || !strings.Contains(m.Refused.Detail, want) {
				t.Errorf("%.90s: %+v, want %s", facts, m.Refused, want)
			}
		}
		if m := c.ask(wire.Message{Type: wire.TypeCount, ID: 50}); m.Type != wire.TypeRefused || !strings.Contains(m.Refused.Detail, `expected "equipment"`) {
			t.Errorf("another question: %+v", m)
		}
		if m := c.judged(51, linuxFacts); m.Type != wire.TypeEquipment {
			t.Errorf("good facts after bad ones: %+v", m)
		}
	})
}

// Questions, connections of one token and their time are bounded; a place that is free
// again is given away.
func TestJudgingIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestbed(t, server.Limits{SessionsPerToken: 2})
		token := s.good("t1")
		a, b := s.page("10.0.1.1:5000", token), s.page("10.0.1.2:5000", token)
		if a.refused != nil || b.refused != nil {
			t.Fatalf("%+v, %+v", a.refused, b.refused)
		}
		if c := s.page("10.0.1.3:5000", token); c.refused == nil || c.refused.Reason != wire.RefusedLimit {
			t.Errorf("a third page of one token: %+v", c.refused)
		}
		if c := s.page("10.0.1.4:5000", "a.b.c"); c.refused == nil || c.refused.Reason != wire.RefusedToken {
			t.Errorf("nonsense for a token: %+v", c.refused)
		}
		for i := range uint64(1000) {
			if m := a.judged(i+2, linuxFacts); m.Type != wire.TypeEquipment {
				t.Fatalf("question %d: %+v", i+1, m)
			}
		}
		if m := a.judged(0, linuxFacts); m.Type != wire.TypeRefused || m.Refused.Reason != wire.RefusedLimit {
			t.Errorf("one question more: %+v", m)
		}
		<-a.conn.Done()
		c := s.page("10.0.1.5:5000", token)
		if c.refused != nil {
			t.Errorf("the place of a connection that has ended is not free: %+v", c.refused)
		}
		began := time.Now()
		<-b.conn.Done()
		if lasted := time.Since(began); lasted > 30*time.Minute {
			t.Errorf("a page that asks nothing was still connected after %v", lasted)
		}
	})
}
