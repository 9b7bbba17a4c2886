package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"examlink/cmd/internal/cli"
	"examlink/cmd/internal/config"
	"examlink/cmd/internal/daemon"
	"examlink/probe"
	"examlink/probe/agent"
	"examlink/probe/plan"
)

// watchFlags are the flags of "examlink watch" that set no key of the configuration.
type watchFlags struct {
	json, plan, verbose bool
	open                bool
	lasting             time.Duration
	service             serviceFlags
}

func newWatch(a *cli.App) *cobra.Command {
	var w watchFlags
	c := &cobra.Command{
		Use:   "watch " + tokenUse,
		Short: "Watches this link until you stop it",
		Long: `Watches this link until you stop it (Ctrl-C). It warns you at once when the link
falls below what the exam needs or is interrupted, says what to do, and when it has
recovered. In a terminal the last line shows the state of the link: the rates
against the minimum ("6.1+" is at least 6.1), the round trip, and the time left in
the exam. It ends with a verdict on the whole watch.

It keeps a record that "examlink report" turns into a report, and serves Prometheus
metrics on client.metrics_listen. There it also serves a page for this computer only,
with the same state, warnings and what to do, the rates over time, and the record; it
prints the address of that page once. --open opens it in your browser.

The time of the exam comes from client.exam or, if that is not set, from the join
token. --plan prints when checks and the watch are due, and measures nothing.

` + tokenHelp + `

` + serviceHelp,
		Example: `  examlink watch @token.txt`,
		Args:    oneToken,
		RunE:    func(c *cobra.Command, args []string) error { return w.run(a, c, args) },
	}
	c.Flags().BoolVar(&w.json, "json", false, "print what happens, line by line (schema "+eventSchema+"), or the plan, as JSON")
	c.Flags().BoolVar(&w.verbose, "verbose", false, "also print what happens to the connection, and where the metrics are")
	c.Flags().BoolVar(&w.plan, "plan", false, "print when checks and the watch are due (schema "+plan.Schema+"), and measure nothing")
	c.Flags().BoolVar(&w.open, "open", false, "open the page of the watch in your browser")
	w.service.declare(c)
	c.Flags().DurationVar(&w.lasting, "for", 0, "stop after this `time`")
	a.Flag(c, "server", "client.server", "`host:port` of the server; overrides the one in the token")
	a.Flag(c, "policy", "policy", "`name` of the policy to judge the link by")
	a.Flag(c, "metrics-listen", "client.metrics_listen", "`address` of the metrics listener and of the page")
	a.Flag(c, "record", "client.watch.record", "`file` for the record, or \"none\" (default: one for each exam and day in the user's configuration directory)")
	a.Flag(c, "notify", "client.notify", "`when` to show warnings as desktop notifications: off, before-exam, always")
	a.Flag(c, "interval", "client.interval", "`time` between packets of the monitor stream")
	a.Flag(c, "floor-every", "client.watch.floor_every", "mean `time` between tests of the minimum rate (floor tests)")
	a.Flag(c, "budget-share", "client.watch.budget_share", "`share` of the minimum rate that floor tests may use")
	return c
}

func (w *watchFlags) run(a *cli.App, c *cobra.Command, args []string) error {
	if w.lasting < 0 {
		return cli.Usage(fmt.Errorf("--for: %v, expected more than 0", w.lasting))
	}
	if w.service.any() {
		return w.service.run(a, c, args)
	}
	f, err := load(a, c, args)
	if err != nil {
		return err
	}
	due, err := examPlan(f, time.Now(), time.Local)
	if err != nil {
		return cli.Usage(err)
	}
	ahead := time.Duration(0)
	if f.Client.Token != "" && !w.plan && !due.Window.IsZero() {
		if ahead = serverAhead(c, f); ahead != 0 {
			if due, err = examPlan(f, time.Now().Add(ahead), time.Local); err != nil {
				return cli.Usage(err)
			}
		}
	}
	if w.open && f.Client.MetricsListen == "" {
		return cli.Usage(errors.New("--open: client.metrics_listen is empty, expected host:port on the loopback, where the page is served"))
	}
	if w.plan {
		return printPlan(c.OutOrStdout(), due, w.json)
	}
	if f.Client.Token == "" {
		return errNoToken
	}
	return w.follow(c, f, due, ahead)
}

// askClock bounds how long the server is asked for its time.
const askClock = 5 * time.Second

// serverAhead returns how far the server's clock is ahead if this computer's is wrong,
// and tells the student; 0 if it is right, or cannot be compared.
func serverAhead(c *cobra.Command, f config.File) time.Duration {
	o, err := f.ProbeOptions()
	if err != nil {
		return 0
	}
	ctx, cancel := context.WithTimeout(c.Context(), askClock)
	defer cancel()
	ahead, err := probe.ServerClock(ctx, o)
	if err != nil || ahead.Abs() < probe.ClockWrong {
		return 0
	}
	fmt.Fprintln(c.ErrOrStderr(), "examlink: "+clockWords(ahead)+" The exam's times go by the server's clock.")
	return ahead
}

// clockWords says that this computer's clock is wrong.
func clockWords(ahead time.Duration) string {
	word := "behind"
	if ahead < 0 {
		word = "ahead of"
	}
	return fmt.Sprintf("This computer's clock is %s %s the exam server's. Set it: turn on automatic date and time.", ahead.Abs().Round(time.Minute), word)
}

// agentOptions converts the configuration to the options of a watch that logs, and
// prints what its sinks do not say, on stderr.
func agentOptions(f config.File, due plan.Plan, registry prometheus.Registerer, stderr *screen) (agent.Options, error) {
	o, err := f.ProbeOptions()
	if err != nil {
		return agent.Options{}, err
	}
	o.Plan, o.Version = due, daemon.Version()
	o.Log = daemon.Logger(stderr, daemon.Level(f.Log.Level), f.Log.Format)
	return agent.Options{
		Probe: o, Record: f.Client.Watch.Record, QueueMax: f.Client.QueueMax,
		Notify: agent.Notify(f.Client.Notify), Metrics: registry,
		Tell: stderr.tell,
	}, nil
}

// watch runs the agent, and serves its metrics and its page.
func (w *watchFlags) watch(c *cobra.Command, o agent.Options, p *watchPage) (agent.Result, error) {
	o.Sinks, o.Recording, o.Show = append(o.Sinks, p.feed), p.feed.recording, p.show
	g, err := agent.New(o)
	if err != nil {
		return agent.Result{}, err
	}
	stop := p.serve(c.Context(), w.open)
	defer stop()
	ctx := c.Context()
	if w.lasting > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, w.lasting)
		defer cancel()
	}
	r, err := g.Run(ctx)
	if err != nil {
		err = classify(err, !r.Summary.Started.IsZero())
	}
	return r, err
}
