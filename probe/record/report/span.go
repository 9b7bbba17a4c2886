package report

import (
	"slices"
	"time"
)

// span is a time interval.
type span struct{ from, to time.Time }

// spans are sorted and disjoint. The zero value is empty.
type spans []span

// union sorts spans and merges those that touch. Empty or inverted ones are
// dropped.
func union(in []span) (out spans) {
	in = slices.DeleteFunc(slices.Clone(in), func(s span) bool { return !s.to.After(s.from) })
	slices.SortFunc(in, func(a, b span) int { return a.from.Compare(b.from) })
	for _, s := range in {
		if n := len(out); n > 0 && !s.from.After(out[n-1].to) {
			if s.to.After(out[n-1].to) {
				out[n-1].to = s.to
			}
			continue
		}
		out = append(out, s)
	}
	return out
}

// and returns the intersection of s and o.
func (s spans) and(o spans) (out spans) {
	for i, j := 0, 0; i < len(s) && j < len(o); {
		from, to := s[i].from, s[i].to
		if o[j].from.After(from) {
			from = o[j].from
		}
		if o[j].to.Before(to) {
			to = o[j].to
		}
		if to.After(from) {
			out = append(out, span{from, to})
		}
		if s[i].to.Before(o[j].to) {
			i++
		} else {
			j++
		}
	}
	return out
}

// length returns the total length.
func (s spans) length() (d time.Duration) {
	for _, x := range s {
		d += x.to.Sub(x.from)
	}
	return d
}

// without returns the parts of s outside o.
func (s spans) without(o spans) (out spans) {
	for _, x := range s {
		for _, y := range o {
			if !y.to.After(x.from) || !y.from.Before(x.to) {
				continue
			}
			if y.from.After(x.from) {
				out = append(out, span{x.from, y.from})
			}
			x.from = y.to
		}
		if x.to.After(x.from) {
			out = append(out, x)
		}
	}
	return out
}
