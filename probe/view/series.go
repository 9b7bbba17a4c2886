package view

import (
	"slices"

	"examlink/probe"
	"examlink/probe/wire"
)

// mostPoints is how many points of each kind are kept: of delays, six hours. Chosen by
// us; the record has all.
const mostPoints = 6 * 3600 / 5

// Series keeps the points of the charts. The zero value is ready. It is not safe for
// concurrent use.
type Series struct {
	Most   int // points of each kind that are kept; 0: mostPoints
	last   int
	rates  []RatePoint
	delays []DelayPoint
}

// Floor adds a test of the rate, if it had a result. A glance has none that decides.
func (s *Series) Floor(e probe.FloorEvent) {
	f := e.Floor
	if f.Glance || f.Outcome == probe.FloorInconclusive || f.Rate.Value == nil && f.Rate.Low == nil && f.Rate.High == nil {
		return
	}
	direction := "download"
	if f.Direction == wire.Up {
		direction = "upload"
	}
	s.last++
	s.rates = kept(append(s.rates, RatePoint{s.last, e.At, direction, f.Rate, f.Outcome == probe.FloorBelow}), s.Most)
}

// Window adds a finished window.
func (s *Series) Window(e probe.WindowEvent) {
	a := e.Account
	s.last++
	p := DelayPoint{Number: s.last, From: e.From, To: e.To}
	if d, ok := a.RoundTrip.Quantile(0.5); ok {
		seconds := d.Seconds()
		p.RoundTrip = &seconds
	}
	if d, ok := a.RoundTrip.Quantile(0.95); ok {
		seconds := d.Seconds()
		p.RoundTrip95 = &seconds
	}
	if sent := a.Sent - min(a.LostInGaps(), a.Sent); sent > 0 && a.OverTCP == 0 {
		share := float64(a.Lost()-a.LostInGaps()) / float64(sent)
		p.LostShare = &share
	}
	s.delays = kept(append(s.delays, p), s.Most)
}

// kept drops the oldest points.
func kept[T any](points []T, most int) []T {
	if most == 0 {
		most = mostPoints
	}
	return slices.Delete(points, 0, max(len(points)-most, 0))
}

// Fill puts the points after a number into a state.
func (s *Series) Fill(to *State, after int) {
	to.Last = s.last
	to.Rates, to.Delays = []RatePoint{}, []DelayPoint{}
	for i := range s.rates {
		if s.rates[i].Number > after {
			to.Rates = append(to.Rates, s.rates[i:]...)
			break
		}
	}
	for i := range s.delays {
		if s.delays[i].Number > after {
			to.Delays = append(to.Delays, s.delays[i:]...)
			break
		}
	}
}
