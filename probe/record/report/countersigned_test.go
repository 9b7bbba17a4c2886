package report

import (
	"strings"
	"testing"
	"time"

	"examlink/probe/record"
)

// The report says how far records are countersigned, and that it has not verified it.
func TestCountersigned(t *testing.T) {
	at := time.Date(2026, 11, 30, 16, 41, 0, 0, time.UTC)
	lines := func(signed ...uint64) *record.Record {
		r := &record.Record{Name: "r.jsonl"}
		add := func(l record.Line) {
			l.Seq = uint64(len(r.Lines) + 1)
			r.Lines = append(r.Lines, l)
			r.Chain.Lines++
		}
		add(record.Line{Start: &record.Start{}})
		add(record.Line{End: &record.End{}})
		for _, n := range signed {
			add(record.Line{Countersignature: &record.Countersignature{Line: n, At: record.At(at)}})
		}
		return r
	}
	a := &Account{zone: time.FixedZone("UTC-07:00", -7*3600)}
	for want, records := range map[string][]*record.Record{
		"The server has countersigned nothing.":                                           {lines()},
		"Countersigned by the server up to line 1 of 3, at 2026-11-30 09:41:00 by its":    {lines(1)},
		"Countersigned by the server to the end, at 2026-11-30 09:41:00 by its clock (no": {lines(1, 2)},
		"Countersigned by the server: 2 of 3 records, 1 of them to the end (not verified": {lines(2), lines(1), lines()},
	} {
		if got := a.countersigned(records); !strings.HasPrefix(got, want) {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
