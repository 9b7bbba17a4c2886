package main

import (
	"examlink/probe/view"
	"log/slog"
	"strings"
	"sync"
	"time"

	"examlink/probe"
	"examlink/probe/plan"
	"examlink/probe/warning"
)

// Chosen by us.
const (
	repaintEvery = time.Second     // on a terminal
	stateEvery   = 5 * time.Minute // elsewhere, while nothing changes
	holdFor      = 3 * time.Second // an interruption's entry, for its cause
	// aroundOutage is how far from an interruption a change of the network belongs to it.
	aroundOutage = 10 * time.Second
	entryIndent  = 10 // columns of the time before an entry
)

// voice tells a student how a watch goes: a line for each thing that happens, and one
// for the state of the link, which stays current on a terminal. It logs the events, too.
type voice struct {
	screen  *screen
	log     *slog.Logger
	planned bool // whether the time of the exam is known
	wall    func() time.Time
	own     connection // of the events that are not for students

	mu      sync.Mutex // phases begin on another goroutine, and so does tick
	link    view.Link
	advised string           // last advice on an interruption, or on a connection that fails
	held    *warning.Warning // an interruption whose cause is being looked for
	moved   time.Time        // a change of the network that may be the cause of an interruption
	outage  time.Time        // when one was last active
	said    view.Condition
	saidAt  time.Time
}

var (
	_ probe.LiveSink = (*voice)(nil)
	_ probe.PlanSink = (*voice)(nil)
)

// newVoice returns a voice; verbose adds what happens on the connection.
func newVoice(s *screen, log *slog.Logger, due plan.Plan, wall func() time.Time, verbose bool) *voice {
	return &voice{
		screen: s, log: log, planned: !due.Window.IsZero(), wall: wall, link: view.NewLink(due.Window),
		own: connection{verbose: verbose, log: log},
	}
}

// run keeps the state line current until stop is called.
func (v *voice) run() (stop func()) {
	end, done := make(chan struct{}), make(chan struct{})
	go func() { // ends with stop
		defer close(done)
		t := time.NewTicker(repaintEvery)
		defer t.Stop()
		for {
			select {
			case <-t.C:
				v.tick()
			case <-end:
				return
			}
		}
	}()
	return func() { close(end); <-done; v.screen.clear() }
}

// tick shows the state: repainted on a terminal, elsewhere as a line when it has changed
// or was last shown a while ago.
func (v *voice) tick() {
	v.mu.Lock()
	defer v.mu.Unlock()
	now, c := v.wall(), v.link.Condition()
	v.release(now)
	if v.screen.repaint {
		v.repaint()
		return
	}
	if c == v.said && now.Sub(v.saidAt) < stateEvery {
		return
	}
	was := v.said
	v.said, v.saidAt = c, now
	switch {
	case c == view.Connecting, c == view.Testing, c == view.Waiting, c == view.Over, c == view.Interrupted && was != c:
		return // an entry has just said so, or will in a moment
	}
	word, rest := v.link.Line(now, mostWidth-entryIndent)
	v.entry(now, "", word+": "+rest)
}

// release writes what was held until now. Called locked.
func (v *voice) release(now time.Time) {
	if w := v.held; w != nil && now.Sub(w.Raised).Abs() >= holdFor {
		v.held = nil
		v.raised(*w)
	}
	if at := v.moved; !at.IsZero() && now.Sub(at).Abs() >= holdFor {
		v.moved = time.Time{}
		_, interrupted := v.link.Active[warning.Outage]
		if !interrupted && at.Sub(v.outage).Abs() >= aroundOutage { // else it is that interruption's
			v.entry(at, headNote, "This computer has changed to another network or address. Watching goes on.")
		}
	}
}

// repaint brings the state line of a terminal up to date. Called locked.
func (v *voice) repaint() {
	word, rest := v.link.Line(v.wall(), v.screen.width()-len("^C")-1)
	p := page{colour: v.screen.colour}
	v.screen.show(p.paint(v.link.Condition().Colour(), word)+"  "+rest, len([]rune(word))+2+len([]rune(rest)))
}

// entry writes an entry of the time; head is a word before it, if any. Called locked.
func (v *voice) entry(at time.Time, head, text string) {
	if v.screen.repaint {
		defer v.repaint()
	}
	var b strings.Builder
	p := page{w: &b, width: v.screen.width(), colour: v.screen.colour}
	beginning, column := clockTime(at)+"  ", entryIndent
	if head != "" {
		beginning, column = beginning+p.paint(headColours[head], head)+"  ", column+len(head)+2
	}
	p.after(beginning, column, entryIndent, text)
	_, _ = v.screen.Write([]byte(b.String()))
}

// headColours are the words before entries, with their colours.
var headColours = map[string]string{headWarning: "1;31", headCleared: "1;32", headNote: "1;33"}

const (
	headWarning = "WARNING"
	headCleared = "CLEARED"
	headNote    = "NOTE"
)

// Phase implements probe.PlanSink.
func (v *voice) Phase(e probe.PhaseEvent) {
	v.mu.Lock()
	defer v.mu.Unlock()
	first := v.link.Phase.Phase == ""
	v.link.Phase = e
	if !v.planned || first && e.Phase != plan.Idle { // the introduction has said so
		return
	}
	switch e.Phase {
	case plan.Idle:
		text := "Waiting for the exam. Watching begins on " + dayTime(e.Until) + "."
		if !e.Check.IsZero() {
			text += " Until then your link is checked a few times a day, next on " + dayTime(e.Check) + "."
		}
		v.entry(e.At, "", text)
	case plan.PreExam:
		v.entry(e.At, "", "Watching has begun. The exam begins on "+dayTime(e.Until)+".")
	case plan.Exam:
		v.entry(e.At, "", "The exam has begun. Watching goes on until "+dayTime(e.Until)+".")
	case plan.Done:
		v.entry(e.At, "", "The exam is over.")
	}
}

// Checked implements probe.PlanSink.
func (v *voice) Checked(e probe.CheckEvent) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if e.Err != nil {
		hint := advice(e.Err)
		v.log.Debug("scheduled check", "err", e.Err)
		v.entry(e.At, headNote, "The scheduled check could not be made. "+hint)
		return
	}
	v.entry(e.At, "", "Scheduled check: "+e.Report.Verdict.Sentence)
}

// Session implements probe.Sink.
func (v *voice) Session(e probe.SessionEvent) {
	v.mu.Lock()
	defer v.mu.Unlock()
	first := !v.link.Connected
	v.link.Session(e)
	if text := v.own.session(e); text != "" {
		v.entry(e.At, "", text)
	}
	switch e.State {
	case probe.SessionConnected:
		if first {
			v.entry(e.At, "", "Connected to the exam's server; your link is being watched.")
		}
		v.advised = ""
	case probe.SessionMoved:
		v.moved = e.At
	case probe.SessionWaiting:
		if hint := advice(e.Err); hint != v.advised { // the same every few seconds
			v.advised = hint
			v.entry(e.At, headWarning, "Not connected to the exam's server; trying again. "+hint)
		}
	case probe.SessionLost:
		v.entry(e.At, headWarning, "Cannot reconnect to the exam's server. "+advice(e.Err))
	case probe.SessionResumed, probe.SessionSilent, probe.SessionBack: // the warning of the interruption says so
	}
}

// Window implements probe.Sink.
func (v *voice) Window(e probe.WindowEvent) { v.Live(e) }

// Live implements probe.LiveSink.
func (v *voice) Live(e probe.WindowEvent) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.link.Window(e)
}

// Floor implements probe.Sink.
func (v *voice) Floor(e probe.FloorEvent) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.link.Floor(e)
	v.own.floor(e)
}
