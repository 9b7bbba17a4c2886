package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"examlink/cmd/internal/daemon"
	"examlink/probe"
	"examlink/probe/link"
	"examlink/probe/record"
	"examlink/probe/verdict"
	"examlink/probe/warning"
	"examlink/probe/wire"
)

// noRecord is the setting of client.watch.record that keeps none.
const noRecord = "none"

// recordTries is how many names are tried where the user named no file: one
// may be in use, damaged or full.
const recordTries = 9

// recordNames are the files to try, the first first. setting is
// client.watch.record.
func recordNames(setting, exam string, at time.Time) ([]string, error) {
	switch setting {
	case noRecord:
		return nil, nil
	case "":
	default:
		return []string{setting}, nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return nil, err
	}
	safe := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.' {
			return r
		}
		return '_'
	}, exam)
	base := filepath.Join(dir, "examlink", "records", strings.TrimLeft(safe[:min(len(safe), 64)], ".")+"-"+at.Format(time.DateOnly))
	names := []string{base + ".jsonl"}
	for i := 2; i <= recordTries; i++ {
		names = append(names, fmt.Sprintf("%s-%d.jsonl", base, i))
	}
	return names, nil
}

// openRecord opens the first of the files that can be written.
func openRecord(names []string, s record.Start, at time.Time) (w *record.Writer, name string, err error) {
	for i, n := range names {
		if len(names) > 1 && i == 0 { // a place of our own
			if err := os.MkdirAll(filepath.Dir(n), 0o700); err != nil {
				return nil, "", err
			}
		}
		var e error
		if w, e = record.Open(n, s, at, record.Options{}); e == nil {
			return w, n, nil
		}
		err = errors.Join(err, e)
		if errors.Is(e, fs.ErrPermission) {
			break // the next will fare no better
		}
	}
	return nil, "", err
}

// startOf says who watches what.
func startOf(o probe.Options, token wire.JoinToken, at time.Time) record.Start {
	server := o.Server
	if server == "" {
		server = token.Servers[0]
	}
	rates := func(b verdict.Bounds) record.Rates {
		return record.Rates{Download: float64(b.Download), Upload: float64(b.Upload)}
	}
	zone, _ := at.Zone()
	return record.Start{
		Client: daemon.Version(), System: runtime.GOOS + "/" + runtime.GOARCH, Exam: token.Exam, Server: server,
		Policy:  record.Policy{Name: o.Policy.Name, Version: o.Policy.Version, Minimum: rates(o.Policy.Minimum), Recommended: rates(o.Policy.Recommended)},
		Started: record.At(at), Zone: zone,
	}
}

// recorder writes the record of a watch. It opens it when there is something
// to tell: a token that is refused leaves none. What goes wrong is told once,
// and does not keep the watch from its work.
type recorder struct {
	names []string
	start record.Start
	tell  func(format string, args ...any)

	w         *record.Writer
	gaveUp    bool // there will be no record
	told      bool // that it cannot be written
	minute    probe.MinuteBuilder
	session   record.Session // told last
	transport link.Transport // of the session
	gap       *record.Gap    // the connection is interrupted
	gapStart  time.Time      // of its warning
	gapEnd    time.Time      // of the last one
	seen      time.Time      // wall clock when last heard of
}

var _ probe.LiveSink = (*recorder)(nil)

// newRecorder makes the recorder of a watch; setting is client.watch.record.
// It is nil, which is of use to end alone, when there is to be no record.
func newRecorder(o probe.Options, setting string, at time.Time, tell func(format string, args ...any)) *recorder {
	token, err := wire.ReadJoinToken(o.Token)
	if err != nil {
		return nil // Watch says so
	}
	names, err := recordNames(setting, token.Exam, at)
	if err != nil {
		tell("record: %v; watching without a record", err)
	}
	if len(names) == 0 {
		return nil
	}
	return &recorder{names: names, start: startOf(o, token, at), tell: tell}
}

// ready opens the record at the first call.
func (r *recorder) ready() bool {
	if r.w == nil && !r.gaveUp {
		began := r.start.Started.Time // what comes before the first event is of the watch, too
		w, name, err := openRecord(r.names, r.start, began)
		if err != nil {
			r.gaveUp = true
			r.tell("%v; watching without a record", err)
			return false
		}
		r.w, r.seen = w, began
		r.tell("record in %s", name)
	}
	return r.w != nil
}

func (r *recorder) check(err error) {
	if err != nil && !r.told {
		r.told = true
		r.tell("%v; watching goes on, the record tells what it lacks", err)
	}
}

func (r *recorder) add(at time.Time, e record.Entry) { r.check(r.w.Append(at, e)) }

// Session implements probe.Sink.
func (r *recorder) Session(e probe.SessionEvent) {
	if !r.ready() {
		return
	}
	cause, words := causeOf(e.Err)
	entry := record.Session{State: string(e.State), Session: e.Session, Server: e.Server, Transport: string(e.Transport), Words: words}
	if e.Remembered && (e.State == probe.SessionConnected || e.State == probe.SessionResumed) {
		entry.Words = "the server's name could not be looked up; it answered where it had before"
	}
	moved := e.State == probe.SessionResumed && r.transport != "" && e.Transport != r.transport
	if moved {
		entry.State = "transport"
	}
	if e.Transport != "" {
		r.transport = e.Transport
	}
	if e.State != probe.SessionWaiting || entry != r.session { // every few seconds the same
		r.add(e.At, entry)
	}
	r.session = entry
	switch {
	case e.State == probe.SessionWaiting && r.gap == nil:
		r.gap = &record.Gap{From: record.At(r.seen), Cause: cause, Words: words}
	case moved && r.gap != nil:
		r.gap.Cause, r.gap.Words = record.TransportChange, "to "+string(e.Transport)
	case (e.State == probe.SessionSilent || e.State == probe.SessionWaiting || e.State == probe.SessionLost) && r.gap != nil:
		if e.Err != nil && (e.State == probe.SessionWaiting || r.gap.Words == "" || cause == record.ServerGone) {
			r.gap.Cause, r.gap.Words = cause, words
		}
	case e.State == probe.SessionConnected && r.minute.Empty(): // the first; later ones end with the outage warning
		r.closeGap(e.At, e.At)
	}
	r.seen = e.At
}

// causeOf tells a server that is gone from a network that is. The words are
// from a closed list, or the server's own: no address gets into a record.
func causeOf(err error) (record.Cause, string) {
	var refused *probe.RefusedError
	if errors.As(err, &refused) {
		return record.ServerGone, "the server refused: " + string(refused.Reason)
	}
	reason, ok := link.ReasonOf(err)
	if !ok {
		return record.Network, ""
	}
	switch reason {
	case link.ReasonNoServer, link.ReasonClosed, link.ReasonCertificate, link.ReasonProtocol:
		return record.ServerGone, string(reason)
	}
	return record.Network, string(reason)
}

// closeGap tells of an interruption that is over.
func (r *recorder) closeGap(at, end time.Time) {
	if r.gap == nil {
		return
	}
	r.gap.To = record.At(end)
	r.add(at, *r.gap)
	r.gap, r.gapEnd = nil, end
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
	case entry.State == record.Updated && w.Kind == warning.Outage:
		r.explain(w)
	case entry.State == record.Updated:
	case w.Kind == warning.Outage && w.Active():
		from := w.Start
		if w.Episodes > 1 { // it stands again: Start is that of the first
			from = w.Since
			if from.Before(r.gapEnd) {
				from = r.gapEnd
			}
		}
		r.gap, r.gapStart = &record.Gap{From: record.At(from), Cause: record.Network}, w.Start
		r.because(w.Cause)
	case w.Kind == warning.Outage && entry.State == record.Noted:
		r.add(at, record.Gap{From: record.At(w.Start), To: record.At(w.End), Cause: record.Network, Words: string(w.Cause)})
		r.gapEnd = w.End
	case w.Kind == warning.Outage:
		end := w.End
		if end.IsZero() {
			end = w.Cleared
		}
		r.because(w.Cause)
		r.closeGap(at, end)
	case entry.State != record.Noted:
	case w.Kind == warning.Suspended:
		r.hostGap(at, record.Gap{From: record.At(w.Start), To: record.At(w.End), Cause: record.Suspended, Words: w.Evidence})
	case w.Kind == warning.Clock:
		from := r.seen
		if end, any := r.minute.End(); any { // the window in the making comes with the next minute
			from = end
		}
		r.hostGap(at, record.Gap{From: record.At(from), To: record.At(w.End), Cause: record.ClockStep, Words: w.Evidence})
	case w.Kind == warning.HostBusy && w.Cause == warning.CauseBusy:
		r.add(at, record.Gap{From: record.At(w.Start), To: record.At(w.End), Cause: record.HostBusy, Words: w.Evidence})
	}
}

// explain takes what has become known of the interruption that lasts. The
// clock may have been set meanwhile.
func (r *recorder) explain(w warning.Warning) {
	if r.gap == nil {
		return
	}
	r.gap.From = record.At(r.gap.From.Add(w.Start.Sub(r.gapStart)))
	r.gapStart = w.Start
	r.because(w.Cause)
}

// because puts a warning's cause, where it is known, into the words of a record.
func (r *recorder) because(c warning.Cause) {
	switch {
	case r.gap == nil || c == warning.NotKnown:
	case r.gap.Cause == record.TransportChange: // which ended it
	case c == warning.CauseServer && r.gap.Cause == record.ServerGone: // whose words say more
	case c == warning.CauseServer:
		r.gap.Cause, r.gap.Words = record.ServerGone, ""
	case c == warning.CauseAsleep:
		r.gap.Cause, r.gap.Words = record.Suspended, ""
	case c == warning.CauseMoved:
		r.gap.Cause, r.gap.Words = record.TransportChange, string(c)
	default:
		r.gap.Cause, r.gap.Words = record.Network, string(c)
	}
}

// hostGap tells of a gap that this computer made, between two minutes.
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
		return // the minute tells of it
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
	var g *record.Gap
	if r.gap != nil {
		so := *r.gap
		so.To = record.At(e.To)
		g = &so
	}
	r.check(r.w.Live(e.To, &m, g))
	r.seen = e.To
}

// end closes the record; without one it does nothing.
func (r *recorder) end(at time.Time, why record.EndReason) {
	if r == nil || r.w == nil {
		return
	}
	r.closeGap(at, at)
	r.flush(at)
	r.add(at, record.End{Why: why})
	r.check(r.w.Close())
	r.w, r.gaveUp = nil, true
}
