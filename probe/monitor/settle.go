package monitor

import (
	"time"

	"examlink/probe/wire"
)

// settle counts and removes packets whose fate is known, in order. Called locked.
func (m *Stream) settle(now time.Duration) { m.settleAt(now, now) }

// settleAt settles packets as of then; the time is now. Called locked.
func (m *Stream) settleAt(then, now time.Duration) {
	silent, n := now-max(m.lastEcho, m.excused), 0
	for n < len(m.slots) {
		sl := &m.slots[n]
		if sl.fate == pending && then < sl.sent+m.lossAfter {
			break
		}
		if sl.fate == arrived && m.follows && !sl.told && then < sl.x.T4+followWait {
			break
		}
		m.count(sl, m.gaps.holds(m.first+wire.Seq(n), silent))
		n++
	}
	if n > 0 {
		m.slots = append(m.slots[:0], m.slots[n:]...)
		m.first += wire.Seq(n)
		m.gaps.forget(m.first)
	}
}

func (m *Stream) count(sl *slot, inGap bool) {
	if sl.w.closed {
		sl.w = m.window
	}
	w := &sl.w.Account
	if sl.fate == unsent {
		w.Unsent++
		switch {
		case m.HidesLoss:
			w.Stalled++
		case sl.noRoute:
			w.NoRoute++
		}
		m.prevValid = false
		for _, a := range []*Account{w, m.total} {
			a.RunsUp.Break()
			a.RunsDown.Break()
		}
		return
	}
	w.Sent++
	if m.HidesLoss {
		w.OverTCP++
	}
	if sl.fate == pending {
		m.prevValid = false
		if inGap {
			w.lostInGap(sl)
		}
		switch {
		case sl.seen:
			w.LostDown++
			m.runs(w, false, true)
		case sl.covered:
			w.LostUp++
			m.runs(w, true, false)
		default:
			w.LostUnknown++
			m.runs(w, true, false)
		}
		return
	}
	w.Received++
	m.runs(w, false, false)
	x := sl.x
	m.offset.Add(x)
	w.RoundTrip.Add(x.RoundTrip())
	w.JitterUp, _ = m.jitterUp.Value()
	w.JitterDown, _ = m.jitterDown.Value()
	o, ok := m.offset.Split(x)
	if sl.disturbed {
		w.Disturbed++
	}
	if sl.loaded { // our own train caused its delay, not the link
		m.prevValid = false
		if ok && !sl.disturbed {
			w.LoadedUp.Add(o.Up)
			w.LoadedDown.Add(o.Down)
			w.OneWayBound = max(w.OneWayBound, o.Bound)
		}
		return
	}
	if ok {
		w.OneWayUp.Add(o.Up)
		w.OneWayDown.Add(o.Down)
		w.OneWayBound = max(w.OneWayBound, o.Bound)
	}
	up, down := x.T2-x.T1, x.T4-x.T3
	sl.w.up = append(sl.w.up, up)
	sl.w.down = append(sl.w.down, down)
	if m.prevValid {
		w.IPDVUp.Add((up - (m.prev.T2 - m.prev.T1)).Abs())
		w.IPDVDown.Add((down - (m.prev.T4 - m.prev.T3)).Abs())
	}
	m.prev, m.prevValid = x, true
}

func (m *Stream) runs(w *Account, up, down bool) {
	for _, a := range []*Account{w, m.total} {
		a.RunsUp.Add(up)
		if !up { // a packet that never arrived shows nothing about the way back
			a.RunsDown.Add(down)
		}
	}
}

// Cut settles what it can, closes the current window into the total and begins
// another.
func (m *Stream) Cut(now time.Duration) *Account {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.settle(now)
	a := m.window.close()
	m.total.merge(a)
	m.window = &Window{from: now}
	return m.told(a)
}

// Peek settles what it can and returns a copy of the current window's account so far.
func (m *Stream) Peek(now time.Duration) *Account {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.settle(now)
	so := Window{up: m.window.up, down: m.window.down}
	so.merge(&m.window.Account)
	return m.told(so.close())
}

// Begin starts a window without closing the current one, whose packets may still be
// in flight. It is called at both ends of a phase; see Finish.
func (m *Stream) Begin(now time.Duration) (previous *Window) {
	m.mu.Lock()
	defer m.mu.Unlock()
	previous = m.window
	m.window = &Window{from: now}
	return previous
}

// Finish closes a window begun earlier into the total.
func (m *Stream) Finish(w *Window, now time.Duration) *Account {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.settle(now)
	a := w.close()
	m.total.merge(a)
	return m.told(a)
}

// Total returns a copy of the account of all closed windows. Its loss runs cross windows.
func (m *Stream) Total() *Account {
	m.mu.Lock()
	defer m.mu.Unlock()
	a := *m.total
	return m.told(&a)
}

// told returns an account by the directions that the stream tells.
func (m *Stream) told(a *Account) *Account {
	if m.Mirrored {
		return a.reversed()
	}
	return a
}
