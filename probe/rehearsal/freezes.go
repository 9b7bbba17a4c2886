package rehearsal

import (
	"slices"
	"time"
)

// What a freeze is, as the statistics of WebRTC count it (W3C, freezeCount): a picture that
// stays for more than three times as long as pictures do, and for at least 150 ms longer.
const (
	freezeTimes = 3
	freezeMore  = 150 * time.Millisecond
)

// still is how often and for how long in all a stream stood still.
type still struct {
	times  int
	frozen time.Duration
	source time.Duration // of frozen: the browser took or sent no pictures then
}

// freezes returns how a stream stood still between two times. A webcam makes pictures steadily; a screen only when something on it changes, so there each
// picture is expected as long after the one before as the browser's stamps say.
func freezes(list []shown, steady bool, from, to time.Duration) (x still) {
	usual, ok := interval(list, from, to)
	if !ok {
		if steady && len(list) > 0 { // one picture for all the time
			return still{times: 1, frozen: to - from}
		}
		return x
	}
	stands := func(begin, end, expected, taken time.Duration) {
		begin, end = max(begin, from), min(end, to)
		long := max(freezeTimes*expected, expected+freezeMore)
		if d := end - begin; d > long {
			x.times++
			x.frozen += d - expected
			if taken > long {
				x.source += min(d, taken) - expected
			}
		}
	}
	for i, s := range list {
		if i == 0 || s.at < from || list[i-1].at >= to {
			continue
		}
		expected, taken := usual, s.stamp-list[i-1].stamp
		if !steady {
			expected = max(usual, taken)
		}
		stands(list[i-1].at, s.at, expected, taken)
	}
	if last := list[len(list)-1]; steady && last.at < to {
		stands(last.at, to, usual, 0)
	}
	return x
}

// interval returns the median time between pictures by the browser's stamps, of those shown
// from one time to another; ok is false if there are fewer than two.
func interval(list []shown, from, to time.Duration) (d time.Duration, ok bool) {
	var all []time.Duration
	for i, s := range list {
		if i > 0 && s.at >= from && s.at < to {
			all = append(all, s.stamp-list[i-1].stamp)
		}
	}
	if len(all) == 0 {
		return 0, false
	}
	slices.Sort(all)
	return all[len(all)/2], true
}
