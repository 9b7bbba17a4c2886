package plan

import (
	"math/rand/v2"
	"slices"
	"time"
)

// Chosen by us.
const (
	// Hours of the day, in the student's zone, from which checks other than that
	// at the exam's hour are drawn. Lines are shared most in the evening.
	dayFrom      = 8
	eveningFrom  = 18
	eveningUntil = 23
	// spread is the distance in hours between the checks of a day.
	spread = 2
	// checkRoom is left between a check and whatever follows: a check takes a
	// quarter of a minute, longer on a slow link.
	checkRoom = 5 * time.Minute
	// extraWithin bounds the delay of a check that is required but has no regular
	// hour.
	extraWithin = time.Hour
	// horizon bounds the data. No program runs for a year without a restart, and
	// each restart makes a new plan.
	horizon = 366 * 24 * time.Hour
)

// checks draws the checks of the idle phase [from, to). It places one before
// the deadline and one in the phase, if there is room.
func checks(from, to, deadline time.Time, w Window, o Options) []time.Time {
	last := to.Add(-checkRoom)
	out := regular(from, last, w, o)
	for _, by := range []time.Time{deadline.Add(-checkRoom), last} {
		room := by.Sub(from)
		if room <= 0 || by.After(last) || len(out) > 0 && !out[0].After(by) {
			continue
		}
		// The computer is on now, but may be off later.
		r := rand.New(rand.NewPCG(o.Seed, uint64(from.Unix())))
		extra := from.Add(time.Duration(r.Float64() * float64(min(room, extraWithin)))).Truncate(time.Second)
		if extra.Before(from) {
			extra = from
		}
		out = append([]time.Time{extra}, out...)
	}
	return out
}

// regular draws each day's checks between from and last; days are those of the
// student's zone. A day's checks do not depend on from.
func regular(from, last time.Time, w Window, o Options) (out []time.Time) {
	last = earlier(last, from.Add(horizon))
	exam := w.Start.In(o.Local).Hour()
	y, m, d := from.In(o.Local).Date()
	for ; !time.Date(y, m, d, 0, 0, 0, 0, o.Local).After(last); d++ {
		day := time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400
		r := rand.New(rand.NewPCG(o.Seed, uint64(day)))
		for _, hour := range hours(r, exam, o.ChecksPerDay) {
			// Where clocks skip the hour, Date returns an adjacent one.
			at := time.Date(y, m, d, hour, r.IntN(60), r.IntN(60), 0, o.Local).In(w.Zone)
			if !at.Before(from) && !at.After(last) {
				out = append(out, at)
			}
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	return out
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// hours draws n different hours of a day: the exam's, one in the evening unless
// the exam's already is, and others.
func hours(r *rand.Rand, exam, n int) []int {
	out := []int{exam}
	if exam < eveningFrom || exam >= eveningUntil {
		out = append(out, draw(r, eveningFrom, eveningUntil, out))
	}
	for len(out) < n {
		out = append(out, draw(r, dayFrom, eveningUntil, out))
	}
	return out
}

// draw picks an hour from low to before high at a distance from those taken;
// failing that, any that is not taken.
func draw(r *rand.Rand, low, high int, taken []int) int {
	order := r.Perm(high - low)
	for away := spread; away > 0; away-- {
		for _, i := range order {
			hour := low + i
			if !slices.ContainsFunc(taken, func(t int) bool {
				apart := max(hour-t, t-hour)
				return min(apart, 24-apart) < away
			}) {
				return hour
			}
		}
	}
	return low + order[0] // not reached: there are more hours than checks
}
