package monitor

import (
	"time"

	"examlink/probe/wire"
)

// Bytes returns the IP-layer bytes of the monitor stream, each probe of size.
func (m *Stream) Bytes(size int) (up, down int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return int64(m.first-1+wire.Seq(len(m.slots))-wire.Seq(m.refused)) * int64(size), m.echoBytes
}

// Congested reports whether the latest round trip is so far above the lowest that a
// queue must have caused it.
func (m *Stream) Congested() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.lowestRTT > 0 && m.lastRTT > congestedFactor*m.lowestRTT+congestedRise
}

// Calm reports whether no train of ours runs or still has a queue to drain.
func (m *Stream) Calm(now time.Duration) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return now >= m.calmFrom
}

// MarkLoaded excludes delays before t from the path's noise.
func (m *Stream) MarkLoaded(t time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calmFrom = t
}

// Received returns the IP-layer bytes of echoes and the downward path's noise.
func (m *Stream) Received() (bytes int64, noise time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.echoBytes, m.noise.Median()
}

// RoundTrip returns the latest round-trip delay; ok is false before the first
// echo.
func (m *Stream) RoundTrip() (d time.Duration, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.lastRTT, m.echoed
}

// Skew returns the clock skew against the server.
func (m *Stream) Skew() (perSecond float64, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.offset.Skew()
}
