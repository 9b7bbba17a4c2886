package delivery

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"examlink/server/alert"
)

// A reload changes what makes an incident, and how long notices are held, for what
// happens from then on. Warnings that are active stay and end as they began.
func TestReloadOfRules(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReceiver(t, nil)
		o := Options{Dial: byHost{"127.0.0.1": r}.dial, Webhooks: []Webhook{hookTo("a", "127.0.0.1")}, Hold: -1, Incident: alert.IncidentRule{Sessions: 3, Share: .5, Window: 10 * time.Second}}
		n, stop := running(t, o)
		defer stop()
		state := func(state string, sessions ...string) {
			for _, id := range sessions {
				n.State(alert.Session{Session: id, Exam: "e1", Student: id, State: state, At: time.Now(), LastPacket: time.Now()})
			}
			synctest.Wait()
		}
		var warning string
		said := 0
		says := func(after time.Duration, want ...alert.Kind) {
			t.Helper()
			time.Sleep(after)
			got := kindsTo(r)[said:]
			if said += len(got); !slices.Equal(got, want) {
				t.Errorf("at %v: %v, want %v", time.Now(), got, want)
			}
		}
		state("live", "a", "b", "c", "d")
		state("dropped", "a")
		says(100*time.Millisecond, alert.Dropped)
		warning = n.Active()[0].Warning

		o.Hold, o.Incident.Sessions = 4*time.Second, 2
		if err := n.Reload(o); err != nil {
			t.Fatal(err)
		}
		if a := n.Active(); len(a) != 1 || a[0].Warning != warning {
			t.Fatalf("after the reload: %+v", a)
		}
		time.Sleep(time.Minute)
		state("dropped", "b")
		says(3 * time.Second) // it is held
		says(2*time.Second, alert.Dropped)
		state("live", "b")
		says(time.Second, alert.Recovered)
		time.Sleep(time.Minute)
		state("dropped", "c", "d")
		says(time.Second, alert.Incident) // two are enough now

		o.Hold, o.Incident.Sessions = -1, 4
		if err := n.Reload(o); err != nil {
			t.Fatal(err)
		}
		if a := n.Active(); len(a) != 2 || a[0].Warning != warning || a[1].Kind != alert.Incident {
			t.Fatalf("after the second reload: %+v", a)
		}
		state("live", "a", "c", "d")
		says(time.Minute, alert.Recovered, alert.Incident)
		state("dropped", "a", "b")
		says(100*time.Millisecond, alert.Dropped, alert.Dropped)
		if a := n.Active(); len(a) != 2 {
			t.Errorf("active: %+v", a)
		}
	})
}
