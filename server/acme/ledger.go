package acme

import (
	"context"
	"errors"
	"time"

	"examlink/server/store"
)

// Chosen by us.
const (
	// turnPatience is longer than orderTimeout: a turn that lasts longer was left by a
	// server that has died.
	turnPatience = 2 * orderTimeout
	// longestWait between two attempts. Let's Encrypt permits five failed validations of a
	// name per hour.
	longestWait = time.Hour
)

// errOthersTurn says that another server orders at the moment.
var errOthersTurn = errors.New("another server orders the certificate")

// turn is whose turn it is to order, among servers that share a store.
type turn struct {
	Holder   string    `json:"holder,omitempty"`   // empty: nobody's
	Failures int       `json:"failures,omitempty"` // since the last certificate
	Next     time.Time `json:"next,omitzero"`      // when the next attempt is due
}

// ledger takes turns. No clocks are compared to tell whether a holder has died: its turn
// has stayed the same for too long by this server's own clock. It is used by one
// goroutine.
type ledger struct {
	shelf      shelf
	name, self string
	alone      bool

	seen  uint64 // the version of another's turn
	since time.Time
}

// take takes the turn. With eager it does not wait for the time of the next attempt. It
// returns how long to wait before another try: 0 with the turn taken. Errors:
// errOthersTurn; those of the store.
func (l *ledger) take(ctx context.Context, eager bool) (t turn, version uint64, wait time.Duration, err error) {
	version, err = l.shelf.get(ctx, l.name, &t)
	if err != nil {
		return t, 0, 0, err
	}
	if t.Holder != "" && !l.alone {
		if now := time.Now(); l.seen != version || l.since.IsZero() {
			l.seen, l.since = version, now
		}
		if time.Since(l.since) < turnPatience {
			return t, 0, 0, errOthersTurn
		}
	}
	if wait := min(time.Until(t.Next), longestWait); wait > 0 && !eager {
		return t, 0, wait, nil
	}
	t.Holder = l.self
	version, err = l.shelf.put(ctx, l.name, t, version)
	if errors.Is(err, store.ErrConflict) {
		err = errOthersTurn
	}
	return t, version, 0, err
}

// leave ends a turn that was taken.
func (l *ledger) leave(ctx context.Context, t turn, version uint64) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerTimeout)
	defer cancel()
	t.Holder = ""
	_, err := l.shelf.put(ctx, l.name, t, version)
	if errors.Is(err, store.ErrConflict) {
		return nil // another took over, since this server seemed dead
	}
	return err
}

// after is the turn after an attempt.
func (t turn) after(err error, now time.Time) turn {
	if err == nil {
		return turn{}
	}
	t.Failures++
	t.Next = now.Add(pause(t.Failures))
	return t
}

// pause is how long to wait after a number of failures in a row.
func pause(failures int) time.Duration {
	return min(5*time.Minute<<min(failures-1, 10), longestWait)
}
