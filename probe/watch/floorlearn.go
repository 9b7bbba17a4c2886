package watch

import (
	"fmt"
	"time"

	"examlink/probe/ippm"
	"examlink/probe/ratetest"
	"examlink/probe/verdict"
	"examlink/probe/warning"
	"examlink/probe/wire"
)

// learn keeps the rate that a test read below the minimum. A test that did not
// queue may have asked for too little: the next one tries more, step by step.
func (w *watcher) learn(f ratetest.Floor, noise time.Duration) {
	known := float64(w.known[f.Direction])
	switch v, low := f.Rate.Value, f.Rate.Low; {
	case f.Decision == ippm.Accept:
		known, w.climbing[f.Direction] = 0, true
	case v != nil:
		known, w.climbing[f.Direction] = *v, false
	case known > 0 && low != nil && f.Rise.Duration() < max(doubtRise, doubtNoise*noise):
		known, w.climbing[f.Direction] = max(known, f.Offered()*knownStep), true
	}
	if known >= f.Target {
		known = 0
	}
	w.known[f.Direction] = ippm.Rate(known)
}

// prove keeps the rate that a test at the minimum or above carried without a queue.
func (w *watcher) prove(f ratetest.Floor) {
	low := ippm.Rate(0)
	if f.Decision == ippm.Accept && f.Rate.Value == nil {
		low = min(ippm.Rate(*f.Rate.Low), w.wanted(f.Direction))
	}
	w.proved[f.Direction] = low
}

// wanted returns the recommended rate of a direction.
func (w *watcher) wanted(d wire.Direction) ippm.Rate {
	if d == wire.Up {
		return w.o.Policy.Recommended.Upload
	}
	return w.o.Policy.Recommended.Download
}

// recommend judges a test against the recommended rate. The worse direction
// counts.
func (w *watcher) recommend(f ratetest.Floor, at time.Time) {
	want := float64(w.wanted(f.Direction))
	level := warning.Unknown
	switch {
	case want <= 0, f.Decision == ippm.Reject: // below the minimum raises its own warning
		return
	case f.Rate.High != nil && *f.Rate.High < want:
		level = warning.Bad
	case f.Rate.Low != nil && *f.Rate.Low >= want:
		level = warning.Good
	}
	if f.Glance || level == warning.Unknown {
		return // too short to judge this
	}
	w.recommended[f.Direction] = level
	w.gentle[f.Direction] = 0
	o := warning.Observation{At: at, Level: level}
	if level == warning.Bad {
		o.Evidence = fmt.Sprintf("%s %s at %s; %s is recommended", f.Direction, f.Rate.String(), at.Format("15:04:05"), verdict.Format(want, "bit/s"))
	}
	for _, l := range w.recommended {
		if l == warning.Bad && level == warning.Good {
			return
		}
	}
	w.observe(warning.BelowRecommended, o)
}
