package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"examlink/docs/schemas"
	"examlink/probe"
	"examlink/probe/agent"
	"examlink/probe/link"
	"examlink/probe/plan"
	"examlink/probe/record"
	"examlink/probe/verdict"
	"examlink/probe/warning"
	"examlink/probe/wire"
)

var examDay = time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)

// playedWatch plays a watch to a sink: a check, a connection, rates, a warning about the
// upload, and an interruption with a cause.
type playedWatch struct {
	sink    probe.LiveSink
	now     time.Time
	episode probe.Episodes
}

func (s *playedWatch) wall() time.Time { return s.now }

func (s *playedWatch) session(state probe.SessionState, err error) {
	s.sink.Session(probe.SessionEvent{
		At: s.now, State: state, Session: "k7f3", Server: "exam.example.edu:8443", Transport: link.UDP, Policy: verdict.BuiltIn()[0], Err: err,
	})
}

func (s *playedWatch) floor(d wire.Direction, value, low float64) {
	f := probe.Floor{Direction: d, Outcome: probe.FloorMeets, Rate: probe.Interval{Low: &low}}
	if value > 0 {
		f.Rate.Value, f.Rate.High = &value, &value
	}
	s.sink.Floor(probe.FloorEvent{At: s.now, Floor: f})
}

func (s *playedWatch) live() {
	a := &probe.Account{Sent: 20, Received: 20}
	for range 20 {
		a.RoundTrip.Add(22 * time.Millisecond)
	}
	s.sink.Live(probe.WindowEvent{From: s.now.Add(-time.Second), To: s.now, Account: a})
}

func (s *playedWatch) warn(w warning.Warning) {
	s.episode.Warning(w)
	s.sink.Warning(w)
}

// play plays the watch until its end; wait lets time pass.
func (s *playedWatch) play(wait func(time.Duration)) {
	p := s.sink.(probe.PlanSink)
	p.Phase(probe.PhaseEvent{At: s.now, Phase: plan.Idle, Until: examDay.Add(-30 * time.Minute), Check: s.now.Add(time.Minute)})
	wait(time.Minute)
	p.Checked(probe.CheckEvent{At: s.now, Due: s.now, Err: &link.Error{Reason: link.ReasonNoServer, Err: errors.New("no answer")}})
	ready := probe.Report{Started: s.now, Verdict: verdict.Verdict{Outcome: verdict.Ready, Sentence: "Ready: this link meets everything recommended."}}
	p.Checked(probe.CheckEvent{At: s.now, Due: s.now, Report: ready})
	s.now = examDay.Add(-30 * time.Minute)
	p.Phase(probe.PhaseEvent{At: s.now, Phase: plan.PreExam, Until: examDay})
	s.session(probe.SessionWaiting, &link.Error{Reason: link.ReasonNoNetwork, Err: errors.New("no route")})
	wait(2 * time.Second)
	s.session(probe.SessionConnected, nil)
	wait(time.Second)
	s.floor(wire.Down, 0, 6.13e6)
	s.floor(wire.Up, 0.512e6, 0.5e6)
	s.live()
	wait(2 * time.Second)
	s.now = examDay
	p.Phase(probe.PhaseEvent{At: s.now, Phase: plan.Exam, Until: examDay.Add(3 * time.Hour)})
	s.live()
	slow := warning.Warning{ID: 1, Kind: warning.UploadBelowMinimum, Start: s.now, Raised: s.now.Add(10 * time.Second), Evidence: "0.3 Mbit/s, the minimum is 0.384 Mbit/s", Episodes: 1}
	wait(10 * time.Second)
	s.warn(slow)
	s.floor(wire.Up, 0.3e6, 0.29e6)
	wait(50 * time.Second)
	slow.End, slow.Cleared = s.now.Add(-400*time.Millisecond), s.now
	s.warn(slow)
	out := warning.Warning{ID: 2, Kind: warning.Outage, Start: s.now.Add(600 * time.Millisecond), Raised: s.now.Add(3600 * time.Millisecond), Evidence: "no answer from the server", Episodes: 1}
	wait(3600 * time.Millisecond)
	s.warn(out)
	s.session(probe.SessionSilent, nil)
	s.session(probe.SessionMoved, nil) // belongs to the interruption
	wait(2 * time.Second)
	out.Cause, out.Updated = warning.CauseRouter, s.now
	s.warn(out)
	wait(5 * time.Second)
	out.End, out.Cleared, out.Updated = s.now.Add(-200*time.Millisecond), s.now, time.Time{}
	s.session(probe.SessionResumed, nil)
	s.warn(out)
	s.session(probe.SessionBack, nil)
	s.session(probe.SessionMoved, nil)
	s.floor(wire.Down, 0, 6.13e6)
	s.floor(wire.Up, 0.512e6, 0.5e6)
	wait(12 * time.Second)
	s.live()
	note := warning.Warning{ID: 3, Kind: warning.Suspended, Start: s.now, Raised: s.now.Add(time.Minute), End: s.now.Add(time.Minute), Cleared: s.now.Add(time.Minute), Cause: warning.CauseAsleep, Evidence: "for 1m0s", Episodes: 1}
	wait(time.Minute)
	s.warn(note)
}

// result is what the watch came to.
func (s *playedWatch) result() agent.Result {
	r := agent.Result{Why: record.EndStopped, Record: "/home/s/exam.jsonl"}
	r.Summary = probe.Summary{Schema: probe.SummarySchema, Started: examDay.Add(-30 * time.Minute), Ended: s.now, Session: "k7f3", Exam: "msds-5001", Connects: 2, Warnings: []warning.Warning{}, Episodes: s.episode}
	r.Summary.Monitor = probe.Figures{Sent: 18000, Received: 17900, LostUp: 70, LostDown: 20, LostUnknown: 10, LostInGaps: 65}
	return r
}

func examTime(t *testing.T) plan.Window {
	t.Helper()
	w, err := plan.NewWindow(examDay, examDay.Add(3*time.Hour), "America/Denver")
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// writes is a writer that is called for each write.
type writes func([]byte)

func (w writes) Write(b []byte) (int, error) { w(b); return len(b), nil }

// `watch --json` prints each line when it happens, in the form of its schema.
func TestEventsHaveTheirSchema(t *testing.T) {
	schemas.Fields[watchEvent](t, eventSchema)
	var out bytes.Buffer
	s := &playedWatch{now: examDay.Add(-2 * time.Hour)}
	e := newEvents(writes(func(b []byte) {
		if bytes.Count(b, []byte("\n")) != 1 || !bytes.HasSuffix(b, []byte("\n")) {
			t.Errorf("a write of %q, want one line", b)
		}
		out.Write(b)
	}), examTime(t), s.wall)
	s.sink = e
	e.start(wire.JoinToken{Exam: "msds-5001", Student: "s-0017"}, "exam.example.edu:8443")
	lines := 0
	s.play(func(d time.Duration) {
		n := bytes.Count(out.Bytes(), []byte("\n"))
		if n == lines {
			t.Errorf("nothing was printed before the next %v", d)
		}
		lines = n
		s.now = s.now.Add(d)
	})
	e.end(s.result())
	var documents [][]byte
	var got []string
	for l := range bytes.Lines(out.Bytes()) {
		documents = append(documents, l)
		var x watchEvent
		if err := json.Unmarshal(l, &x); err != nil {
			t.Fatal(err)
		}
		switch {
		case x.State != nil:
			got = append(got, string(x.State.Condition))
		case x.Warning != nil:
			got = append(got, string(x.Warning.Warning.Kind)+"-"+string(x.Warning.Change))
		case x.End != nil:
			got = append(got, "end:"+string(x.End.Outcome))
		default:
			got = append(got, x.Type)
		}
	}
	schemas.Test(t, eventSchema, documents...)
	if s := strings.Join(got, " "); s != "start phase waiting check check phase connecting session session testing good phase good upload-below-minimum-raised poor upload-below-minimum-cleared good outage-raised interrupted session session outage-updated session outage-cleared testing session session good good suspended-noted good end:missed" {
		t.Error(s)
	}
}
