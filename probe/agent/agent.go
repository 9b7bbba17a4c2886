// Package agent runs a whole watch as one part of a program: the measuring engine,
// the metrics, the record, the outbox and desktop notifications. It connects them
// and knows where their files are. Flags, terminals and HTTP listeners are left to
// its callers.
package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"examlink/probe"
	"examlink/probe/exporter"
	"examlink/probe/netenv"
	"examlink/probe/record"
	"examlink/probe/wire"
)

// Options configures an agent.
type Options struct {
	// Probe is the engine's configuration, with the plan and the logger. Its Token
	// is required. If Attribution or Traffic is nil, the agent uses what this
	// computer provides. The agent opens the outbox itself: Outbox must be nil.
	Probe probe.Options
	// Record is the file of the record. Empty: one file per exam and day in the
	// user's configuration directory. NoRecord: no record. The outbox keeps its
	// file beside the record.
	Record string
	// QueueMax bounds the outbox, in bytes; 0 is outbox.DefaultBytes.
	QueueMax int64
	// Notify selects when warnings are shown as desktop notifications; empty: never.
	Notify Notify
	// Show shows a notification. It may block; nil: there are no notifications.
	Show func(title, text string) error
	// Metrics registers the watch's metrics, which stay registered after the watch.
	// Use a registry for one agent only. nil: no metrics.
	Metrics prometheus.Registerer
	// Tell passes a message to the student: one line, without a line break. Run makes
	// one call at a time. nil: such messages are dropped.
	Tell func(format string, args ...any)
	// Recording gets the name of the record's file once it is open; nil: nobody does.
	Recording func(file string)
	// Sinks get all events, in this order, after the record and the metrics.
	Sinks []probe.Sink
}

// Result is the outcome of a watch.
type Result struct {
	// Summary is zero if the watch never began.
	Summary probe.Summary
	Why     record.EndReason
	// Record is the file of the record; empty if there is none.
	Record string
}

// Agent watches one link.
type Agent struct {
	o       Options
	token   wire.JoinToken
	metrics *exporter.Exporter // nil: none
}

// New checks the options of this package and registers the metrics. It opens no file
// and no connection. Run checks the options of the engine.
func New(o Options) (*Agent, error) {
	if o.Probe.Outbox != nil {
		return nil, errors.New("outbox: set, expected none: the agent opens its own")
	}
	if err := o.Notify.check(); err != nil {
		return nil, err
	}
	o.Probe.Token = strings.TrimSpace(o.Probe.Token)
	token, err := wire.ReadJoinToken(o.Probe.Token)
	if err != nil {
		return nil, err
	}
	if o.Probe.Policy.Name == "" {
		o.Probe.Policy = probe.DefaultOptions().Policy
	}
	if o.Probe.Attribution == nil {
		o.Probe.Attribution = new(netenv.Asker)
	}
	if o.Probe.Log == nil {
		o.Probe.Log = slog.New(slog.DiscardHandler)
	}
	if o.Tell == nil {
		o.Tell = func(string, ...any) {}
	}
	a := &Agent{o: o, token: token}
	if o.Metrics != nil {
		if a.metrics, err = exporter.New(o.Metrics, o.Probe.Policy); err != nil {
			return nil, fmt.Errorf("metrics: %w", err)
		}
	}
	return a, nil
}

// Run watches until ctx ends or the planned exam is over, then closes the record
// and the outbox. A file that cannot be used does not stop the watch; Tell gets the
// reason. The error is not nil if the watch could not begin and trying again would
// not help. Call Run once.
func (a *Agent) Run(ctx context.Context) (Result, error) {
	o := a.o.Probe
	if o.Traffic == nil {
		traffic := NewTraffic(o)
		defer traffic.Close()
		o.Traffic = traffic.Read
	}
	why := func() record.EndReason { return whyEnded(ctx, nil) }
	keep := newRecorder(StartOf(o, a.token, a.now()), a.token.ID, a.o.Record, why, a.o.Tell)
	if keep != nil && a.metrics != nil {
		keep.wrote = a.metrics.Record
	}
	if keep != nil {
		keep.recording = a.o.Recording
	}
	o.Outbox = openOutbox(a.o.Record, a.token, a.o.QueueMax, a.o.Tell)
	defer func() {
		if err := errors.Join(o.Outbox.Err(), o.Outbox.Close()); err != nil {
			a.o.Tell("%v", err)
		}
	}()
	if a.metrics != nil {
		if err := a.metrics.Outbox(a.o.Metrics, o.Outbox); err != nil {
			return Result{Why: record.EndFailed}, fmt.Errorf("metrics: %w", err)
		}
	}
	note := newNotifier(a.o.Notify, o.Plan, o.Log, a.o.Show)
	defer note.end()
	s, err := probe.RunPlan(ctx, o, a.sinks(keep, note)...)
	r := Result{Summary: s, Why: whyEnded(ctx, err)}
	keep.end(a.now(), r.Why)
	r.Record = keep.file()
	return r, err
}

// sinks lists the existing sinks, the record first.
func (a *Agent) sinks(keep *recorder, note *notifier) (all []probe.Sink) {
	if keep != nil {
		all = append(all, keep)
	}
	if a.metrics != nil {
		all = append(all, a.metrics)
	}
	all = append(all, a.o.Sinks...)
	if note != nil {
		all = append(all, note)
	}
	return all
}

// now reads the engine's wall clock.
func (a *Agent) now() time.Time {
	if c := a.o.Probe.Clock; c != nil {
		return c.Wall()
	}
	return time.Now()
}

// whyEnded returns why a watch with this context and error has ended.
func whyEnded(ctx context.Context, err error) record.EndReason {
	switch {
	case err != nil:
		return record.EndFailed
	case ctx.Err() == nil:
		return record.EndExamOver
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return record.EndTimeOver
	}
	return record.EndStopped
}
