package verdict

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"examlink/probe/ippm"
)

// boundsJSON is the form of Bounds on the wire. A missing number sets no bound.
type boundsJSON struct {
	Download       float64 `json:"download_bits_per_second,omitempty"`
	Upload         float64 `json:"upload_bits_per_second,omitempty"`
	OneWayDelay    float64 `json:"one_way_delay_seconds,omitempty"`
	RoundTripDelay float64 `json:"round_trip_delay_seconds,omitempty"`
	DelayVariation float64 `json:"delay_variation_seconds,omitempty"`
	LoadedDelay    float64 `json:"loaded_delay_seconds,omitempty"`
	Loss           float64 `json:"loss_ratio,omitempty"`
	Outage         float64 `json:"outage_seconds,omitempty"`
}

// MarshalJSON writes rates in bit/s, times in seconds, loss as a ratio.
func (b Bounds) MarshalJSON() ([]byte, error) {
	return json.Marshal(boundsJSON{
		Download: float64(b.Download), Upload: float64(b.Upload), OneWayDelay: b.OneWayDelay.Seconds(), RoundTripDelay: b.RoundTripDelay.Seconds(),
		DelayVariation: b.DelayVariation.Seconds(), LoadedDelay: b.LoadedDelay.Seconds(), Loss: b.Loss, Outage: b.Outage.Seconds(),
	})
}

// UnmarshalJSON reads what MarshalJSON writes; unknown fields are ignored.
func (b *Bounds) UnmarshalJSON(data []byte) error {
	var j boundsJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return err
	}
	var bad error
	seconds := func(field string, v float64) time.Duration {
		if !(v >= 0 && v < math.MaxInt32) {
			bad = fmt.Errorf("%s: %v, expected seconds from 0", field, v)
		}
		return time.Duration(math.Round(v * 1e9))
	}
	*b = Bounds{
		Download: ippm.Rate(j.Download), Upload: ippm.Rate(j.Upload), Loss: j.Loss,
		OneWayDelay: seconds("one_way_delay_seconds", j.OneWayDelay), RoundTripDelay: seconds("round_trip_delay_seconds", j.RoundTripDelay),
		DelayVariation: seconds("delay_variation_seconds", j.DelayVariation), LoadedDelay: seconds("loaded_delay_seconds", j.LoadedDelay), Outage: seconds("outage_seconds", j.Outage),
	}
	return bad
}
