//go:build !linux && !windows && !darwin

package clock

import "time"

// bootTime knows no clock that runs through a suspend here; the wall clock has
// to serve, and a suspend cannot be told from a step.
func bootTime() (time.Duration, bool) { return 0, false }
