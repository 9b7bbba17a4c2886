package report

import (
	"cmp"
	"slices"

	"examlink/probe/record"
)

// Figures combines the figures of all minutes.
type Figures struct {
	Minutes     int    `json:"minutes"`
	Sent        uint64 `json:"sent"`
	Received    uint64 `json:"received"`
	LostUp      uint64 `json:"lost_up"`
	LostDown    uint64 `json:"lost_down"`
	LostUnknown uint64 `json:"lost_unknown"`
	LostInGaps  uint64 `json:"lost_in_interruptions"` // of the lost ones
	Unsent      uint64 `json:"unsent"`
	Duplicates  uint64 `json:"duplicates_down"`
	OverTCP     uint64 `json:"over_tcp"` // of Sent: their losses show as delay
	BytesUp     int64  `json:"bytes_up"`
	BytesDown   int64  `json:"bytes_down"`

	RoundTrip   *Spread `json:"round_trip_delay_median_seconds"`
	RoundTrip99 *Spread `json:"round_trip_delay_p99_seconds"`
	OneWayUp    *Spread `json:"one_way_delay_up_median_seconds"`
	OneWayDown  *Spread `json:"one_way_delay_down_median_seconds"`
	IPDVUp      *Spread `json:"ipdv_up_median_seconds"`
	IPDVDown    *Spread `json:"ipdv_down_median_seconds"`
	PDVUp       *Spread `json:"pdv_up_p95_seconds"`
	PDVDown     *Spread `json:"pdv_down_p95_seconds"`
	LossUp      *Spread `json:"loss_up"`   // share of the packets sent, interruptions left out
	LossDown    *Spread `json:"loss_down"` // share of the packets that the server received, the same

	OneWayBound *float64 `json:"one_way_delay_error_bound_seconds"` // the largest

	outside losses // of interruptions
}

// losses are packets that were lost, and how many were sent.
type losses struct{ sent, up, down, unknown uint64 }

// outsideOf returns the losses of a minute that belong to no interruption.
func outsideOf(m *record.Minute) losses {
	return losses{
		sent: m.Sent - min(m.LostInGaps(), m.Sent), up: m.LostUp - min(m.GapUp, m.LostUp),
		down: m.LostDown - min(m.GapDown, m.LostDown), unknown: m.LostUnknown - min(m.GapUnknown, m.LostUnknown),
	}
}

func (l *losses) add(o losses) {
	l.sent += o.sent
	l.up += o.up
	l.down += o.down
	l.unknown += o.unknown
}

func (l losses) all() uint64 { return l.up + l.down + l.unknown }

// Spread is the distribution of one figure over the minutes.
type Spread struct {
	Middle float64     `json:"middle"` // median
	Worst  float64     `json:"worst"`
	At     record.Time `json:"at"` // when the worst minute began
}

func figures(minutes []record.Minute) Figures {
	f := Figures{Minutes: len(minutes)}
	for _, m := range minutes {
		f.Sent += m.Sent
		f.Received += m.Received
		f.LostUp += m.LostUp
		f.LostDown += m.LostDown
		f.LostUnknown += m.LostUnknown
		f.LostInGaps += m.LostInGaps()
		f.outside.add(outsideOf(&m))
		f.Unsent += m.Unsent
		f.Duplicates += m.Duplicates
		f.OverTCP += m.OverTCP
		f.BytesUp += m.BytesUp
		f.BytesDown += m.BytesDown
		if b := m.OneWayBound; b != nil && (f.OneWayBound == nil || *b > *f.OneWayBound) {
			f.OneWayBound = b
		}
	}
	of := func(get func(m *record.Minute) *float64) *Spread { return spreadOf(minutes, get) }
	f.RoundTrip = of(func(m *record.Minute) *float64 { return m.RoundTrip })
	f.RoundTrip99 = of(func(m *record.Minute) *float64 { return m.RoundTrip99 })
	f.OneWayUp = of(func(m *record.Minute) *float64 { return m.OneWayUp })
	f.OneWayDown = of(func(m *record.Minute) *float64 { return m.OneWayDown })
	f.IPDVUp = of(func(m *record.Minute) *float64 { return m.IPDVUp })
	f.IPDVDown = of(func(m *record.Minute) *float64 { return m.IPDVDown })
	f.PDVUp = of(func(m *record.Minute) *float64 { return m.PDVUp })
	f.PDVDown = of(func(m *record.Minute) *float64 { return m.PDVDown })
	seen := func(m *record.Minute, k, n uint64) *float64 {
		if m.OverTCP > 0 { // losses of the network are invisible
			return nil
		}
		return share(k, n)
	}
	f.LossUp = of(func(m *record.Minute) *float64 { l := outsideOf(m); return seen(m, l.up, l.sent) })
	f.LossDown = of(func(m *record.Minute) *float64 { l := outsideOf(m); return seen(m, l.down, l.sent-min(l.up, l.sent)) })
	return f
}

// share returns k/n; nil if n is 0.
func share(k, n uint64) *float64 {
	if n == 0 {
		return nil
	}
	s := float64(k) / float64(n)
	return &s
}

func spreadOf(minutes []record.Minute, get func(*record.Minute) *float64) *Spread {
	var out Spread
	var all []float64
	for i := range minutes {
		v := get(&minutes[i])
		if v == nil {
			continue
		}
		if len(all) == 0 || cmp.Compare(*v, out.Worst) > 0 {
			out.Worst, out.At = *v, minutes[i].From
		}
		all = append(all, *v)
	}
	if len(all) == 0 {
		return nil
	}
	slices.Sort(all)
	out.Middle = all[(len(all)-1)/2]
	return &out
}
