package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"examlink/cmd/internal/cli"
	"examlink/cmd/internal/daemon"
	"examlink/probe"
	"examlink/probe/exporter"
	"examlink/probe/link"
	"examlink/probe/netenv"
	"examlink/probe/plan"
	"examlink/probe/record"
	"examlink/probe/verdict"
	"examlink/probe/warning"
	"examlink/probe/wire"
)

func newWatch(a *cli.App) *cobra.Command {
	asJSON, showPlan := false, false
	var as serviceFlags
	var lasting time.Duration
	c := &cobra.Command{
		Use:   "watch [TOKEN]",
		Short: "Watches this link until told to stop",
		Long: `Watches this link until told to stop (Ctrl-C): says at once when it falls below
what the exam needs or is interrupted, and when it has recovered. It serves
Prometheus metrics on client.metrics_listen, keeps a record that
"examlink report" turns into an account, and ends with a summary.

When the exam is comes from client.exam, else from the join token; --plan prints
what is due when, and measures nothing.

` + serviceHelp,
		Args: oneToken,
		RunE: func(c *cobra.Command, args []string) error {
			if lasting < 0 {
				return cli.Usage(fmt.Errorf("--for: %v, expected more than 0", lasting))
			}
			if as.any() {
				return as.run(a, c, args)
			}
			f, err := load(a, c, args)
			if err != nil {
				return err
			}
			due, err := examPlan(f, time.Now(), time.Local)
			if err != nil {
				return cli.Usage(err)
			}
			if showPlan {
				return printPlan(c.OutOrStdout(), due, asJSON)
			}
			if f.Client.Token == "" {
				return errNoToken
			}
			o, err := f.ProbeOptions()
			if err != nil {
				return cli.Usage(err)
			}
			o.Plan = due
			ctx, cancel := context.WithCancel(c.Context())
			defer cancel()
			if lasting > 0 {
				ctx, cancel = context.WithTimeout(ctx, lasting)
				defer cancel()
			}
			o.Version = daemon.Version()
			o.Attribution = new(netenv.Asker)
			o.Traffic = (&ownTraffic{server: serverOf(o)}).read
			o.Log = daemon.Logger(c.ErrOrStderr(), daemon.Level(f.Log.Level), f.Log.Format)
			registry := daemon.Registry()
			metrics, err := exporter.New(registry, o.Policy)
			if err != nil {
				return err
			}
			voice := &voice{w: c.ErrOrStderr(), log: o.Log, planned: !due.Window.IsZero()}
			if f.Client.MetricsListen != "" {
				admin, err := daemon.NewAdmin(f.Client.MetricsListen, registry, func() bool { return true }, o.Log)
				if err != nil {
					// The exam matters more than its metrics.
					fmt.Fprintf(c.ErrOrStderr(), "examlink: %v; watching without metrics\n", err)
				} else {
					fmt.Fprintf(c.ErrOrStderr(), "metrics on http://%s/metrics\n", admin.Address())
					done := make(chan struct{})
					go func() { // ends with ctx
						defer close(done)
						_ = admin.Run(ctx)
					}()
					defer func() { cancel(); <-done }()
				}
			}
			sinks := []probe.Sink{metrics, voice}
			tell := func(format string, args ...any) {
				fmt.Fprintf(c.ErrOrStderr(), "examlink: "+format+"\n", args...)
			}
			keep := newRecorder(o, f.Client.Watch.Record, time.Now(), tell)
			if keep != nil {
				sinks = append([]probe.Sink{keep}, sinks...)
			}
			if note := newNotifier(f.Client.Notify, due, o.Log, showOnDesktop); note != nil {
				sinks = append(sinks, note)
				defer note.end()
			}
			if token, err := wire.ReadJoinToken(o.Token); err == nil { // else Watch says so
				o.Outbox = openOutbox(f.Client.Watch.Record, token, f.Client.QueueMax, tell)
				if err := metrics.Outbox(registry, o.Outbox); err != nil {
					return err
				}
				defer func() {
					if err := errors.Join(o.Outbox.Err(), o.Outbox.Close()); err != nil {
						tell("%v", err)
					}
				}()
			}
			s, err := probe.RunPlan(ctx, o, sinks...)
			why := whyEnded(c.Context(), err)
			if err == nil && ctx.Err() == nil {
				why = record.EndExamOver
			}
			keep.end(time.Now(), why)
			if err != nil {
				return classify(err, !s.Started.IsZero())
			}
			if asJSON {
				e := json.NewEncoder(c.OutOrStdout())
				e.SetIndent("", "  ")
				return e.Encode(s)
			}
			printSummary(c.OutOrStdout(), s)
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print the summary, or the plan, as JSON")
	c.Flags().BoolVar(&showPlan, "plan", false, "print what is due when (schema "+plan.Schema+"), and measure nothing")
	as.declare(c)
	c.Flags().DurationVar(&lasting, "for", 0, "stop by itself after this `time`")
	a.Flag(c, "server", "client.server", "server `host:port`, instead of the one in the token")
	a.Flag(c, "policy", "policy", "`name` of the policy to judge by")
	a.Flag(c, "metrics-listen", "client.metrics_listen", "`address` of the metrics listener")
	a.Flag(c, "record", "client.watch.record", "`file` the record is kept in, or \"none\" (default: one for each exam and day in the user's configuration directory)")
	a.Flag(c, "notify", "client.notify", "`when` to show warnings as desktop notifications: off, before-exam, always")
	a.Flag(c, "interval", "client.interval", "`spacing` of the monitor stream")
	a.Flag(c, "floor-every", "client.watch.floor_every", "mean `time` between floor tests")
	a.Flag(c, "budget-share", "client.watch.budget_share", "`share` of the minimum rate floor tests may use")
	return c
}

// whyEnded says why a watch is over, in the words of a record.
func whyEnded(asked context.Context, err error) record.EndReason {
	switch {
	case err != nil:
		return record.EndFailed
	case asked.Err() != nil:
		return record.EndStopped
	}
	return record.EndTimeOver
}

// serverOf is the address a watch connects to; empty if that is not known yet.
func serverOf(o probe.Options) string {
	if o.Server != "" {
		return o.Server
	}
	if token, err := wire.ReadJoinToken(o.Token); err == nil {
		return token.Servers[0]
	}
	return ""
}

// voice tells the student, and the log, what a watch finds.
type voice struct {
	w         io.Writer
	log       *slog.Logger
	planned   bool           // there is an exam to wait for
	transport link.Transport // told last

	mu sync.Mutex // phases begin on another goroutine
}

var (
	_ probe.Sink     = (*voice)(nil)
	_ probe.PlanSink = (*voice)(nil)
)

// Phase implements probe.PlanSink.
func (v *voice) Phase(e probe.PhaseEvent) {
	if !v.planned {
		return
	}
	at := func(t time.Time) string { return t.Local().Format("Mon 2 Jan 15:04") }
	switch e.Phase {
	case plan.Idle:
		if e.Check.IsZero() {
			v.say(e.At, "waiting for the exam; watching begins %s", at(e.Until))
		} else {
			v.say(e.At, "waiting for the exam; next check %s, watching begins %s", at(e.Check), at(e.Until))
		}
	case plan.PreExam:
		v.say(e.At, "watching; the exam begins %s", at(e.Until))
	case plan.Exam:
		v.say(e.At, "the exam has begun; watching until %s", at(e.Until))
	case plan.Done:
		v.say(e.At, "the exam is over")
	}
}

// Checked implements probe.PlanSink.
func (v *voice) Checked(e probe.CheckEvent) {
	if e.Err != nil {
		_, hint := explain(e.Err)
		v.say(e.At, "a planned check could not be made: %v. %s", e.Err, hint)
		return
	}
	v.say(e.At, "planned check: %s", e.Report.Verdict.Sentence)
}

func (v *voice) say(at time.Time, format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	fmt.Fprintf(v.w, "%s  %s\n", at.Local().Format(time.TimeOnly), fmt.Sprintf(format, args...))
}

// Session implements probe.Sink.
func (v *voice) Session(e probe.SessionEvent) {
	switch e.State {
	case probe.SessionConnected:
		v.say(e.At, "connected to %s%s%s", e.Server, v.by(e.Transport), remembered(e))
	case probe.SessionResumed:
		v.say(e.At, "connected to %s again%s%s", e.Server, v.by(e.Transport), remembered(e))
	case probe.SessionBack:
		v.say(e.At, "the server answers again")
	case probe.SessionMoved:
		v.say(e.At, "this computer's address in the network has changed")
	case probe.SessionSilent:
		v.say(e.At, "no answer from the server; trying to reach it again")
	case probe.SessionWaiting:
		_, hint := explain(e.Err)
		v.say(e.At, "not connected: %v; trying again. %s", e.Err, hint)
	case probe.SessionLost:
		_, hint := explain(e.Err)
		v.say(e.At, "cannot reconnect: %v. %s", e.Err, hint)
	}
	v.log.Debug("session", "state", e.State, "session", e.Session, "transport", e.Transport, "address", e.Address, "err", e.Err)
}

// remembered says how the server was found when its name could not be looked up.
func remembered(e probe.SessionEvent) string {
	if !e.Remembered {
		return ""
	}
	return "; its name could not be looked up, it answers where it did before"
}

// by says what carries the session, where that is worth a word.
func (v *voice) by(t link.Transport) string {
	was := v.transport
	v.transport = t
	switch {
	case t == link.WebSocket:
		return " by WebSocket over TCP: rates are lower bounds, and lost packets show as delay"
	case t == link.UDP && was == link.WebSocket:
		return " over UDP"
	}
	return ""
}

// Window implements probe.Sink.
func (v *voice) Window(probe.WindowEvent) {}

// Floor implements probe.Sink.
func (v *voice) Floor(e probe.FloorEvent) {
	v.log.Debug("floor test", "direction", e.Floor.Direction, "outcome", e.Floor.Outcome, "why", e.Floor.Why, "bytes_up", e.SpentUp, "bytes_down", e.SpentDown)
}

// Warning implements probe.Sink.
func (v *voice) Warning(w warning.Warning) {
	switch {
	case w.Active() && !w.Updated.IsZero():
		v.say(w.Updated, "         %s", w)
	case w.Active():
		v.say(w.Raised, "WARNING  %s", w)
	case w.End.IsZero():
		v.say(w.Cleared, "stopped while this stood: %s", w.Kind.Title())
	case w.Raised.Equal(w.Cleared):
		v.say(w.Cleared, "NOTE     %s", w)
	default:
		v.say(w.Cleared, "CLEARED  %s, after %s", w.Kind.Title(), w.End.Sub(w.Start).Round(100*time.Millisecond))
	}
	v.log.Debug("warning", "kind", w.Kind, "active", w.Active(), "start", w.Start, "end", w.End, "cause", w.Cause, "evidence", w.Evidence)
}

func printSummary(w io.Writer, s probe.Summary) {
	if s.Started.IsZero() {
		fmt.Fprintln(w, "The exam's time had not come; nothing was watched.")
		return
	}
	if s.Connects == 0 {
		fmt.Fprintln(w, "The server was never reached; nothing was measured.")
		return
	}
	m := s.Monitor
	fmt.Fprintf(w, "Watched for %s: %d packets, %d lost up, %d lost down", s.Ended.Sub(s.Started).Round(time.Second), m.Sent, m.LostUp, m.LostDown)
	if m.LostUnknown > 0 {
		fmt.Fprintf(w, ", %d lost in a direction not known", m.LostUnknown)
	}
	if n := m.Unsent - m.Stalled - m.NoWay; n > 0 {
		fmt.Fprintf(w, ", %d not sent on time by this computer", n)
	}
	fmt.Fprintln(w, ".")
	if m.OverTCP > 0 {
		fmt.Fprintf(w, "%d of the packets went by WebSocket over TCP, where losses show as delay.\n", m.OverTCP)
	}
	if m.RoundTrip.Median != nil {
		fmt.Fprintf(w, "Round trip %s in the median", verdict.Format(*m.RoundTrip.Median, "s"))
		if m.RoundTrip.P99 != nil {
			fmt.Fprintf(w, ", %s at the 99th percentile", verdict.Format(*m.RoundTrip.P99, "s"))
		}
		fmt.Fprintln(w, ".")
	}
	fmt.Fprintf(w, "%d floor tests, %d glances; %.2f MB down and %.2f MB up in all.\n", s.FloorTests, s.Glances, float64(s.BytesDown)/1e6, float64(s.BytesUp)/1e6)
	if len(s.Warnings) == 0 {
		fmt.Fprintln(w, "No warnings.")
		return
	}
	fmt.Fprintln(w, "Warnings:")
	for _, x := range s.Warnings {
		end := "until the end of the watch"
		if !x.End.IsZero() {
			end = "to " + x.End.Local().Format(time.TimeOnly)
		}
		fmt.Fprintf(w, "  %s %s  %s\n", x.Start.Local().Format(time.TimeOnly), end, x)
	}
}
