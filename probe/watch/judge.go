package watch

import (
	"fmt"
	"time"

	"examlink/probe/ippm"
	"examlink/probe/monitor"
	"examlink/probe/ratetest"
	"examlink/probe/verdict"
	"examlink/probe/warning"
)

// Chosen by us.
const (
	clearFactor   = 1.2 // a warning clears at this distance from the bound, never at it
	decisiveShare = 0.9 // a floor test below this share of the bound needs no confirmation
	windowLeast   = 10  // packets needed to judge a window
	windowUnsent  = 5   // the host was busy if more than one packet in windowUnsent was unsent
	windowLosses  = 2   // losses that make a window lossy
	// trainShare is the share of packets that our own trains cannot delay: a train
	// is much shorter than a window.
	trainShare = 0.1
)

// trackers holds one tracker per kind of warning.
type trackers map[warning.Kind]*warning.Tracker

// newTrackers returns the trackers of a watch. They outlive sessions, so that a
// warning persists when the server has lost the session.
func newTrackers() trackers {
	t := trackers{}
	for _, k := range warning.Kinds() {
		r := warning.Rule{Raise: 3, Of: 4, Clear: 6, Rejoin: time.Minute} // windows
		switch k {
		case warning.DownloadBelowMinimum, warning.UploadBelowMinimum, warning.BelowRecommended: // floor tests
			r = warning.Rule{Raise: 2, Of: 3, Clear: 3, Rejoin: 2 * time.Minute}
		case warning.Delay:
			r = warning.Rule{Raise: 2, Of: 3, Clear: 6, Rejoin: time.Minute}
		case warning.Loss: // no number of bad windows raises it: LossHistory makes it decisive
			r = warning.Rule{Raise: monitor.LossWindows + 1, Of: monitor.LossWindows, Clear: 6, Rejoin: time.Minute}
		case warning.UDPBlocked: // observed at every connect
			r = warning.Rule{Raise: 1, Of: 1, Clear: 1, Rejoin: 10 * time.Second}
		case warning.Outage: // a computer that scans for Wi-Fi networks does it every 10 to 15 s
			r = warning.Rule{Raise: 1, Of: 1, Clear: 1, Rejoin: time.Minute}
		}
		t[k] = warning.NewTracker(k, "", r)
	}
	return t
}

// judgeWindow judges one window of the monitor stream for each kind that is judged
// by windows. past is nil if losses are not to be judged.
func judgeWindow(a *monitor.Account, p verdict.Policy, e WindowEvent, past *monitor.Losses) map[warning.Kind]warning.Observation {
	out := map[warning.Kind]warning.Observation{}
	unsent := a.UnsentByHost()
	busy := unsent*windowUnsent > a.Sent
	level := warning.Good
	if busy {
		level = warning.Bad
	}
	out[warning.HostBusy] = warning.Observation{
		At: e.To, Since: e.From, Level: level, Evidence: fmt.Sprintf("%d packets could not be sent on time", unsent),
	}
	if busy || e.Silent || a.Sent < windowLeast {
		return out
	}
	observe := func(k warning.Kind, name string, value, bound float64, unit string, level warning.Level) {
		if bound <= 0 {
			return
		}
		o := warning.Observation{At: e.To, Since: e.From, Level: warning.Fair}
		switch {
		case value > bound && level >= warning.Bad:
			o.Level = level
			o.Evidence = fmt.Sprintf("%s is %s, the limit is %s", name, verdict.Format(value, unit), verdict.Format(bound, unit))
		case value <= bound/clearFactor:
			o.Level = warning.Good
		}
		if was, ok := out[k]; !ok || o.Level > was.Level { // the worse direction counts
			out[k] = o
		}
	}
	loss := func(name string, h *monitor.LossHistory, lost, of uint64) {
		if of == 0 {
			return
		}
		h.Add(lost, of)
		share, level := float64(lost)/float64(of), warning.Fair
		if lost >= windowLosses {
			level = warning.Bad
			if all, ok := h.Beyond(p.Minimum.Loss); ok {
				share, level = max(share, all), warning.Decisive
			}
		}
		observe(warning.Loss, name, share, p.Minimum.Loss, "ratio", level)
	}
	if past != nil && a.OverTCP == 0 { // over TCP a loss shows as delay
		loss("loss up", &past.Up, a.LostUp+a.LostUnknown, a.Sent)
		loss("loss down", &past.Down, a.LostDown, a.Sent-min(a.LostUp, a.Sent))
	}
	if a.Received < windowLeast {
		return out
	}
	for name, h := range map[string][2]*ippm.Histogram{"delay up": {&a.OneWayUp, &a.LoadedUp}, "delay down": {&a.OneWayDown, &a.LoadedDown}} {
		if d, ok := typicalDelay(h[0], h[1], p.Minimum.OneWayDelay+a.OneWayBound); ok {
			observe(warning.Delay, name, (d - a.OneWayBound).Seconds(), p.Minimum.OneWayDelay.Seconds(), "s", warning.Bad)
		}
	}
	// The round trip includes packets that our own trains delayed.
	if d, ok := typicalDelay(&ippm.Histogram{}, &a.RoundTrip, p.Minimum.RoundTripDelay); ok {
		observe(warning.Delay, "the round trip", d.Seconds(), p.Minimum.RoundTripDelay.Seconds(), "s", warning.Bad)
	}
	for name, h := range map[string]*ippm.Histogram{"delay variation up": &a.PDVUp, "delay variation down": &a.PDVDown} {
		if d, ok := h.Quantile(0.9); ok && h.Count() >= windowLeast {
			observe(warning.DelayVariation, name, d.Seconds(), p.Minimum.DelayVariation.Seconds(), "s", warning.Bad)
		}
	}
	return out
}

// typicalDelay returns the median one-way delay of a window. If our own trains
// leave too few unaffected packets, it uses all packets: trains only add delay, and
// not to every packet. The link's own delay is then at least the trainShare quantile
// and at most the median of all; ok is false if bound lies between the two.
func typicalDelay(calm, loaded *ippm.Histogram, bound time.Duration) (d time.Duration, ok bool) {
	if calm.Count() >= windowLeast {
		return calm.Quantile(0.5)
	}
	var all ippm.Histogram
	all.Merge(calm)
	all.Merge(loaded)
	if all.Count() < windowLeast {
		return 0, false
	}
	if d, ok = all.Quantile(trainShare); ok && d > bound {
		return d, true
	}
	d, ok = all.Quantile(0.5)
	return d, ok && d <= bound
}

// judgeFloor turns a floor test into an observation for its warning.
func judgeFloor(f ratetest.Floor, at time.Time) warning.Observation {
	o := warning.Observation{At: at, Level: warning.Unknown}
	switch f.Outcome {
	case ratetest.FloorMeets:
		o.Level = warning.Fair
		// A test that did not fill the link has shown its target for certain, and
		// what it offered as closely as the path's noise permits.
		if f.Rate.Low != nil && *f.Rate.Low >= clearFactor*f.Target || f.Rate.Value == nil && f.Offered() >= clearFactor*f.Target {
			o.Level = warning.Good
		}
	case ratetest.FloorBelow:
		o.Level = warning.Bad
		if f.Rate.High != nil && *f.Rate.High < decisiveShare*f.Target {
			o.Level = warning.Decisive
		}
		o.Evidence = fmt.Sprintf("%s, the minimum is %s", f.Rate.String(), verdict.Format(f.Target, "bit/s"))
	}
	return o
}
