//go:build !linux && !windows && !darwin

package clock

import "time"

// bootTime has no clock here that runs through a suspend; the wall clock has to
// serve, and a suspend cannot be distinguished from a step.
func bootTime() (time.Duration, bool) { return 0, false }
