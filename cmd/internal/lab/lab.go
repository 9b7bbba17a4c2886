//go:build linux

package main

import (
	"context"
	"encoding/json"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"examlink/cmd/internal/lab/stage"
)

// ipHeaders is the size of the headers of IPv4 and UDP, or of IPv4 and ICMP.
const ipHeaders = 28

// Chosen by us.
const (
	toolTimeout = 2 * time.Minute
	stopLimit   = 2 * time.Second // how long a server may take to end
)

// lab is what the experiments share.
type lab struct {
	ctx      context.Context
	programs stage.Programs
	records  *json.Encoder // of the measurements; nil: none
	keep     string        // folder for what watches leave; empty: it is removed

	hosts   *stage.Hosts // of rates and delay
	token   string       // of the server on the far host
	servers []*exec.Cmd

	repeats  int // measurements made again because the emulator stalled
	stalled  int // measurements in whose last run it still stalled
	failures []string
}

// serve starts the servers of examlink and of the peers in a namespace and
// returns a join token.
func (l *lab) serve(ns stage.Namespace, address string) (token string, err error) {
	server := stage.Server{
		Programs: l.programs, Namespace: ns, Listen: address + ":" + strconv.Itoa(stage.ServerPort),
		Admin: "127.0.0.1:9481", Data: l.programs.Path("data-" + string(ns)),
	}
	commands := []*exec.Cmd{server.Command(l.ctx)}
	for _, words := range peerServers(address) {
		commands = append(commands, ns.Command(l.ctx, words...))
	}
	defer func() {
		if err != nil {
			l.stop()
		}
	}()
	for _, c := range commands {
		c.Dir = string(l.programs) // it contains no config.yaml
		if err := c.Start(); err != nil {
			return "", err
		}
		l.servers = append(l.servers, c)
	}
	time.Sleep(stage.ServerStart)
	return server.Token(l.ctx, "lab")
}

// stop ends the servers.
func (l *lab) stop() {
	for _, c := range l.servers {
		_ = stage.End(c, syscall.SIGTERM, stopLimit)
	}
	l.servers = nil
}

// output runs a tool in a namespace and returns what it printed.
func (l *lab) output(ns stage.Namespace, words ...string) ([]byte, error) {
	return l.outputWithin(toolTimeout, ns, words...)
}

// outputWithin is output with a time-out of its own.
func (l *lab) outputWithin(limit time.Duration, ns stage.Namespace, words ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(l.ctx, limit)
	defer cancel()
	return ns.Output(ctx, string(l.programs), words...)
}
