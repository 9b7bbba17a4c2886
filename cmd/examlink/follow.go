package main

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"examlink/cmd/internal/cli"
	"examlink/cmd/internal/config"
	"examlink/cmd/internal/daemon"
	"examlink/probe"
	"examlink/probe/plan"
	"examlink/probe/wire"
)

// follow watches, and tells on the way and at the end how it went.
func (w *watchFlags) follow(c *cobra.Command, f config.File, due plan.Plan, ahead time.Duration) error {
	stderr := newScreen(c.ErrOrStderr())
	registry := daemon.Registry()
	o, err := agentOptions(f, due, registry, stderr)
	if err != nil {
		return cli.Usage(err)
	}
	if ahead != 0 {
		o.Probe.GoBy(ahead)
	}
	wall := time.Now
	if o.Probe.Clock != nil {
		wall = o.Probe.Clock.Wall
	}
	token, err := wire.ReadJoinToken(f.Client.Token)
	if err != nil {
		return cli.Usage(err)
	}
	server := serverName(o.Probe, token)
	p := &watchPage{
		feed:   newWindowFeed(token.Exam, server, due.Window, wall, stderr.tell),
		listen: f.Client.MetricsListen, registry: registry, log: o.Probe.Log, stderr: stderr, verbose: w.verbose,
	}
	if w.json {
		e := newEvents(c.OutOrStdout(), due.Window, wall)
		e.start(token, server)
		o.Sinks = []probe.Sink{e}
		r, err := w.watch(c, o, p)
		if err != nil {
			return errors.Join(err, json.NewEncoder(c.OutOrStdout()).Encode(failureOf(err)))
		}
		e.end(r)
		return nil
	}
	v := newVoice(stderr, o.Probe.Log, due, wall, w.verbose)
	v.introduce(token, due.Window)
	o.Sinks = []probe.Sink{v}
	stop := v.run()
	r, err := w.watch(c, o, p)
	stop()
	if err != nil {
		return err
	}
	printSummary(c.OutOrStdout(), r, &v.link)
	return nil
}

// serverName returns the address of the server that is watched.
func serverName(o probe.Options, token wire.JoinToken) string {
	if o.Server != "" {
		return o.Server
	}
	return token.Servers[0]
}
