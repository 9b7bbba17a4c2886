package warning

import (
	"strings"
	"testing"
	"time"
)

func TestExplain(t *testing.T) {
	tr := NewTracker(Outage, "s", Rule{Raise: 1, Of: 1, Clear: 1, Rejoin: time.Minute})
	if _, news := tr.Explain(CauseWiFi, at(0)); news {
		t.Error("nothing stands, and is explained")
	}
	w, _ := tr.Observe(Observation{At: at(1), Level: Decisive, Evidence: "no answer"})
	if !w.Fresh() || w.String() != "connection interrupted: no answer" {
		t.Errorf("%v", w)
	}
	w, news := tr.Explain(CauseWiFi, at(2))
	if !news || w.Cause != CauseWiFi || !w.Updated.Equal(at(2)) || w.Fresh() || w.String() != "connection interrupted: no answer; Wi-Fi" {
		t.Errorf("%+v, %v", w, news)
	}
	for _, c := range []Cause{CauseWiFi, NotKnown} {
		if _, news := tr.Explain(c, at(3)); news {
			t.Errorf("%q is news", c)
		}
	}
	w, _ = tr.Observe(Observation{At: at(4), Level: Good})
	if w.Active() || w.Fresh() || w.Cause != CauseWiFi || !w.Updated.IsZero() {
		t.Errorf("%+v", w)
	}
	w, _ = tr.Observe(Observation{At: at(5), Level: Decisive, Cause: CauseRouter})
	if w.Episodes != 2 || w.Fresh() || w.Cause != CauseRouter {
		t.Errorf("%+v", w)
	}
}

func TestShift(t *testing.T) {
	tr := NewTracker(Outage, "s", Rule{Raise: 1, Of: 1, Clear: 1, Rejoin: time.Minute})
	tr.Observe(Observation{At: at(3), Since: at(1), Level: Decisive})
	w, stands := tr.Shift(time.Hour, at(3605))
	if !stands || !w.Start.Equal(at(3601)) || !w.Raised.Equal(at(3603)) || !w.Updated.Equal(at(3605)) {
		t.Errorf("%+v", w)
	}
	w, _ = tr.Observe(Observation{At: at(3610), Level: Good})
	if w.End.Sub(w.Start) != 9*time.Second {
		t.Errorf("%+v", w)
	}
	if _, stands := tr.Shift(-time.Hour, at(10)); stands {
		t.Error("what is over stands")
	}
	if w, _ := tr.Observe(Observation{At: at(20), Level: Decisive}); w.Episodes != 1 {
		t.Errorf("%+v goes on over a clock that was set", w)
	}
}

// Causes are short, differ, and blame nobody.
func TestCauses(t *testing.T) {
	seen := map[Cause]bool{}
	for _, c := range Causes() {
		if c == NotKnown || seen[c] || len(c) > 60 || strings.Contains(string(c), "student") || strings.Contains(string(c), "you") {
			t.Errorf("%q", c)
		}
		seen[c] = true
	}
}
