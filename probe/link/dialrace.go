package link

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"
)

// attemptDelay is how long an attempt runs alone before the next address is tried
// beside it, as RFC 8305 recommends in section 5.
const attemptDelay = 250 * time.Millisecond

// dialRace is a race of attempts to connect to the addresses of one server (RFC
// 8305, section 5): the first that succeeds wins.
type dialRace[T any] struct {
	port uint16
	way  func(netip.Addr) way
	// try makes one attempt; silence bounds the peer's silence. Its errors are of
	// type *Error.
	try  func(ctx context.Context, to netip.AddrPort, silence time.Duration) (T, error)
	drop func(T) // closes a connection that came too late
	// limit bounds the silence of all attempts together, counted from the first.
	limit time.Duration
}

// attempt is the result of one attempt.
type attempt[T any] struct {
	conn       T
	remembered bool
	err        error
}

// run returns the first connection, and whether it is to a remembered address because
// the name could not be looked up. find provides the addresses; ctx bounds everything.
// When run returns, no attempt and no look-up is running. Its errors are of type
// *Error.
func (c dialRace[T]) run(ctx context.Context, find func(context.Context) <-chan finding) (won T, remembered bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	found := find(ctx)
	var (
		wait      = addressQueue{way: c.way}
		kept      = map[netip.Addr]bool{} // the remembered addresses
		resolved  bool
		out       = make(chan attempt[T])
		running   int
		failures  []error
		turn      = time.NewTimer(attemptDelay) // of the next attempt
		mayBegin  = true
		first     time.Time
		over      <-chan time.Time // no further attempt may begin
		cancelled = ctx.Done()
	)
	defer turn.Stop()
	defer func() {
		cancel()
		for ; running > 0; running-- {
			if a := <-out; a.err == nil {
				c.drop(a.conn)
			}
		}
		for range found { // no longer needed
		}
	}()
	listening, ended := found, false
	for running > 0 || !ended && (listening != nil || !wait.empty()) {
		if mayBegin && !ended && !wait.empty() {
			if first.IsZero() {
				first = time.Now()
				over = time.After(c.limit - attemptDelay)
			}
			to := wait.next()
			silence, remembered := c.limit-time.Since(first), kept[to]
			running++
			go func() { // ends with its result, which the loop or the defer takes
				conn, err := c.try(ctx, netip.AddrPortFrom(to, c.port), silence)
				out <- attempt[T]{conn: conn, remembered: remembered, err: err}
			}()
			mayBegin = false
			turn.Reset(attemptDelay)
		}
		select {
		case f, more := <-listening:
			switch {
			case !more:
				listening = nil
			case f.err != nil:
				failures = append(failures, &Error{Reason: ReasonResolve, Err: f.err})
			default:
				if f.remembered {
					kept[f.addrs[0]] = true
				} else {
					resolved = true
				}
				wait.add(f.addrs)
			}
		case a := <-out:
			running--
			if a.err == nil {
				return a.conn, a.remembered && !resolved, nil
			}
			failures = append(failures, a.err)
			mayBegin = true
		case <-turn.C:
			mayBegin = true
		case <-over:
			ended = true
		case <-cancelled:
			ended, cancelled = true, nil
		}
	}
	if len(failures) > 0 {
		return won, false, worthiest(failures)
	}
	err = errors.New("the name was not looked up in time")
	for f := range found { // ctx has ended, and the look-ups with it
		if f.err != nil {
			err = f.err
		}
	}
	return won, false, &Error{Reason: ReasonResolve, Err: err}
}

// worth orders reasons by how much they reveal about the server: its own answer before
// silence, and silence before local obstacles.
var worth = []Reason{
	ReasonCertificate, ReasonProtocol, ReasonClosed, ReasonUDPBlocked, ReasonPathMTU, ReasonNoServer, ReasonSilent,
	ReasonCancelled, ReasonNoNetwork, ReasonAddress, ReasonResolve,
}

// worthiest returns the most informative error; of equals, the first.
func worthiest(errs []error) error {
	rank := func(err error) int {
		r, _ := ReasonOf(err)
		return slices.Index(worth, r)
	}
	return slices.MinFunc(errs, func(a, b error) int { return rank(a) - rank(b) })
}
