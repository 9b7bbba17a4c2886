package agent

import (
	"time"

	"examlink/probe"
	"examlink/probe/link"
	"examlink/probe/record"
	"examlink/probe/warning"
)

// transportChanged is the state of a record's session line when the session continues
// over another transport.
const transportChanged = "transport"

// recorder writes the record of a watch. It opens the file at the first event, so
// that a refused token leaves no record. It reports the first error of each kind
// and never stops the watch.
type recorder struct {
	open  func(s record.Start, at time.Time) (w *record.Writer, name string, err error)
	start record.Start
	tell  func(format string, args ...any)
	wrote func(error) // takes the end of each write; nil: nobody does
	why   func() record.EndReason
	token string // the join token's identifier

	recording func(file string) // takes the name of the file that was opened; nil: nobody does

	w         *record.Writer
	name      string // of the file, once it is open
	gaveUp    bool   // there will be no record
	over      bool   // the end line is written
	unsigned  string // why a line was not countersigned, as the record has it
	told      bool   // the write error has been reported
	minute    probe.MinuteBuilder
	session   record.Session // the last one written
	transport link.Transport // of the session
	gaps      gaps
	seen      time.Time // wall clock of the last event
}

var (
	_ probe.LiveSink   = (*recorder)(nil)
	_ probe.RecordSink = (*recorder)(nil)
)

// newRecorder returns the recorder of a watch; setting is Options.Record. It returns
// nil if no record is wanted; file and end accept nil.
func newRecorder(start record.Start, token, setting string, why func() record.EndReason, tell func(format string, args ...any)) *recorder {
	names, err := recordNames(setting, start.Exam, start.Started.Time)
	if err != nil {
		tell("record: %v; watching without a record", err)
	}
	if len(names) == 0 {
		return nil
	}
	open := func(s record.Start, at time.Time) (*record.Writer, string, error) { return openRecord(names, s, at) }
	return &recorder{open: open, start: start, token: token, why: why, tell: tell}
}

// NewRecordSink returns a sink that keeps the record of a watch by what open returns, at the
// first event. token is the join token's identifier; why says why the watch has ended;
// tell gets the first error of each kind, and the watch goes on.
func NewRecordSink(start record.Start, token string, open func(record.Start, time.Time) (w *record.Writer, name string, err error), why func() record.EndReason, tell func(format string, args ...any)) probe.RecordSink {
	return &recorder{open: open, start: start, token: token, why: why, tell: tell}
}

// ready opens the record at the first call and reports whether it is open.
func (r *recorder) ready() bool {
	if r.w == nil && !r.gaveUp {
		began := r.start.Started.Time // the time before the first event belongs to the watch too
		w, name, err := r.open(r.start, began)
		if err != nil {
			r.gaveUp = true
			r.ended(err)
			r.tell("%v; watching without a record", err)
			return false
		}
		r.w, r.name, r.seen = w, name, began
		if name != "" {
			r.tell("record in %s", name)
		}
		if r.recording != nil {
			r.recording(name)
		}
	}
	return r.w != nil && !r.over
}

// ended passes on how a write ended.
func (r *recorder) ended(err error) {
	if r.wrote != nil {
		r.wrote(err)
	}
}

func (r *recorder) check(err error) {
	r.ended(err)
	if err != nil && !r.told {
		r.told = true
		r.tell("%v; the watch continues, and the record will say what is missing from it", err)
	}
}

func (r *recorder) add(at time.Time, e record.Entry) { r.check(r.w.Append(at, e)) }

// Session implements probe.Sink.
func (r *recorder) Session(e probe.SessionEvent) {
	policy := policyOf(e.Policy)
	changed := e.Policy.Name != "" && policy != r.start.Policy
	if changed {
		r.start.Policy = policy
		changed = r.w != nil // else the first line has it
	}
	if !r.ready() {
		return
	}
	_, words := causeOf(e.Err)
	entry := record.Session{State: string(e.State), Session: e.Session, Server: e.Server, Transport: string(e.Transport), Words: words}
	if e.Remembered && (e.State == probe.SessionConnected || e.State == probe.SessionResumed) {
		entry.Words = "the server's name could not be looked up; it answered where it had before"
	}
	if changed {
		entry.Policy = &policy
	}
	moved := e.State == probe.SessionResumed && r.transport != "" && e.Transport != r.transport
	if moved {
		entry.State = transportChanged
	}
	if e.Transport != "" {
		r.transport = e.Transport
	}
	if e.State != probe.SessionWaiting || entry != r.session { // the same every few seconds
		r.add(e.At, entry)
	}
	r.session = entry
	r.gaps.session(e, r.seen, moved)
	if e.State == probe.SessionConnected && r.minute.Empty() { // the first; later gaps end with the outage warning
		r.closeGap(e.At, e.At)
	}
	r.seen = e.At
}

// closeGap writes the gap of an interruption that has ended.
func (r *recorder) closeGap(at, end time.Time) {
	if g := r.gaps.end(end); g != nil {
		r.add(at, *g)
	}
}

// Warning implements probe.Sink.
func (r *recorder) Warning(w warning.Warning) {
	at := w.Raised
	if !w.Active() {
		at = w.Cleared
	}
	if !r.ready() {
		return
	}
	entry := record.Warn(w)
	r.add(at, entry)
	switch {
	case w.Kind == warning.Outage:
		r.outage(at, entry.State, w)
	case entry.State == record.Noted:
		r.noted(at, w)
	}
}

// outage updates the gap from an outage warning.
func (r *recorder) outage(at time.Time, state record.State, w warning.Warning) {
	switch {
	case state == record.Updated:
		r.gaps.update(w)
	case w.Active():
		r.gaps.begin(w)
	case state == record.Noted:
		r.add(at, record.Gap{From: record.At(w.Start), To: record.At(w.End), Cause: record.Network, Words: string(w.Cause)})
		r.gaps.ended = w.End
	default:
		end := w.End
		if end.IsZero() {
			end = w.Cleared
		}
		r.gaps.because(w.Cause)
		r.closeGap(at, end)
	}
}

// noted writes the gap of a host event that was over when it was detected.
func (r *recorder) noted(at time.Time, w warning.Warning) {
	gap := record.Gap{From: record.At(w.Start), To: record.At(w.End), Words: w.Evidence}
	switch {
	case w.Kind == warning.Suspended:
		gap.Cause = record.Suspended
		r.hostGap(at, gap)
	case w.Kind == warning.Clock:
		from := r.seen
		if end, any := r.minute.End(); any { // the current window comes with the next minute
			from = end
		}
		gap.From, gap.Cause = record.At(from), record.ClockStep
		r.hostGap(at, gap)
	case w.Kind == warning.HostBusy && (w.Cause == warning.CauseBusy || w.Cause == warning.CausePaused):
		gap.Cause = record.HostBusy
		r.add(at, gap)
	}
}

// hostGap writes a gap caused by this computer, between two minutes.
func (r *recorder) hostGap(at time.Time, g record.Gap) {
	r.flush(at)
	r.add(at, g)
	r.minute.Begin(g.To.Time)
}

// Floor implements probe.Sink.
func (r *recorder) Floor(e probe.FloorEvent) {
	if !r.ready() {
		return
	}
	r.minute.Floor(e)
	if e.Floor.Glance && e.Floor.Outcome == probe.FloorMeets {
		return // the minute counts its bytes, and nothing else is of interest
	}
	r.add(e.At, probe.FloorOf(e))
}

// Window implements probe.Sink.
func (r *recorder) Window(e probe.WindowEvent) {
	if !r.ready() {
		return
	}
	r.minute.Window(e)
	if r.minute.Full() {
		r.flush(e.To)
	}
	r.seen = e.To
}

func (r *recorder) flush(at time.Time) {
	if !r.minute.Empty() {
		r.add(at, r.minute.Minute())
	}
	r.minute = probe.MinuteBuilder{}
}

// Live implements probe.LiveSink.
func (r *recorder) Live(e probe.WindowEvent) {
	if !r.ready() {
		return
	}
	m := r.minute.With(e).Minute()
	r.check(r.w.Live(e.To, &m, r.gaps.until(e.To)))
	r.seen = e.To
}

// file returns the name of the record; empty if there is none.
func (r *recorder) file() string {
	if r == nil {
		return ""
	}
	return r.name
}

// End implements probe.RecordSink: it writes the last line. The file stays open for its
// countersignature.
func (r *recorder) End(at time.Time) { r.finish(at, r.why()) }

func (r *recorder) finish(at time.Time, why record.EndReason) {
	if r.w == nil || r.over {
		return
	}
	r.closeGap(at, at)
	r.flush(at)
	r.add(at, record.End{Why: why})
	r.over = true
}

// end closes the record; without a record it does nothing.
func (r *recorder) end(at time.Time, why record.EndReason) {
	if r == nil || r.w == nil {
		return
	}
	r.finish(at, why)
	r.check(r.w.Close())
	r.w, r.gaveUp = nil, true
}
