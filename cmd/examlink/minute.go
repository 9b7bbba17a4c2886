package main

import (
	"time"

	"examlink/probe"
	"examlink/probe/record"
	"examlink/probe/wire"
)

// minute gathers windows of the monitor stream until they make a minute. The
// zero value is ready.
type minute struct {
	from, to           time.Time
	last               time.Duration // length of the last window
	account            *probe.Account
	floorUp, floorDown *record.Reading
	bytesUp, bytesDown int64
}

// begin has the next window begin at t: what it spans before that was no time
// of the network's.
func (m *minute) begin(t time.Time) { m.from = t }

// empty says whether there is nothing to tell.
func (m *minute) empty() bool { return m.account == nil && m.floorUp == nil && m.floorDown == nil }

// window adds a window.
func (m *minute) window(e probe.WindowEvent) {
	if m.account == nil {
		m.account = new(probe.Account)
	}
	if m.from.IsZero() {
		m.from = e.From
	}
	from := e.From
	if from.Before(m.from) { // see begin
		from = m.from
	}
	m.to, m.last = e.To, max(e.To.Sub(from), 0)
	if m.from.After(m.to) { // the clock was set back
		m.from = m.to
	}
	a := e.Account
	m.account.Merge(a)
	m.bytesUp += int64(a.Sent)*int64(e.ProbeBytes) + e.ControlUp
	m.bytesDown += int64(a.Received+a.DuplicatesDown)*int64(e.ProbeBytes) + e.ControlDown
}

// full says whether another window would lead further from a minute.
func (m *minute) full() bool { return m.to.Sub(m.from)+m.last/2 >= time.Minute }

// floor adds a floor test.
func (m *minute) floor(e probe.FloorEvent) {
	m.bytesUp += e.SpentUp
	m.bytesDown += e.SpentDown
	if f := probe.FloorOf(e); f.Direction == wire.Up {
		m.floorUp = m.floorUp.Add(f)
	} else {
		m.floorDown = m.floorDown.Add(f)
	}
}

// with returns a copy with one more window.
func (m *minute) with(e probe.WindowEvent) *minute {
	so := *m
	if m.account != nil {
		so.account = new(probe.Account)
		so.account.Merge(m.account)
	}
	so.window(e)
	return &so
}

// entry is the minute as it is recorded.
func (m *minute) entry() record.Minute {
	a := m.account
	if a == nil {
		a = new(probe.Account)
	}
	out := probe.MinuteOf(a)
	out.From, out.To = record.At(m.from), record.At(m.to)
	out.FloorUp, out.FloorDown, out.BytesUp, out.BytesDown = m.floorUp, m.floorDown, m.bytesUp, m.bytesDown
	return out
}
