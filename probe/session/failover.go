package session

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	"examlink/probe/wire"
)

// stagger is how long a server may take before the next one is tried beside it: longer
// than a handshake over a slow link, short enough for a student who waits. Chosen by us.
const stagger = 2 * time.Second

// Preferring returns a copy of the configuration that tries a server first.
func (c Config) Preferring(server string) *Config {
	all := append([]string{c.Server}, c.Others...)
	if i := slices.Index(all, server); i > 0 {
		all = append([]string{server}, slices.Delete(all, i, i+1)...)
	}
	c.Server, c.Others = all[0], all[1:]
	return &c
}

// Avoiding returns the configuration with a server tried last: it has asked its clients
// to go on elsewhere.
func (c Config) Avoiding(server string) *Config {
	all := append([]string{c.Server}, c.Others...)
	if i := slices.Index(all, server); i >= 0 {
		all = append(slices.Delete(all, i, i+1), server)
	}
	c.Server, c.Others = all[0], all[1:]
	return &c
}

// attempt is the result of dialling one server.
type attempt struct {
	of  int // its place in the list
	s   *Session
	err error
}

// Dial opens a session with one of the servers: by UDP, or by WebSocket if UDP does
// not get through. The first server that answers is used; the next one is tried when
// one fails, or after a moment without an answer. A refusal that a retry would not help
// ends the attempt. udp limits the first attempt by UDP; 0 leaves the limit to link.
func Dial(ctx context.Context, o *Config, token wire.JoinToken, purpose string, before Earlier, udp time.Duration) (*Session, error) {
	if len(o.Others) == 0 {
		return dialOne(ctx, o, token, purpose, before, udp)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	servers := append([]string{o.Server}, o.Others...)
	results := make(chan attempt, len(servers))
	errs := make([]error, len(servers))
	started, running := 0, 0
	start := func() {
		i, own, earlier := started, *o, before
		own.Server, own.Others = servers[i], nil
		if i > 0 { // the address is that of the first one
			earlier.Server = netip.Addr{}
		}
		started, running = started+1, running+1
		go func() { // ends with ctx, or with a result
			s, err := dialOne(ctx, &own, token, purpose, earlier, udp)
			results <- attempt{i, s, err}
		}()
	}
	// others ends what still runs: a session that opens too late is closed.
	others := func() {
		cancel()
		for ; running > 0; running-- {
			if late := <-results; late.s != nil {
				late.s.Close(true)
			}
		}
	}
	start()
	next := time.NewTicker(stagger)
	defer next.Stop()
	for {
		select {
		case a := <-results:
			running--
			if a.err == nil {
				others()
				return a.s, nil
			}
			if errs[a.of] = a.err; started < len(servers) && ctx.Err() == nil {
				start()
				next.Reset(stagger)
			} else if running == 0 {
				return nil, mostTelling(errs)
			}
		case <-next.C:
			if started < len(servers) {
				start()
			}
		}
	}
}

// mostTelling returns the error to report of those of several servers: a refusal, then
// one after which a retry may help, then the first.
func mostTelling(errs []error) error {
	var telling error
	for _, err := range errs {
		var refused *RefusedError
		switch {
		case err == nil:
		case errors.As(err, &refused):
			return err
		case telling == nil, Final(telling) && !Final(err):
			telling = err
		}
	}
	return telling
}
