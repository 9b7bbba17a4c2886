//go:build linux

package emulator

import (
	"bytes"
	"encoding/gob"
	"strings"
	"testing"
	"time"

	"examlink/probe/netsim"
)

// Requests and answers arrive whole at the other process.
func TestRequestsCrossTheBoundary(t *testing.T) {
	trace, err := netsim.ParseTrace(strings.NewReader("1\n2\n"))
	if err != nil {
		t.Fatal(err)
	}
	in, out := new(bytes.Buffer), new(bytes.Buffer)
	sent := request{Set: true, Up: netsim.Params{Delay: time.Millisecond, Trace: trace}, Seed: 7}
	if err := gob.NewEncoder(in).Encode(sent); err != nil {
		t.Fatal(err)
	}
	var got request
	if err := gob.NewDecoder(in).Decode(&got); err != nil || got.Up.Trace == nil || got.Up.Trace.Rate() != trace.Rate() || got.Up.Delay != time.Millisecond {
		t.Errorf("%+v, %v", got, err)
	}
	const size = 92
	d := &direction{isProbe: func(_ []byte, n int) bool { return n == size }}
	d.set(netsim.Params{}, 1)
	d.link.Send(0, make([]byte, size), size)
	d.link.Pop(0)
	if err := gob.NewEncoder(out).Encode(State{Up: d.truth(false)}); err != nil {
		t.Fatal(err)
	}
	var answer State
	if err := gob.NewDecoder(out).Decode(&answer); err != nil || answer.Up.Probes.Delivered != 1 || answer.Up.Probes.IPDV != nil || len(answer.Up.Delays) != 1 {
		t.Errorf("%+v, %v", answer, err)
	}
}
