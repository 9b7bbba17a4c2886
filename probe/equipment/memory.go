package equipment

import (
	"fmt"
	"math"
	"strconv"
)

// Memory, chosen by us.
const (
	// reserved is the share of the installed memory that firmware and graphics keep, so
	// that a system reports less: a bound counts as met from 1 - reserved of it.
	reserved = 1.0 / 8
	// leastRounded and mostRounded are limits of browsers, in GiB: what is less, or more,
	// is reported as the limit by some. W3C Device Memory leaves them to the browser.
	leastRounded, mostRounded = 2, 8

	mebibyte = 1 << 20
	gibibyte = 1 << 30
)

// judgeMemory judges the main memory.
func judgeMemory(f Facts, r Requirements) (Finding, bool) {
	x := Finding{ID: IDMemory, Required: FormatMemory(r.Memory)}
	if r.Memory <= 0 {
		x.Required = FormatMemory(r.MemoryRecommended) + " recommended"
	}
	if r.Memory <= 0 && r.MemoryRecommended <= 0 {
		return x, false
	}
	low, high, ok := f.Memory.bounds()
	if !ok {
		return x.notKnown(CauseUnseen, "memory.unseen", elsewhere(f, askAbout), nil), true
	}
	amount, rounded := f.Memory.amount()
	x.Found = amount
	if rounded != "" {
		x.Found = "about " + amount
	}
	v := Values{"found": amount, "needed": FormatMemory(r.Memory), "advised": FormatMemory(r.MemoryRecommended)}
	below := func(bound int) bool { return bound > 0 && high < float64(bound)*mebibyte*(1-reserved) }
	reaches := func(bound int) bool { return bound <= 0 || low >= float64(bound)*mebibyte*(1-reserved) }
	switch {
	case below(r.Memory):
		return x.notMet(CauseBelow, "memory.below"+rounded, "memory.below.todo", v), true
	case !reaches(r.Memory):
		return x.notKnown(CauseUncertain, "memory.uncertain", elsewhere(f, askAbout), v), true
	case below(r.MemoryRecommended), !reaches(r.MemoryRecommended) && r.Memory <= 0:
		return x.onlyJust(CauseAdvised, "memory.advised"+rounded, "memory.advised.todo", v), true
	}
	return x.met("memory.met"+rounded, v), true
}

// bounds returns between which amounts the memory lies, in bytes. What browsers round
// to is a power of two; older ones round down, newer ones to the nearest.
func (m *Memory) bounds() (low, high float64, ok bool) {
	switch {
	case m == nil:
		return 0, 0, false
	case m.Bytes != nil && *m.Bytes > 0:
		return float64(*m.Bytes), float64(*m.Bytes), true
	case m.Rounded == nil || !(*m.Rounded > 0):
		return 0, 0, false
	}
	low, high = 0.75**m.Rounded*gibibyte, 2**m.Rounded*gibibyte
	if *m.Rounded <= leastRounded {
		low = 0
	}
	if *m.Rounded >= mostRounded {
		high = math.Inf(1)
	}
	return low, high, true
}

// amount writes the memory for people; rounded is ".rounded" if a browser rounded it.
func (m *Memory) amount() (amount, rounded string) {
	if m.Bytes != nil && *m.Bytes > 0 {
		return FormatMemory(int(*m.Bytes / mebibyte)), ""
	}
	return fmt.Sprintf("%g GB", *m.Rounded), ".rounded"
}

// FormatMemory writes an amount of memory in MiB for people, in the units that Windows
// and macOS show: MB below 2 GB.
func FormatMemory(mebibytes int) string {
	if mebibytes < 2048 {
		return fmt.Sprintf("%d MB", mebibytes)
	}
	return strconv.FormatFloat(math.Round(float64(mebibytes)/1024*10)/10, 'f', -1, 64) + " GB"
}
