package server

import (
	"context"
	"errors"
	"sync"
	"time"

	"examlink/probe"
	"examlink/probe/agent"
	"examlink/probe/plan"
	"examlink/probe/record"
	"examlink/probe/view"
	"examlink/probe/warning"
	"examlink/probe/watch"
	"examlink/server/browser"
	"examlink/server/session"
)

// pagePoints is how many points of each kind the server keeps for a page: ten minutes.
// Chosen by us; the page keeps those that it has had.
const pagePoints = 120

// pageWatches are the watches of pages, which this server leads, by session.
type pageWatches struct {
	begun chan *pageWatch

	mu sync.Mutex
	of map[*session.Session]*pageWatch
}

func newPageWatches() *pageWatches {
	return &pageWatches{begun: make(chan *pageWatch), of: map[*session.Session]*pageWatch{}}
}

// run runs the watches until ctx ends.
func (p *pageWatches) run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		select {
		case w := <-p.begun:
			wg.Go(func() { // ends with ctx, the session or the exam
				w.run(ctx)
				p.forget(w)
			})
		case <-ctx.Done():
			return
		}
	}
}

// find returns the watch of a conversation's session, which begins if there is none; nil: the
// server ends.
func (p *pageWatches) find(ctx context.Context, c *conversation, o probe.Options) *pageWatch {
	p.mu.Lock()
	w, ok := p.of[c.session]
	if !ok {
		w = newPageWatch(c, o)
		p.of[c.session] = w
	}
	p.mu.Unlock()
	if !ok {
		select {
		case p.begun <- w:
		case <-ctx.Done():
			p.forget(w)
			return nil
		}
	}
	return w
}

func (p *pageWatches) forget(w *pageWatch) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of[w.by.session] == w {
		delete(p.of, w.by.session)
	}
}

// end ends the watch of a session that has ended.
func (p *pageWatches) end(s *session.Session) {
	p.mu.Lock()
	w := p.of[s]
	p.mu.Unlock()
	if w != nil {
		w.stop("this session has ended")
	}
}

// pageWatch is the watch of one page. It goes on while the page is away.
type pageWatch struct {
	by     *conversation // the first, for what it knows of the session; not its connection
	o      probe.Options
	feed   *view.Feed
	record *pageRecord
	lines  chan *browser.Line // the page's newest
	news   chan struct{}      // there is something to tell
	over   chan struct{}      // closed when the watch is over

	mu      sync.Mutex
	stopped func()
	why     string // it is over, in words; empty: it is not
	last    *browser.Line
}

var (
	_ watch.Dialer   = (*pageWatch)(nil)
	_ probe.LiveSink = (*pageWatch)(nil)
)

func newPageWatch(c *conversation, o probe.Options) *pageWatch {
	exam := plan.Window{}
	if c.token.Ends > 0 {
		exam, _ = plan.NewWindow(time.Unix(c.token.Starts, 0), time.Unix(c.token.Ends, 0), c.token.Zone) // checked when it was issued
	}
	w := &pageWatch{
		by: &conversation{s: c.s, session: c.session, token: c.token, hello: c.hello}, o: o, record: newPageRecord(),
		feed:  view.NewFeed(c.token.Exam, c.token.Servers[0], exam, o.Clock.Wall),
		lines: make(chan *browser.Line, 1), news: make(chan struct{}, 1), over: make(chan struct{}),
	}
	w.feed.Keep(pagePoints)
	return w
}

// run watches until ctx ends, the exam is over, or the watch is stopped.
func (w *pageWatch) run(ctx context.Context) {
	until := w.by.token.ExpiresAt()
	if ends := w.by.token.Ends; ends > 0 {
		until = time.Unix(ends, 0)
	}
	ctx, cancel := context.WithTimeout(ctx, max(until.Sub(w.o.Clock.Wall()), 0))
	defer cancel()
	w.mu.Lock()
	w.stopped = cancel
	if w.why != "" {
		cancel()
	}
	w.mu.Unlock()
	end := func() record.EndReason {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return record.EndExamOver
		}
		return record.EndStopped
	}
	zone, err := time.LoadLocation(w.by.token.Zone)
	if err != nil {
		zone = time.UTC
	}
	of := []any{"exam", w.by.token.Exam, "session", w.by.session.ID}
	keep := agent.NewRecordSink(agent.StartOf(w.o, w.by.token, w.o.Clock.Wall().In(zone)), w.by.token.ID,
		func(s record.Start, at time.Time) (*record.Writer, string, error) {
			r, err := record.New("of a page", s, at, record.Options{}, w.record.put)
			return r, "", err
		}, end, func(format string, args ...any) {
			w.o.Log.Warn("record of a page's watch", append(of, "message", format, "of", args)...)
		})
	if _, err := probe.WatchOver(ctx, w.o, w.by.token, w, keep, w.feed, w); err != nil {
		w.o.Log.Error("watch of a page", append(of, "err", err)...)
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		w.stop("the exam is over")
	}
	close(w.over)
	select {
	case l := <-w.lines: // came too late
		l.Close(false)
	default:
	}
}

// stop ends the watch; why is said to the page, unless it is known already.
func (w *pageWatch) stop(why string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.why == "" {
		w.why = why
	}
	if w.stopped != nil {
		w.stopped()
	}
}

// isOver reports whether the watch is over, and why; without a reason the server ends, and
// the page goes on elsewhere.
func (w *pageWatch) isOver() (why string, over bool) {
	select {
	case <-w.over:
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.why, true
	default:
		return "", false
	}
}

// attach makes a line the page's newest.
func (w *pageWatch) attach(l *browser.Line) {
	w.mu.Lock()
	if w.last != nil {
		w.last.Supersede()
	}
	w.last = l
	w.mu.Unlock()
	w.record.rewind()
	select {
	case old := <-w.lines: // nobody has taken it
		old.Close(false)
	default:
	}
	select {
	case w.lines <- l:
	case <-w.over:
		l.Close(false)
	}
}

// Dial implements watch.Dialer: it waits for the page.
func (w *pageWatch) Dial(ctx context.Context, _ watch.Wanted) (watch.Line, error) {
	select {
	case l := <-w.lines:
		return l, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// wake says that there is something to tell the page.
func (w *pageWatch) wake() {
	select {
	case w.news <- struct{}{}:
	default:
	}
}

// Session implements probe.Sink.
func (w *pageWatch) Session(probe.SessionEvent) { w.wake() }

// Window implements probe.Sink.
func (w *pageWatch) Window(probe.WindowEvent) { w.wake() }

// Live implements probe.LiveSink.
func (w *pageWatch) Live(probe.WindowEvent) {}

// Floor implements probe.Sink.
func (w *pageWatch) Floor(probe.FloorEvent) {}

// Warning implements probe.Sink.
func (w *pageWatch) Warning(warning.Warning) { w.wake() }
