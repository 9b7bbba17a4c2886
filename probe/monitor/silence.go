package monitor

import (
	"time"

	"examlink/probe/ippm"
)

// Silent returns how long no echo has arrived, without the time in which this host
// was not listening; ok is false before the first echo.
func (m *Stream) Silent(now time.Duration) (d time.Duration, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return now - max(m.lastEcho, m.excused), m.echoed
}

// Heard returns how long ago the last echo arrived, whatever this host did
// meanwhile; ok is false before the first.
func (m *Stream) Heard(now time.Duration) (d time.Duration, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return now - m.lastEcho, m.echoed
}

// SettledBefore reports whether every packet of a window has been settled.
func (m *Stream) SettledBefore(w *Window, now time.Duration) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.settle(now)
	return len(m.slots) == 0 || m.slots[0].w != w
}

// CountLost counts packets sent before t that are still in flight as lost, because
// no more echoes will arrive.
func (m *Stream) CountLost(t time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.settleAt(t+m.lossAfter, t)
}

// Empty reports whether every packet sent has been settled.
func (m *Stream) Empty(now time.Duration) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.settle(now)
	return len(m.slots) == 0
}

// Resync discards what a suspend of this host has invalidated: its clock stood still
// while the server's continued.
func (m *Stream) Resync() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.offset.Reset()
	m.lowestRTT = 0
	m.jitterUp, m.jitterDown = ippm.Jitter{}, ippm.Jitter{}
	m.prevValid = false
	m.window.up, m.window.down = nil, nil
	for i := range m.slots {
		m.slots[i].loaded = true
	}
}

// ResetSilence restarts the silence: this host was away until now.
func (m *Stream) ResetSilence(now time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.excused = max(m.excused, now)
}

// DiscountStall excludes d, in which this host was not listening, from the silence.
func (m *Stream) DiscountStall(d, now time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.excused = min(max(m.lastEcho, m.excused)+d, now)
}

// LongestGap returns the longest time without an echo, including a current one.
func (m *Stream) LongestGap(now time.Duration) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	return max(m.gap, now-max(m.lastEcho, m.excused))
}

// LongestGapBetween returns the longest time between two echoes: a current silence does
// not count.
func (m *Stream) LongestGapBetween() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.gap
}
