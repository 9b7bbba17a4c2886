package rehearsal

import (
	"testing"
	"time"
)

// at makes pictures that are shown some milliseconds after each was taken.
func at(taken, shownAt []int) (list []shown) {
	for i := range taken {
		list = append(list, shown{stamp: time.Duration(taken[i]) * ms, at: time.Duration(shownAt[i]) * ms})
	}
	return list
}

func TestFreezes(t *testing.T) {
	series := func(from, to, step int) (list []int) {
		for i := from; i < to; i += step {
			list = append(list, i)
		}
		return list
	}
	join := func(lists ...[]int) (all []int) {
		for _, l := range lists {
			all = append(all, l...)
		}
		return all
	}
	regular := series(0, 10_000, 100)
	late := append([]int{}, regular...)
	for i := 50; i < 60; i++ {
		late[i] = 6000 // all of a second at once
	}
	gap := join(series(0, 5000, 100), series(6000, 10_000, 100))
	slides := []int{0, 3000, 3200, 7000, 9500}
	lateSlide := []int{0, 3000, 4500, 7000, 9500}
	for name, c := range map[string]struct {
		taken, shown []int
		steady       bool
		n            int
		frozen       time.Duration
	}{
		"regular":                                         {regular, regular, true, 0, 0},
		"a second of pictures at once":                    {regular, late, true, 1, 1000 * ms},
		"no pictures were taken for a second":             {gap, gap, true, 1, 1000 * ms},
		"the same of a screen, on which nothing changed":  {gap, gap, false, 0, 0},
		"a screen that changes seldom":                    {slides, slides, false, 0, 0},
		"a slide that was late":                           {slides, lateSlide, false, 0, 0}, // below three of its usual times
		"an end without pictures":                         {series(0, 8000, 100), series(0, 8000, 100), true, 1, 2000 * ms},
		"one picture":                                     {[]int{50}, []int{50}, true, 1, 10_000 * ms},
		"one picture of a screen":                         {[]int{50}, []int{50}, false, 0, 0},
		"nothing":                                         {nil, nil, true, 0, 0},
		"two late by less than 150 ms more than expected": {regular, join(series(0, 5000, 100), []int{5140, 5140}, series(5200, 10_000, 100)), true, 0, 0},
	} {
		x := freezes(at(c.taken, c.shown), c.steady, 0, 10*time.Second)
		if x.times != c.n || (x.frozen-c.frozen).Abs() > 150*ms {
			t.Errorf("%s: %+v, expected %d of %v", name, x, c.n, c.frozen)
		}
		if source := c.n > 0 && len(c.taken) == len(gap) && c.taken[50] == 6000; source != (x.source > 0) {
			t.Errorf("%s: %v without pictures of the browser", name, x.source)
		}
	}
}

// What lies outside of the time that is judged does not count.
func TestFreezesWithinATime(t *testing.T) {
	list := at([]int{0, 100, 200, 4000, 4100, 4200, 4300}, []int{0, 100, 200, 4000, 4100, 4200, 4300})
	if x := freezes(list, true, 3*time.Second, 4300*ms); x.times != 1 || (x.frozen-900*ms).Abs() > ms || x.source != x.frozen {
		t.Errorf("%+v, expected the second since 3 s without what is usual", x)
	}
	if x := freezes(list, true, 4*time.Second, 4300*ms); x.times != 0 {
		t.Errorf("%+v in a time without any", x)
	}
}
