package plan

import (
	"fmt"
	"testing"
	"time"
)

// Each whole day has checks at the exam's hour and in an evening hour of the
// student's zone, and no two in the same hour.
func TestHoursOfChecks(t *testing.T) {
	for _, x := range windows {
		w := window(t, x[0], x[1], x[2])
		for _, name := range students[1:] {
			loc := zone(t, name)
			for seed := range uint64(5) {
				now := w.Start.AddDate(0, 0, -9)
				p := sound(t, now, w, Options{Seed: seed, Local: loc})
				type of struct {
					exam, evening, all int
					hours              map[int]bool
				}
				days := map[string]*of{}
				for _, c := range p.Entries[0].Checks {
					c = c.In(loc)
					day := c.Format(time.DateOnly)
					if days[day] == nil {
						days[day] = &of{hours: map[int]bool{}}
					}
					d := days[day]
					d.all++
					d.hours[c.Hour()] = true
					if c.Hour() == w.Start.In(loc).Hour() {
						d.exam++
					}
					if c.Hour() >= 18 && c.Hour() < 23 {
						d.evening++
					}
				}
				y, m, first := now.In(loc).Date()
				for d := first + 1; ; d++ {
					if end := time.Date(y, m, d+1, 0, 0, 0, 0, loc); end.After(p.Entries[0].To.Add(-checkRoom)) {
						break
					}
					date := time.Date(y, m, d, 12, 0, 0, 0, loc)
					got := days[date.Format(time.DateOnly)]
					if got == nil || got.all != 3 || got.evening == 0 || len(got.hours) != 3 {
						t.Fatalf("%v in %s on %v: %+v", w.Start, name, date, got)
					}
					hour := w.Start.In(loc).Hour()
					if exists := time.Date(y, m, d, hour, 0, 0, 0, loc).Hour() == hour; exists && got.exam == 0 {
						t.Fatalf("%v in %s on %v: no check at %d o'clock: %+v", w.Start, name, date, hour, got)
					}
				}
			}
		}
	}
}

// A plan made again later has the same remaining checks.
func TestChecksStay(t *testing.T) {
	w := window(t, "2026-11-30T09:00", "2026-11-30T16:50", "America/Denver")
	o := Options{Seed: Seed("t1"), Local: zone(t, "Europe/Berlin")}
	p := sound(t, w.Start.AddDate(0, 0, -12), w, o)
	for now := p.Made; now.Before(w.Start.AddDate(0, 0, -4)); now = now.Add(5 * time.Hour) {
		later := sound(t, now, w, o)
		got, _ := later.NextCheck(now)
		want, ok := p.NextCheck(now)
		if !ok || !got.Equal(want) {
			t.Fatalf("from %v the next check is %v, before it was %v", now, got, want)
		}
	}
}

// Students' checks are spread, and evenings differ.
func TestStudentsAreSpread(t *testing.T) {
	w := window(t, "2026-11-30T09:00", "2026-11-30T16:50", "America/Denver")
	now := w.Start.AddDate(0, 0, -5)
	minutes, hours := map[string]int{}, map[int]int{}
	const n = 1000
	for i := range n {
		p := sound(t, now, w, Options{Seed: Seed(fmt.Sprint("student ", i))})
		for _, c := range p.Entries[0].Checks {
			minutes[c.Format("02 15:04")]++
			hours[c.Hour()]++
		}
	}
	for at, k := range minutes {
		if k > n/20 {
			t.Errorf("%d of %d come at %s", k, n, at)
		}
	}
	for _, h := range []int{9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22} {
		if hours[h] == 0 {
			t.Errorf("nobody comes at %d o'clock: %v", h, hours)
		}
	}
}

// A distant window does not make an endless plan.
func TestFarAway(t *testing.T) {
	w := window(t, "9000-11-30T09:00", "9000-11-30T16:50", "America/Denver")
	p := Make(at(t, "2026-01-01T00:00Z"), w, Options{})
	if n := len(p.Entries[0].Checks); n < 3*360 || n > 3*370 {
		t.Errorf("%d checks", n)
	}
	_ = p.String()
}
