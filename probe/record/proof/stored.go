package proof

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"examlink/probe/receipt"
)

// Head is the latest head of a session's record in the server's store.
type Head struct {
	Session string       `json:"session"`
	Record  receipt.Hash `json:"record"` // of the record's first line
	Line    uint64       `json:"line"`
	Hash    receipt.Hash `json:"hash"`
	At      time.Time    `json:"at"` // the server's clock
}

// Compare compares the record with the heads of its exam and student in the server's
// store, which show what is missing at the end. Call it once.
func (p *Proof) Compare(heads []Head) {
	p.Compared = true
	heads = slices.Clone(heads)
	slices.SortFunc(heads, func(a, b Head) int { return cmp.Or(cmp.Compare(a.Line, b.Line), a.At.Compare(b.At)) })
	last := uint64(0)
	if n := len(p.facts); n > 0 {
		last = p.facts[n-1].seq
	}
	for _, h := range heads {
		i, known := p.bySeq[h.Line]
		switch {
		case h.Record != p.Record:
			p.Others = append(p.Others, h)
		case h.Line > last:
			p.add(Problem{Line: p.Lines, Name: Cut, Words: fmt.Sprintf("the server countersigned line %d at %v; this file ends at line %d", h.Line, utc(h.At), last)})
		case !known || receipt.Hash(p.facts[i].hash) != h.Hash:
			p.add(Problem{Line: int(h.Line), Name: LineChanged, Words: fmt.Sprintf( //nolint:gosec // at most the file's last line
				"line %d is not the one that the server countersigned at %v: it, or a line before it, was changed after that", h.Line, utc(h.At))})
		default:
			p.Stored = &h
		}
	}
	p.conclude()
}

func utc(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 MST") }
