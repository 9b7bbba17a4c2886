// Package watch follows a link for the duration of an exam: it schedules floor tests
// within a byte budget, raises warnings from windows and tests, attributes
// interruptions to causes, and reconnects.
// It does not touch files, terminals or metric registries; sinks do.
package watch

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"examlink/probe/clock"
	"examlink/probe/ippm"
	"examlink/probe/monitor"
	"examlink/probe/ratetest"
	"examlink/probe/session"
	"examlink/probe/verdict"
	"examlink/probe/warning"
	"examlink/probe/wire"
)

// Chosen by us.
const (
	Tick          = 100 * time.Millisecond
	ClockLook     = time.Second
	RedialAttempt = 3 * time.Second
	movedGrace    = time.Second      // packets younger than this when a session moves do not count as lost
	lostPause     = 30 * time.Second // between attempts after a refusal that is likely to persist
	loopLate      = 3 * Tick         // a loop this late was not receiving meanwhile
	// wakeGrace is how long Wi-Fi and DHCP may take after a computer wakes;
	// fallAsleep is how long before sleep a computer may take its network down.
	wakeGrace  = 10 * time.Second
	fallAsleep = 10 * time.Second
)

type floorOutcome struct {
	floor    ratetest.Floor
	up, down int64 // IP-layer cost
	err      error
}

type watcher struct {
	o     *Config
	sinks []Sink
	rng   *rand.Rand

	s          Line
	ticket     string
	summary    Summary
	total      monitor.Account
	trackers   trackers
	losses     monitor.Losses // of the last windows
	lossesFrom time.Duration  // losses before it belong to an interruption
	divergence clock.Divergence

	interrupted bool          // no echo for SilentAfter, and none since
	began       time.Duration // start of the silence of the active outage warning
	patience    time.Duration // until then, silence is attributed to a network that is waking up
	shortGap    time.Duration // length of the silence at the last look
	lastSilence time.Duration // start of that silence
	attempt     atomic.Pointer[failedAttempt]
	inquiry     inquiry
	lastLoop    time.Duration
	minute      MinuteBuilder
	reports     session.ReportSender
	redial      chan redialResult
	nextRedial  time.Duration // earliest next attempt after a refusal that is likely to persist
	refused     bool          // the refusal has been reported
	stopRedial  context.CancelFunc
	udpLost     time.Time     // since when UDP has been in doubt
	nextUDP     time.Duration // when to try UDP again beside a WebSocket

	controlUp, controlDown int64 // of the session in use, already reported

	windowFrom time.Time
	nextCut    time.Duration
	nextLook   time.Duration
	looked     time.Duration // when the clocks were last compared

	budgets     map[wire.Direction]*budget
	known       map[wire.Direction]ippm.Rate     // rates below the minimum, as last read
	recommended map[wire.Direction]warning.Level // last observation against the recommended rate
	own         verdict.Policy                   // the client\'s, for a server that sends none
	proved      map[wire.Direction]ippm.Rate     // what the last test at the minimum carried without a queue
	gentle      map[wire.Direction]int           // tests since the last that was judged against the recommended rate
	climbing    map[wire.Direction]bool          // the last test found no queue: a slow link may be recovering
	joint       map[wire.Direction]*jointBound
	lastTest    map[wire.Direction]time.Duration // when the last floor test ended
	nextGlance  map[wire.Direction]time.Duration
	nextFloor   time.Duration
	lastFloor   time.Duration
	goodInRow   int
	startedNow  time.Duration     // by Now, ...
	startedWake time.Duration     // ... and by Awake
	floors      chan floorOutcome // nil: no test is running
}

// Run watches until ctx ends, then returns the summary. The error is not nil if the
// watch could not begin and a retry would not help: a wrong token, a wrong
// certificate.
func Run(ctx context.Context, o Config, sinks ...Sink) (Summary, error) {
	seed := o.Seed
	if seed == 0 {
		seed = rand.Uint64()
	}
	if o.Dialer == nil {
		o.Dialer = studentDialer{&o}
	}
	down, up := newBudgets(&o)
	w := &watcher{
		o: &o, sinks: sinks, rng: rand.New(rand.NewPCG(seed, 1)),
		own: o.Policy, budgets: map[wire.Direction]*budget{wire.Down: &down, wire.Up: &up},
		joint:    map[wire.Direction]*jointBound{wire.Down: {}, wire.Up: {}},
		climbing: map[wire.Direction]bool{}, lastTest: map[wire.Direction]time.Duration{}, nextGlance: map[wire.Direction]time.Duration{},
		known: map[wire.Direction]ippm.Rate{}, proved: map[wire.Direction]ippm.Rate{}, gentle: map[wire.Direction]int{}, recommended: map[wire.Direction]warning.Level{},
		trackers: newTrackers(),
		summary:  Summary{Schema: Schema, Warnings: []warning.Warning{}, Episodes: Episodes{}, Started: o.Clock.Wall(), Exam: o.Join.Exam},
	}
	w.startedNow = o.Clock.Now()
	w.startedWake, _ = o.Clock.Awake()
	if err := w.connect(ctx); err != nil {
		return w.summary, err
	}
	if w.s != nil {
		w.run(ctx)
	}
	w.end()
	return w.summary, nil
}

// newBudgets returns full budgets for the policy's minimum rates.
func newBudgets(o *Config) (down, up budget) {
	now, share := o.Clock.Now(), o.Watch.BudgetShare
	return newBudget(o.Policy.Minimum.Download, share, floorLeastDown, now), newBudget(o.Policy.Minimum.Upload, share, floorLeastUp, now)
}

// judgeBy puts the policy in force that the server has sent.
func (w *watcher) judgeBy(sent *verdict.Policy) {
	p := verdict.InForce(w.own, sent)
	if p.Equal(w.o.Policy) {
		return
	}
	w.o.Policy = p
	down, up := newBudgets(w.o)
	*w.budgets[wire.Down], *w.budgets[wire.Up] = down, up
	clear(w.known)
	clear(w.proved)
	clear(w.recommended)
}

// elapsed returns how long the watch has run, suspends included where the system
// counts them.
func (w *watcher) elapsed() time.Duration {
	if awake, ok := w.o.Clock.Awake(); ok {
		return awake - w.startedWake
	}
	return w.o.Clock.Now() - w.startedNow
}

func (w *watcher) run(ctx context.Context) {
	tick := time.NewTicker(Tick)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case r := <-w.redial:
			w.redial = nil
			w.redialed(r)
		case f := <-w.floors:
			w.floorDone(f)
		case a := <-w.reports.Answers():
			w.countersigned(a)
		case f := <-w.inquiry.out:
			w.foundOut(f, w.o.Clock.Now())
		case <-tick.C:
		}
		now := w.o.Clock.Now()
		if late := now - w.lastLoop; late > loopLate && w.lastLoop > 0 {
			w.s.Probes().DiscountStall(late-Tick, now)
		}
		w.lastLoop = now
		if now >= w.nextLook {
			w.look(w.nextLook)
			w.live(now)
			w.nextLook = now + ClockLook
		}
		w.s.Foreign().Bytes(now) // so that its rate is known when a test begins
		w.inquire(ctx, now)
		w.absences(now)
		w.watchSilence(ctx, now)
		w.retryUDP(ctx, now)
		if now >= w.nextCut {
			w.cut(now)
			w.nextCut += w.o.Watch.Window
			if w.nextCut <= now {
				w.nextCut = now + w.o.Watch.Window
			}
		}
		w.maybeFloor(ctx, now)
	}
}

// wall converts a moment of the monotonic clock to wall-clock time.
func (w *watcher) wall(at time.Duration) time.Time {
	return w.o.Clock.Wall().Add(at - w.o.Clock.Now())
}

// end closes the session and completes the summary.
func (w *watcher) end() {
	if w.redial != nil {
		w.stopRedial()
		if r := <-w.redial; r.s != nil {
			r.s.Close(true)
		}
	}
	if q := &w.inquiry; q.out != nil {
		q.stop()
		<-q.out
	}
	at := w.o.Clock.Wall()
	for _, k := range warning.Kinds() { // while a session can still report it
		if wn, ok := w.trackers[k].Close(at); ok {
			w.warn(wn)
		}
	}
	w.reportMinute()
	w.retire(true)
	at = w.o.Clock.Wall()
	w.summary.Ended = at
	w.summary.Lasted = ippm.Seconds(w.elapsed())
	w.summary.Monitor = w.total.Figures()
}
