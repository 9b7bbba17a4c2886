package monitor

// Loaded is the delay of the monitor stream while trains filled the link.
type Loaded struct {
	RoundTrip Quantiles `json:"round_trip_delay_seconds"`
	// RoundTripsPerMinute is 60 seconds over the median round-trip delay under
	// load. It counts one UDP round trip, not the HTTP exchanges of
	// draft-ietf-ippm-responsiveness, so the two do not compare.
	RoundTripsPerMinute *float64 `json:"round_trips_per_minute"`
}

func LoadedOf(a *Account) Loaded {
	l := Loaded{RoundTrip: quantiles(&a.RoundTrip)}
	if m := l.RoundTrip.Median; m != nil && *m > 0 {
		rpm := 60 / *m
		l.RoundTripsPerMinute = &rpm
	}
	return l
}
