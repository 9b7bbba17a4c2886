package session

import "sync"

// reportDedup holds the highest accepted report number by join token and
// origin, so that repeats are recognized in any session.
type reportDedup struct {
	mu      sync.Mutex
	most    int
	highest map[string]uint64
}

// bound changes the maximum number of origins.
func (d *reportDedup) bound(most int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.most = most
}

func (d *reportDedup) above(token, origin string, n uint64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return n > d.highest[token+"\x00"+origin]
}

func (d *reportDedup) note(token, origin string, n uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.highest == nil || len(d.highest) >= d.most {
		d.highest = map[string]uint64{}
	}
	d.highest[token+"\x00"+origin] = n
}
