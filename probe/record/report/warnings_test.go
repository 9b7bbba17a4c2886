package report_test

import (
	"strings"
	"testing"
	"time"

	"examlink/probe/record"
	"examlink/probe/warning"
)

// An update of an active warning is not a second warning, and moves it if the
// computer's clock was set.
func TestUpdatedWarning(t *testing.T) {
	s := newScript(t)
	s.minutes(10 * min1)
	w := warning.Warning{Kind: warning.DownloadBelowMinimum, Start: began.Add(2 * min1), Raised: began.Add(3 * min1), Evidence: "slow", Episodes: 1}
	s.add(10*min1, record.Warn(w))
	w.Cause, w.Updated = warning.CauseWiFi, began.Add(11*min1)
	w.Start, w.Raised = w.Start.Add(3*min1), w.Raised.Add(3*min1)
	s.add(11*min1, record.Warn(w))
	w.Updated, w.End, w.Cleared = time.Time{}, began.Add(9*min1), began.Add(12*min1)
	s.add(12*min1, record.Warn(w))
	s.end(12 * min1)
	a := account(t, s.name)
	if len(a.Warnings) != 1 || a.Warnings[0].State != record.Cleared {
		t.Fatalf("%+v", a.Warnings)
	}
	if got := text(t, a); !strings.Contains(got, "slow; Wi-Fi") {
		t.Errorf("the cause is missing from\n%s", got)
	}
	// It really began in the fifth minute, and there is a floor test.
	if a.Down.BelowFor == nil || *a.Down.BelowFor != 240 {
		t.Errorf("below for %v, want 240 s", a.Down.BelowFor)
	}
}
