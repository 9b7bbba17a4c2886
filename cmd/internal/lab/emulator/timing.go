//go:build linux

package emulator

import "time"

// stallFrom is how much longer than planned a turn of the loop takes to count
// as a stall. Chosen by us.
const stallFrom = time.Millisecond

// Stalls counts the times when the emulator itself did not run. It read the
// packets that had arrived meanwhile late, so the link was slower than its model.
type Stalls struct {
	Count   int     `json:"count"`
	Longest float64 `json:"longest"` // seconds
	Total   float64 `json:"total"`   // seconds
}

// turn counts a turn of the loop that took so much longer than it meant to sleep.
func (s *Stalls) turn(over time.Duration) {
	if over <= stallFrom {
		return
	}
	s.Count++
	s.Longest = max(s.Longest, over.Seconds())
	s.Total += over.Seconds()
}

// Lateness is how late packets left, compared with the model, in seconds.
type Lateness struct {
	Count  uint64  `json:"count"`
	Median float64 `json:"median"`
	P99    float64 `json:"p99"`
	Max    float64 `json:"max"`
}
