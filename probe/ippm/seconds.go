package ippm

import (
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// Seconds is a duration encoded in JSON as a number of seconds. Its field's
// name ends in "_seconds".
type Seconds time.Duration

// Duration returns the duration.
func (s Seconds) Duration() time.Duration { return time.Duration(s) }

// Seconds returns the duration as a number of seconds.
func (s Seconds) Seconds() float64 { return time.Duration(s).Seconds() }

// String formats the duration as package time does.
func (s Seconds) String() string { return time.Duration(s).String() }

// MarshalJSON implements json.Marshaler.
func (s Seconds) MarshalJSON() ([]byte, error) { return json.Marshal(s.Seconds()) }

// UnmarshalJSON implements json.Unmarshaler. It rounds to nanoseconds.
func (s *Seconds) UnmarshalJSON(b []byte) error {
	var v *float64
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	if v == nil {
		return nil
	}
	ns := math.Round(*v * float64(time.Second))
	if ns < math.MinInt64 || ns >= math.MaxInt64 {
		return fmt.Errorf("%g seconds, expected at most %v", *v, time.Duration(math.MaxInt64))
	}
	*s = Seconds(ns)
	return nil
}
