package probe

import (
	"time"

	"examlink/probe/wire"
)

// Minute is what a watch tells the server of about a minute: the figures of the
// monitor stream and the last floor test of each direction in it. Its lengths
// of loss runs are left out: they run through minutes.
type Minute struct {
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`
	Silent    bool      `json:"silent"` // the connection was interrupted at the end of one of its windows
	FloorDown *Floor    `json:"floor_download,omitempty"`
	FloorUp   *Floor    `json:"floor_upload,omitempty"`
	Figures   Figures   `json:"figures"`
}

// minute is a minute in the making. The zero value is ready.
type minute struct {
	Minute
	account *Account
	last    time.Duration // length of the last window
}

func (m *minute) window(e WindowEvent) {
	if m.account == nil {
		m.account, m.From = new(Account), e.From
	}
	m.account.Merge(e.Account)
	m.To, m.last = e.To, e.To.Sub(e.From)
	m.Silent = m.Silent || e.Silent
}

func (m *minute) floor(f Floor) {
	if f.Direction == wire.Up {
		m.FloorUp = &f
	} else {
		m.FloorDown = &f
	}
}

// full says whether another window would lead further from a minute. It is so,
// too, when the clock was set back.
func (m *minute) full() bool {
	d := m.To.Sub(m.From)
	return m.account != nil && (d+m.last/2 >= time.Minute || d < 0)
}

// tellMinute puts the minute in the making into the outbox and begins another.
func (w *watcher) tellMinute() {
	m := w.minute
	w.minute = minute{}
	if m.account == nil || m.account.Sent+m.account.Unsent == 0 {
		return
	}
	m.Figures = m.account.Figures()
	w.o.Outbox.Put(wire.ReportMinute, w.o.Clock.Wall(), m.Minute)
}
