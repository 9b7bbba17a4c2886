package monitor

import (
	"testing"
	"time"
)

// What went up went down for the other end, and twice reversed all is as it was.
func TestReversed(t *testing.T) {
	a := &Account{Sent: 100, Received: 93, LostUp: 4, LostDown: 2, LostUnknown: 1, GapUp: 3, GapDown: 1, JitterUp: time.Millisecond}
	a.OneWayUp.Add(20 * time.Millisecond)
	a.PDVDown.Add(5 * time.Millisecond)
	b := a.reversed()
	if b.LostUp != 2 || b.LostDown != 4 || b.LostUnknown != 1 || b.GapUp != 1 || b.GapDown != 3 || b.JitterDown != time.Millisecond || b.JitterUp != 0 {
		t.Errorf("%+v, expected the directions exchanged", b)
	}
	if b.OneWayDown.Count() != 1 || b.OneWayUp.Count() != 0 || b.PDVUp.Count() != 1 {
		t.Errorf("delays are not those of the other direction")
	}
	if c := b.reversed(); c.LostUp != a.LostUp || c.OneWayUp.Count() != 1 || c.JitterUp != a.JitterUp {
		t.Errorf("reversed twice: %+v", c)
	}
}
