package clock

import "time"

// Shifted is a clock whose wall clock is put right by a fixed time: a server's, when
// the host's own is wrong.
type Shifted struct {
	Clock
	By time.Duration
}

// Wall implements Clock.
func (c Shifted) Wall() time.Time { return c.Clock.Wall().Add(c.By) }
