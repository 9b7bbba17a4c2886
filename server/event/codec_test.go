package event

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"examlink/probe/verdict"
	"examlink/probe/warning"
	"examlink/probe/wire"
)

// What one server encodes is what another decodes, for every kind.
func TestCodec(t *testing.T) {
	rate, at := 1.5e6, time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
	session := Session{
		ID: "s", Exam: "e1", Student: "s1", Token: "t1", Purpose: "watch", Transport: "udp", State: "live", LastPacket: at,
		Claimed: []ClaimedWarning{{Kind: warning.Loss, Since: at, Cause: "link"}},
	}
	report := wire.TrainReport{Direction: "up", Rate: &rate, Received: 12}
	notice := json.RawMessage(`{"id":"n1"}`)
	for _, p := range []Payload{
		Admitted{}, Resumed{}, Restored{}, Refused{Reason: "limit", Detail: "d"}, State{From: "live"}, Reading{Report: report, Measures: true}, Claim{Report: report},
		Report{About: "minute", Repeated: true}, Verdict{Summary: verdict.Summary{Outcome: verdict.Ready}}, Warning{ID: "w", Name: "dropped", Active: true, Since: at, Notice: notice},
		Incident{ID: "i", Exams: []string{"e1"}, Affected: 9, Since: at, Notice: notice}, Ended{From: "live", Why: "goodbye"}, Revoked{Tokens: []string{"t1"}},
	} {
		b, err := Encode(Event{Session: session, Payload: p})
		if err != nil {
			t.Fatal(err)
		}
		e, err := Decode(p.Kind(), b)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(e, Event{Session: session, Payload: p}) {
			t.Errorf("%s: %+v\nwant %+v", p.Kind(), e.Payload, p)
		}
	}
	if len(payloads) != 13 {
		t.Errorf("%d kinds, want 13: is one missing above?", len(payloads))
	}
	for _, b := range []string{"{", `{"payload":3}`, "[]"} {
		if _, err := Decode(KindState, json.RawMessage(b)); err == nil {
			t.Errorf("%s: no error", b)
		}
	}
	if _, err := Decode("other", json.RawMessage("{}")); err == nil {
		t.Error("an unknown kind: no error")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("state", []byte(`{"session":{"session":"s"},"payload":{"from":"live"}}`))
	f.Add("warning", []byte(`{"payload":{"id":"w"},"notice":{"id":"n"}}`))
	f.Fuzz(func(t *testing.T, kind string, b []byte) {
		e, err := Decode(Kind(kind), b)
		if err != nil {
			return
		}
		if _, err := Encode(e); err != nil {
			t.Errorf("decoded, but not encoded: %v", err)
		}
	})
}
