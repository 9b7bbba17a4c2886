package trains

import "testing"

// Two sessions of one join token cannot take all trains of a server, and small trains
// need no share.
func TestATokenHasAShare(t *testing.T) {
	m := NewManager(Options{})
	const total = 2e9
	if !m.reserve("a", 1.2e9, total) {
		t.Error("one train is refused on an idle server")
	}
	if m.reserve("a", 0.5e9, total) {
		t.Error("a token got more than its share")
	}
	if !m.reserve("b", 0.7e9, total) || m.reserve("c", 0.2e9, total) {
		t.Error("the total is not what trains share")
	}
	if !m.reserve("c", 0, total) {
		t.Error("a small train is refused")
	}
	m.release("a", 1.2e9)
	m.release("c", 0)
	m.release("b", 0.7e9)
	if m.planned != 0 || len(m.byToken) != 0 {
		t.Errorf("%v bit/s and %v remain", m.planned, m.byToken)
	}
}
