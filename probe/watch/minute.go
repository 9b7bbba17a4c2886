package watch

import (
	"time"

	"examlink/probe/monitor"
	"examlink/probe/record"
	"examlink/probe/wire"
)

// MinuteOf converts an account to the minute of a record. The caller sets times,
// floor tests and bytes.
func MinuteOf(a *monitor.Account) record.Minute {
	f := a.Figures()
	return record.Minute{
		Sent: f.Sent, Received: f.Received, LostUp: f.LostUp, LostDown: f.LostDown, LostUnknown: f.LostUnknown,
		GapUp: a.GapUp, GapDown: a.GapDown, GapUnknown: a.GapUnknown,
		Unsent: f.Unsent - f.Stalled, Stalled: f.Stalled, OverTCP: f.OverTCP, Duplicates: f.Duplicates,
		RoundTrip: f.RoundTrip.Median, RoundTrip99: f.RoundTrip.P99,
		OneWayUp: f.OneWayUp.Median, OneWayDown: f.OneWayDown.Median, OneWayBound: f.OneWayBound,
		IPDVUp: f.IPDVUp.Median, IPDVDown: f.IPDVDown.Median, PDVUp: f.PDVUp.P95, PDVDown: f.PDVDown.P95,
	}
}

// FloorOf converts a floor test to that of a record.
func FloorOf(e FloorEvent) record.Floor {
	return record.Floor{
		Direction: e.Floor.Direction, Target: e.Floor.Target, Outcome: string(e.Floor.Outcome),
		Rate: e.Floor.Rate.Value, Low: e.Floor.Rate.Low, High: e.Floor.Rate.High,
		Trains: e.Floor.Trains, Bytes: e.SpentUp + e.SpentDown, Duration: e.Floor.Duration.Seconds(), Rise: e.Floor.Rise.Seconds(), Why: e.Floor.Why,
	}
}

// MinuteBuilder collects windows of the monitor stream and floor tests into a
// minute, for the record and for the server. The zero value is ready. It is not
// safe for concurrent use.
type MinuteBuilder struct {
	from, to           time.Time
	last               time.Duration // length of the last window
	account            *monitor.Account
	floorUp, floorDown *record.Reading
	bytesUp, bytesDown int64
}

// Begin makes the next window begin at t; the time before is not attributed to the
// network.
func (m *MinuteBuilder) Begin(t time.Time) { m.from = t }

// Empty reports whether nothing has been added.
func (m *MinuteBuilder) Empty() bool {
	return m.account == nil && m.floorUp == nil && m.floorDown == nil
}

// End returns when the last window ended; false if there was none.
func (m *MinuteBuilder) End() (time.Time, bool) { return m.to, m.account != nil }

// Window adds a window.
func (m *MinuteBuilder) Window(e WindowEvent) {
	if m.account == nil {
		m.account = new(monitor.Account)
	}
	if m.from.IsZero() {
		m.from = e.From
	}
	from := e.From
	if from.Before(m.from) { // see Begin
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

// Full reports whether another window would take it further from a minute.
func (m *MinuteBuilder) Full() bool {
	return m.account != nil && m.to.Sub(m.from)+m.last/2 >= time.Minute
}

// Floor adds a floor test. A glance adds only its cost, because it is too short to
// be a reading.
func (m *MinuteBuilder) Floor(e FloorEvent) {
	m.bytesUp += e.SpentUp
	m.bytesDown += e.SpentDown
	switch {
	case e.Floor.Glance:
	case e.Floor.Direction == wire.Up:
		m.floorUp = m.floorUp.Add(FloorOf(e))
	default:
		m.floorDown = m.floorDown.Add(FloorOf(e))
	}
}

// With returns a copy with one more window.
func (m *MinuteBuilder) With(e WindowEvent) *MinuteBuilder {
	with := *m
	if m.account != nil {
		with.account = new(monitor.Account)
		with.account.Merge(m.account)
	}
	with.Window(e)
	return &with
}

// Shift moves the minute by d after the wall clock was set.
func (m *MinuteBuilder) Shift(d time.Duration) { m.from, m.to = m.from.Add(d), m.to.Add(d) }

// Minute returns the minute to record.
func (m *MinuteBuilder) Minute() record.Minute {
	a := m.account
	if a == nil {
		a = new(monitor.Account)
	}
	out := MinuteOf(a)
	out.From, out.To = record.At(m.from), record.At(m.to)
	out.FloorUp, out.FloorDown, out.BytesUp, out.BytesDown = m.floorUp, m.floorDown, m.bytesUp, m.bytesDown
	return out
}

// reportMinute puts the current minute into the outbox and begins another.
func (w *watcher) reportMinute() {
	m := w.minute
	w.minute = MinuteBuilder{}
	if m.account == nil || m.account.Sent+m.account.Unsent == 0 {
		return
	}
	w.reportHead()
	w.o.Outbox.Put(wire.ReportMinute, w.o.Clock.Wall(), m.Minute())
}
