package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"examlink/docs/schemas"
	"examlink/probe/history"
	"examlink/probe/ippm"
	"examlink/probe/verdict"
)

// pastWeek returns a week's checks: fast mornings and slow evenings.
func pastWeek() pastChecks {
	var checks []history.Check
	rate := func(value, low, high float64) history.Rate {
		r := history.Rate{Interval: ippm.Interval{Low: &low}, Minimum: 768e3}
		if value > 0 {
			r.Value, r.High = &value, &high
		}
		return r
	}
	for day := range 7 {
		at := time.Date(2026, 11, 23+day, 9, 0, 0, 0, time.UTC)
		checks = append(checks,
			history.Check{Schema: history.LineSchema, At: at, Outcome: verdict.Ready, Download: rate(0, 2.4e6, 0), Upload: rate(0, 1.2e6, 0)},
			history.Check{Schema: history.LineSchema, At: at.Add(11 * time.Hour), Outcome: verdict.NotReady, Download: rate(.7e6, .69e6, .71e6)})
	}
	return newPastChecks(checks, time.UTC)
}

func TestHistoryAsPrinted(t *testing.T) {
	var b bytes.Buffer
	p := pastWeek()
	if err := printHistory(&b, p, time.UTC); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Time                   Download                   Upload               Verdict\n",
		"Mon 23 Nov 2026 09:00  at least 2.4 Mbit/s        at least 1.2 Mbit/s  ready\n",
		"Mon 23 Nov 2026 20:00  0.7 Mbit/s (0.69 to 0.71)  unknown              not ready\n",
		"Evenings are worse for your download: the median of 7 checks is 0.7 Mbit/s,",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing from\n%s", want, b.String())
		}
	}
	b.Reset()
	p = newPastChecks(p.Checks[:2], time.UTC)
	if err := printHistory(&b, p, time.UTC); err != nil || !strings.Contains(b.String(), "No time of day differs") || !strings.Contains(b.String(), "2 checks") {
		t.Errorf("%v\n%s", err, b.String())
	}
}

func TestHistoryAsJSON(t *testing.T) {
	schemas.Fields[pastChecks](t, historySchema)
	for _, p := range []pastChecks{pastWeek(), newPastChecks(nil, time.UTC)} {
		b, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		schemas.Test(t, historySchema, b)
	}
}
