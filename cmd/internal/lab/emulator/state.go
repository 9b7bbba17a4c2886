//go:build linux

package emulator

import (
	"encoding/json"
	"time"

	"examlink/probe/netsim"
)

// State is what both directions have done so far.
type State struct {
	Up, Down        Truth
	RealtimeRefused string // why the threads have no real-time priority; empty: they have
}

// Truth is what one direction really did with the packets.
type Truth struct {
	netsim.Counters
	Probes netsim.Probes   `json:"probes"`
	Delays []time.Duration `json:"-"` // of the probes, in the order of sending
	Failed uint64          `json:"refused_by_kernel"`
	Late   Lateness        `json:"late"`
	Stalls Stalls          `json:"stalls"`
	Busy   bool            `json:"-"` // packets are in the queue or in flight
	Wait   time.Duration   `json:"-"` // longest time in the queue since the previous request
}

// MarshalJSON encodes the state as the lab prints it. Durations are seconds.
func (s State) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Realtime bool   `json:"realtime"`
		Refused  string `json:"realtime_refused,omitempty"`
		Up       Truth  `json:"up"`
		Down     Truth  `json:"down"`
	}{s.RealtimeRefused == "", s.RealtimeRefused, s.Up, s.Down})
}

// String returns the state as JSON.
func (s State) String() string {
	b, _ := json.Marshal(s)
	return string(b)
}
