package event

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// encoded is an event as servers that share a store tell each other.
type encoded struct {
	Session Session         `json:"session"`
	Token   string          `json:"token,omitempty"`
	Payload json.RawMessage `json:"payload"`
	Notice  json.RawMessage `json:"notice,omitempty"`
}

// payloads has an empty payload of each kind.
var payloads = map[Kind]Payload{}

func init() {
	for _, p := range []Payload{
		Admitted{}, Resumed{}, Restored{}, Refused{}, State{}, Reading{}, Claim{}, Report{}, Verdict{}, Warning{}, Incident{}, Ended{}, Revoked{},
	} {
		payloads[p.Kind()] = p
	}
}

// Encode returns the session and payload of an event as JSON.
func Encode(e Event) (json.RawMessage, error) {
	x := encoded{Session: e.Session, Token: e.Session.Token}
	switch p := e.Payload.(type) {
	case Warning:
		x.Notice = p.Notice
	case Incident:
		x.Notice = p.Notice
	}
	var err error
	if x.Payload, err = json.Marshal(e.Payload); err != nil {
		return nil, fmt.Errorf("event %s: %w", e.Payload.Kind(), err)
	}
	b, err := json.Marshal(x)
	if err != nil {
		return nil, fmt.Errorf("event %s: %w", e.Payload.Kind(), err)
	}
	return b, nil
}

// Decode returns an event of a kind with the session and payload of Encode, without
// its time, number and server.
func Decode(k Kind, b json.RawMessage) (e Event, err error) {
	like, ok := payloads[k]
	if !ok {
		return e, fmt.Errorf("event %q: expected a kind that is known", k)
	}
	var x encoded
	if err := json.Unmarshal(b, &x); err != nil {
		return e, fmt.Errorf("event %s: %w", k, err)
	}
	p := reflect.New(reflect.TypeOf(like))
	if err := json.Unmarshal(x.Payload, p.Interface()); err != nil {
		return e, fmt.Errorf("event %s: payload: %w", k, err)
	}
	e.Session, e.Payload = x.Session, p.Elem().Interface().(Payload)
	e.Session.Token = x.Token
	switch p := e.Payload.(type) {
	case Warning:
		p.Notice = x.Notice
		e.Payload = p
	case Incident:
		p.Notice = x.Notice
		e.Payload = p
	}
	return e, nil
}
