// Package report turns a record into an account for people: as text, as JSON,
// and as one HTML page with a timeline.
//
// It counts and summarizes what a record shows, and states what is unknown. It
// does not judge people: a record is evidence about a network and the computer
// it was measured on.
package report

import (
	"cmp"
	"slices"
	"time"

	"examlink/probe/record"
	"examlink/probe/wire"
)

// Schema names the JSON format of Account.
const Schema = "examlink.record-report/2"

// Account summarizes the records of one exam. Times are in the first record's zone,
// durations in seconds, rates in bit/s; nil is unknown.
type Account struct {
	Schema   string   `json:"schema"`
	Headline string   `json:"headline"`
	Exam     string   `json:"exam"`
	Student  string   `json:"student,omitempty"` // a pseudonym; empty: not known
	Sessions []string `json:"sessions"`
	Server   string   `json:"server"`
	Client   string   `json:"client"`
	System   string   `json:"system"`
	Zone     string   `json:"zone"`
	Policy   Policy   `json:"policy"`

	From    record.Time `json:"from"`
	To      record.Time `json:"to"`
	Watched float64     `json:"watched_seconds"` // time the network was watched, interruptions included
	Away    float64     `json:"away_seconds"`    // time between From and To without watching

	// Window is the exam's time and which part of it was watched; nil: not known.
	Window *Window `json:"exam_window"`

	Down        Direction `json:"download"`
	Up          Direction `json:"upload"`
	Interrupted float64   `json:"interrupted_seconds"` // total caused by the network or the server
	Gaps        []Gap     `json:"gaps"`                // of all causes, in order
	Longest     *Gap      `json:"longest_gap"`         // of all causes
	Warnings    []Warning `json:"warnings"`            // ordered by start
	Figures     Figures   `json:"figures"`

	Integrity string `json:"integrity"` // in plain words
	// Countersigned says, in plain words, how far the server has countersigned the records.
	// Nothing of it is verified, which takes the server's key.
	Countersigned string       `json:"countersigned"`
	Files         []File       `json:"files"`   // in the order in which they begin
	Chain         record.Chain `json:"chain"`   // of all files together; the head of the last
	Unknown       []string     `json:"unknown"` // what is unknown, in plain words

	zone    *time.Location
	minutes []record.Minute
	floors  []floorAt
}

// Direction compares the rate of one direction with the policy.
type Direction struct {
	Minimum          float64  `json:"minimum_bits_per_second"`
	Recommended      float64  `json:"recommended_bits_per_second"` // 0: none
	Tests            int      `json:"tests"`
	Below            int      `json:"tests_below_minimum"`
	BelowRecommended int      `json:"tests_below_recommended"` // tests that measured a rate below it
	Inconclusive     int      `json:"tests_inconclusive"`
	Lowest           *float64 `json:"lowest_bits_per_second"`       // measured
	AtLeast          *float64 `json:"lowest_bound_bits_per_second"` // of tests that measured only a lower bound
	BelowFor         *float64 `json:"below_minimum_seconds"`
	BelowShare       *float64 `json:"below_minimum_share"` // of the time watched
}

// Gap is a period without figures.
type Gap struct {
	N        int     `json:"n"`
	Duration float64 `json:"duration_seconds"`
	record.Gap
}

// ofNetwork reports whether the gap counts as watched: the network or the
// server did not answer.
func (g Gap) ofNetwork() bool {
	return g.Cause == record.Network || g.Cause == record.ServerGone || g.Cause == record.TransportChange
}

func (g Gap) span() span { return span{g.From.Time, g.To.Time} }

// floorAt is a floor test with the time it ended.
type floorAt struct {
	T time.Time
	record.Floor
}

// gaps sorts the gaps and finds the longest.
func (a *Account) gaps() {
	slices.SortStableFunc(a.Gaps, func(x, y Gap) int { return x.From.Compare(y.From.Time) })
	var cut []span
	for i := range a.Gaps {
		g := &a.Gaps[i]
		g.N, g.Duration = i+1, g.Gap.Duration().Seconds()
		if g.Duration > 0 && (a.Longest == nil || g.Duration > a.Longest.Duration) {
			a.Longest = g
		}
		if g.ofNetwork() {
			cut = append(cut, g.span())
		}
	}
	a.Interrupted = union(cut).length().Seconds()
}

// watched returns the spans in which the network was watched.
func (a *Account) watched() spans {
	var in, out []span
	for _, m := range a.minutes {
		in = append(in, span{m.From.Time, m.To.Time})
	}
	for _, g := range a.Gaps {
		if g.ofNetwork() {
			in = append(in, g.span())
		} else {
			out = append(out, g.span())
		}
	}
	return union(in).without(union(out))
}

// direction summarizes one direction; below holds the spans in which its rate
// was below the minimum.
func (a *Account) direction(d wire.Direction, below spans) Direction {
	out := Direction{Minimum: a.Policy.Minimum.of(d), Recommended: a.Policy.Recommended.of(d)}
	for _, f := range a.floors {
		if f.Direction != d {
			continue
		}
		out.Tests++
		switch f.Outcome {
		case "below":
			out.Below++
		case "inconclusive":
			out.Inconclusive++
		}
		switch {
		case f.Rate != nil:
			out.Lowest = least(out.Lowest, *f.Rate)
			if *f.Rate < out.Recommended {
				out.BelowRecommended++
			}
		case f.Low != nil && f.Outcome == "meets":
			out.AtLeast = least(out.AtLeast, *f.Low)
		}
	}
	if a.Watched > 0 && out.Tests > out.Inconclusive {
		s := below.length().Seconds()
		share := s / a.Watched
		out.BelowFor, out.BelowShare = &s, &share
	}
	return out
}

func least[T cmp.Ordered](a *T, b T) *T {
	if a == nil || b < *a {
		return &b
	}
	return a
}
