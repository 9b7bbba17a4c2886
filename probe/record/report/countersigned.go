package report

import (
	"fmt"
	"time"

	"examlink/probe/record"
)

// countersignature returns the furthest countersignature of a record, unverified, and
// whether it covers all lines but countersignatures; nil if there is none.
func countersignature(r *record.Record) (last *record.Countersignature, all bool) {
	news := uint64(0)
	for _, l := range r.Lines {
		switch c := l.Countersignature; {
		case c == nil:
			news = l.Seq
		case last == nil || c.Line > last.Line:
			last = c
		}
	}
	return last, last != nil && last.Line >= news
}

// countersigned describes how far the server has countersigned the records.
func (a *Account) countersigned(records []*record.Record) string {
	const unverified = "not verified here: see \"examlink verify\""
	with, whole := 0, 0
	var latest *record.Countersignature
	for _, r := range records {
		last, all := countersignature(r)
		if last == nil {
			continue
		}
		with, latest = with+1, last
		if all {
			whole++
		}
	}
	switch {
	case with == 0:
		return "The server has countersigned nothing."
	case len(records) > 1:
		return fmt.Sprintf("Countersigned by the server: %d of %d records, %d of them to the end (%s).", with, len(records), whole, unverified)
	case whole == 1:
		return fmt.Sprintf("Countersigned by the server to the end, at %s by its clock (%s).", latest.At.In(a.zone).Format(time.DateTime), unverified)
	}
	return fmt.Sprintf("Countersigned by the server up to line %s of %s, at %s by its clock (%s).",
		count(int(latest.Line)), count(records[0].Chain.Lines), latest.At.In(a.zone).Format(time.DateTime), unverified)
}
