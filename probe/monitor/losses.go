package monitor

import "examlink/probe/ippm"

// Chosen by us.
const (
	LossWindows = 16    // windows that are judged together
	lossChance  = 0.001 // probability of that many losses on a link that just meets the bound, ...
	lossCalm    = 0.5   // ... or that loses this share of the bound: ...
	lossOdd     = 1e-4  // ... then they must be this improbable, and beyond the bound themselves
	lossyLeast  = 3     // windows that must have losses: a gap or two are no loss rate
)

// Losses holds the losses of the last windows, each way.
type Losses struct{ Up, Down LossHistory }

// LossHistory holds the losses of one direction, the latest window last.
type LossHistory []lossCount

type lossCount struct{ lost, of uint64 }

// Add appends the next window.
func (h *LossHistory) Add(lost, of uint64) {
	*h = append(*h, lossCount{lost, of})
	if n := len(*h) - LossWindows; n > 0 {
		*h = append((*h)[:0], (*h)[n:]...)
	}
}

// Beyond reports whether some number of windows up to the latest together lost more
// than chance explains on a link with loss ratio bound, or more than the bound where
// chance does not explain it on a calm link; it returns their share. Losses in bursts
// count like others, if there are several bursts.
func (h LossHistory) Beyond(bound float64) (share float64, ok bool) {
	var sum lossCount
	lossy := 0
	for i := len(h) - 1; i >= 0; i-- {
		sum.lost += h[i].lost
		sum.of += h[i].of
		if h[i].lost > 0 {
			lossy++
		}
		if lossy < lossyLeast {
			continue
		}
		share := float64(sum.lost) / float64(sum.of)
		if ippm.BinomialTail(sum.lost, sum.of, bound) < lossChance || share > bound && ippm.BinomialTail(sum.lost, sum.of, lossCalm*bound) < lossOdd {
			return share, true
		}
	}
	return 0, false
}
