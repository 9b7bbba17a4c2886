package probe

import (
	"time"

	"examlink/probe/record"
	"examlink/probe/wire"
)

// MinuteOf puts an account into the form of a record's minute. Times, floor
// tests and bytes are left to the caller.
func MinuteOf(a *Account) record.Minute {
	f := a.Figures()
	return record.Minute{
		Sent: f.Sent, Received: f.Received, LostUp: f.LostUp, LostDown: f.LostDown, LostUnknown: f.LostUnknown,
		Unsent: f.Unsent - f.Stalled, Stalled: f.Stalled, OverTCP: f.OverTCP, Duplicates: f.Duplicates,
		RoundTrip: f.RoundTrip.Median, RoundTrip99: f.RoundTrip.P99,
		OneWayUp: f.OneWayUp.Median, OneWayDown: f.OneWayDown.Median, OneWayBound: f.OneWayBound,
		IPDVUp: f.IPDVUp.Median, IPDVDown: f.IPDVDown.Median, PDVUp: f.PDVUp.P95, PDVDown: f.PDVDown.P95,
	}
}

// FloorOf puts a floor test into the form of a record's.
func FloorOf(e FloorEvent) record.Floor {
	return record.Floor{
		Direction: e.Floor.Direction, Target: e.Floor.Target, Outcome: e.Floor.Outcome,
		Rate: e.Floor.Rate.Value, Low: e.Floor.Rate.Low, High: e.Floor.Rate.High,
		Trains: e.Floor.Trains, Bytes: e.SpentUp + e.SpentDown, Duration: e.Floor.Duration.Seconds(), Rise: e.Floor.Rise.Seconds(), Why: e.Floor.Why,
	}
}

// minute is a minute in the making for the server, of the same form as the
// record's. The zero value is ready.
type minute struct {
	account            *Account
	from, to           time.Time
	last               time.Duration // length of the last window
	floorUp, floorDown *record.Reading
	bytesUp, bytesDown int64
}

func (m *minute) window(e WindowEvent) {
	if m.account == nil {
		m.account, m.from = new(Account), e.From
	}
	m.account.Merge(e.Account)
	m.to, m.last = e.To, e.To.Sub(e.From)
	m.bytesUp += int64(e.Account.Sent)*int64(e.ProbeBytes) + e.ControlUp
	m.bytesDown += int64(e.Account.Received+e.Account.DuplicatesDown)*int64(e.ProbeBytes) + e.ControlDown
}

// floor adds a floor test.
func (m *minute) floor(e FloorEvent) {
	m.bytesUp += e.SpentUp
	m.bytesDown += e.SpentDown
	switch {
	case e.Floor.Glance: // says little by itself
	case e.Floor.Direction == wire.Up:
		m.floorUp = m.floorUp.Add(FloorOf(e))
	default:
		m.floorDown = m.floorDown.Add(FloorOf(e))
	}
}

// full says whether another window would lead further from a minute. It is so,
// too, when the clock was set back.
func (m *minute) full() bool {
	d := m.to.Sub(m.from)
	return m.account != nil && (d+m.last/2 >= time.Minute || d < 0)
}

// tellMinute puts the minute in the making into the outbox and begins another.
func (w *watcher) tellMinute() {
	m := w.minute
	w.minute = minute{}
	if m.account == nil || m.account.Sent+m.account.Unsent == 0 {
		return
	}
	r := MinuteOf(m.account)
	r.From, r.To = record.At(m.from), record.At(m.to)
	r.FloorUp, r.FloorDown, r.BytesUp, r.BytesDown = m.floorUp, m.floorDown, m.bytesUp, m.bytesDown
	w.o.Outbox.Put(wire.ReportMinute, w.o.Clock.Wall(), r)
}
