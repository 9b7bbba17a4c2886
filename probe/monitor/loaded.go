package monitor

// Loaded is the delay while a load fills the bottleneck's buffer, as others at home
// fill it.
type Loaded struct {
	RoundTrip Quantiles `json:"round_trip_delay_seconds"` // of the monitor stream meanwhile, from the empty buffer on
	Rise      *float64  `json:"rise_seconds"`             // how far the one-way delay rose; nil: not loaded
	Full      bool      `json:"buffer_full"`              // it rose no further, or by the second that is looked for; else it may rise further
	// RoundTripsPerMinute is 60 seconds over the round-trip delay behind the buffer as
	// it was filled. It counts one UDP round trip, not the HTTP exchanges of
	// draft-ietf-ippm-responsiveness, so the two do not compare.
	RoundTripsPerMinute *float64 `json:"round_trips_per_minute"`
	Why                 string   `json:"why,omitempty"` // reason if Rise is nil
}

// NewLoaded returns the delay under a load by which the delay rose, from the account
// of the monitor stream meanwhile and the idle round-trip delay; both in seconds, nil
// if unknown.
func NewLoaded(a *Account, rise *float64, full bool, idle *float64) Loaded {
	l := Loaded{RoundTrip: quantiles(&a.RoundTrip), Rise: rise, Full: full}
	if rise != nil && idle != nil && *rise+*idle > 0 {
		rpm := 60 / (*rise + *idle)
		l.RoundTripsPerMinute = &rpm
	}
	return l
}
