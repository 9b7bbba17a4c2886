package record

// Minute holds the figures of about one minute. Counts are packets of the
// monitor stream settled in that minute: Sent = Received + lost ones. Delays
// are seconds; nil is unknown.
type Minute struct {
	From Time `json:"from"`
	To   Time `json:"to"`

	Sent        uint64 `json:"sent"`
	Received    uint64 `json:"received"`
	LostUp      uint64 `json:"lost_up"`
	LostDown    uint64 `json:"lost_down"`
	LostUnknown uint64 `json:"lost_unknown"`
	// GapUp, GapDown and GapUnknown are how many of the lost ones were lost in an
	// interruption.
	GapUp      uint64 `json:"gap_lost_up,omitempty"`
	GapDown    uint64 `json:"gap_lost_down,omitempty"`
	GapUnknown uint64 `json:"gap_lost_unknown,omitempty"`
	Unsent     uint64 `json:"unsent"` // never left the host: not counted in Sent
	Duplicates uint64 `json:"duplicates_down"`
	OverTCP    uint64 `json:"over_tcp,omitempty"`    // of Sent; a lost one came too late, as TCP resends
	Stalled    uint64 `json:"tcp_stalled,omitempty"` // not in Sent: TCP accepted no more

	RoundTrip   *float64 `json:"round_trip_delay_median,omitempty"`
	RoundTrip99 *float64 `json:"round_trip_delay_p99,omitempty"`
	OneWayUp    *float64 `json:"one_way_delay_up_median,omitempty"`
	OneWayDown  *float64 `json:"one_way_delay_down_median,omitempty"`
	OneWayBound *float64 `json:"one_way_delay_error_bound,omitempty"`
	IPDVUp      *float64 `json:"ipdv_up_median,omitempty"` // absolute values, RFC 3393
	IPDVDown    *float64 `json:"ipdv_down_median,omitempty"`
	PDVUp       *float64 `json:"pdv_up_p95,omitempty"` // above the lowest, RFC 5481
	PDVDown     *float64 `json:"pdv_down_p95,omitempty"`

	FloorUp   *Reading `json:"floor_up,omitempty"` // floor tests that ended in this minute
	FloorDown *Reading `json:"floor_down,omitempty"`

	BytesUp   int64 `json:"bytes_up"` // IP layer: everything examlink sent
	BytesDown int64 `json:"bytes_down"`

	// Folded is set on the minute in which a client was killed: it was kept in the
	// live file and written at the next start.
	Folded bool `json:"folded,omitempty"`
}

// Lost returns all lost packets, in either direction or unknown.
func (m *Minute) Lost() uint64 { return m.LostUp + m.LostDown + m.LostUnknown }

// LostInGaps returns how many packets were lost in interruptions.
func (m *Minute) LostInGaps() uint64 { return m.GapUp + m.GapDown + m.GapUnknown }

// Reading is the worst result of one direction's floor tests in one minute, in
// bit/s at the IP layer.
type Reading struct {
	Tests int      `json:"tests"`
	Below int      `json:"below"`          // tests below the minimum
	Rate  *float64 `json:"rate,omitempty"` // lowest measured rate
	Low   *float64 `json:"low,omitempty"`  // lowest lower bound of tests that measured no rate
}

// Add returns the reading with one more test; r may be nil.
func (r *Reading) Add(f Floor) *Reading {
	out := Reading{}
	if r != nil {
		out = *r
	}
	out.Tests++
	if f.Outcome == "below" {
		out.Below++
	}
	if f.Rate != nil {
		out.Rate = lowest(out.Rate, f.Rate)
	} else {
		out.Low = lowest(out.Low, f.Low)
	}
	return &out
}

func lowest(a, b *float64) *float64 {
	if a == nil || b != nil && *b < *a {
		return b
	}
	return a
}
