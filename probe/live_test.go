package probe_test

import (
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe"
)

// liveDiary also records unfinished windows.
type liveDiary struct {
	diary
	t     *testing.T
	lives int
	last  probe.WindowEvent // of the unfinished window
	at    time.Time
}

func (d *liveDiary) Live(e probe.WindowEvent) {
	if d.lives > 0 && e.To.Sub(d.at) > 1200*ms {
		d.t.Errorf("%v between two", e.To.Sub(d.at))
	}
	d.lives++
	if e.Account.Sent < d.last.Account.Sent || e.Account.PDVDown.Count() < d.last.Account.PDVDown.Count() {
		d.t.Errorf("%d sent, before %d", e.Account.Sent, d.last.Account.Sent)
	}
	d.last, d.at = e, e.To
}

func (d *liveDiary) Window(e probe.WindowEvent) {
	if a, b := e.Account, d.last.Account; a.Sent < b.Sent || a.Sent > b.Sent+15 || a.PDVDown.Count() < b.PDVDown.Count() || d.windows > 0 && !e.From.Equal(d.last.From) {
		d.t.Errorf("window from %v with %d sent, %d delays; in the making from %v with %d, %d",
			e.From, a.Sent, a.PDVDown.Count(), d.last.From, b.Sent, b.PDVDown.Count())
	}
	if e.ProbeBytes != 64+28 {
		d.t.Errorf("%d bytes to a probe", e.ProbeBytes)
	}
	d.last.Account = new(probe.Account)
	d.diary.Window(e)
}

// An unfinished window is reported once a second, without an effect on the final
// window.
func TestLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up, down := good()
		w := newTestbed(t, up, down)
		d := &liveDiary{t: t, diary: diary{start: w.host.Wall()}}
		d.last.Account = new(probe.Account)
		finish := w.watchWith(nil, d)
		time.Sleep(time.Minute)
		sum := finish()
		if d.windows < 12 || d.lives < 58 {
			t.Errorf("%d windows, %d told in the making", d.windows, d.lives)
		}
		if m := sum.Monitor; m.Sent < 590 || m.Sent != m.Received+m.LostUp+m.LostDown+m.LostUnknown {
			t.Errorf("%+v", m)
		}
	})
}
