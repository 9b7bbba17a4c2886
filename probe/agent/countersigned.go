package agent

import (
	"time"

	"examlink/probe"
	"examlink/probe/receipt"
	"examlink/probe/record"
	"examlink/probe/wire"
)

// Head implements probe.RecordSink.
func (r *recorder) Head() (wire.Head, bool) {
	if r.w == nil {
		return wire.Head{}, false
	}
	first, head, ok := r.w.Unsigned()
	return wire.Head{Record: wire.Digest(first), Line: head.Seq, Hash: wire.Digest(head.Hash)}, ok
}

// Countersigned implements probe.RecordSink: it writes the countersignature, or once why
// there is none. After the end only a countersignature is written.
func (r *recorder) Countersigned(at time.Time, a probe.HeadAnswer) {
	if r.w == nil {
		return
	}
	var why string
	jws, err := r.compose(a)
	switch {
	case a.Refused != "":
		why = "the server refused to countersign a line: " + a.Refused
	case err != nil:
		why = err.Error()
	default:
		r.add(at, record.Countersignature{Line: a.Head.Line, At: record.At(a.At), JWS: jws})
		return
	}
	if why != r.unsigned && !r.over {
		r.unsigned = why
		r.add(at, record.Note{About: "unsigned", Words: why})
	}
}

// compose puts a countersignature together from what this side knows and the server's answer.
func (r *recorder) compose(a probe.HeadAnswer) (string, error) {
	return receipt.Countersignature{
		Exam: r.start.Exam, Student: r.start.Student, Token: r.token, Session: a.Session,
		Record: receipt.Hash(a.Head.Record), Line: a.Head.Line, Hash: receipt.Hash(a.Head.Hash), At: a.At, Seen: a.Seen,
	}.Compose(a.Key, a.Signature)
}
