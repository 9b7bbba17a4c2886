package api

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"examlink/server/auth"
	"examlink/server/board"
)

// Chosen by us.
const (
	beatEvery   = 5 * time.Second  // so that a reader knows that it still hears everything
	writeWithin = 10 * time.Second // a reader that takes longer is cut off
	retryAfter  = time.Second      // that a browser waits before it comes back
	readersMost = 2000             // streams at once
	readersEach = 20               // of one principal
)

// stream is an answer that goes on.
type stream func(http.ResponseWriter, *http.Request)

// readers counts the streams. It is safe for concurrent use.
type readers struct {
	mu  sync.Mutex
	of  map[string]int // by identity
	all int
}

// enter counts a stream of a principal until release; false: there are too many.
func (c *readers) enter(identity string) (release func(), ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all >= readersMost || c.of[identity] >= readersEach {
		return nil, false
	}
	if c.of == nil {
		c.of = map[string]int{}
	}
	c.all++
	c.of[identity]++
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.all--
		if c.of[identity]--; c.of[identity] == 0 {
			delete(c.of, identity)
		}
	}, true
}

// mayStay reports whether the caller of a stream may still see its exam. While that cannot
// be found out, the caller may.
func (a *API) mayStay(r *http.Request) bool {
	p, err := a.auth.Authenticate(r)
	if errors.Is(err, auth.ErrUnavailable) {
		return true
	}
	return err == nil && p.MaySee(r.PathValue("exam"))
}

// boardStream sends the changes of a board to one reader. What a reader has not taken is
// not kept for it: the board keeps the latest changes for all, and who falls behind them
// begins again.
type boardStream struct {
	board   *board.Board
	exam    string
	mark    board.Mark
	allowed func() bool
	release func()
	log     *slog.Logger
}

func (s *boardStream) serve(w http.ResponseWriter, r *http.Request) {
	defer s.release()
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Time{}) // a stream has no end of its own
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // of a proxy
	var b bytes.Buffer
	fmt.Fprintf(&b, "retry: %d\n\n", retryAfter.Milliseconds())
	beat(&b)
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		list, next, news, err := s.board.After(s.exam, s.mark)
		for _, m := range list {
			fmt.Fprintf(&b, "id: %s\nevent: change\ndata: %s\n\n", m.Mark, m.Body)
		}
		if err != nil {
			b.WriteString("event: gone\ndata: {}\n\n")
		}
		s.mark = next
		if b.Len() > 0 {
			_ = c.SetWriteDeadline(time.Now().Add(writeWithin)) // a connection without deadlines has bounds of its own
			if _, failed := w.Write(b.Bytes()); failed != nil || c.Flush() != nil {
				return
			}
			b.Reset()
		}
		if err != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-news:
		case <-tick.C:
			if !s.allowed() {
				b.WriteString("event: signedout\ndata: {}\n\n")
				_, _ = w.Write(b.Bytes()) // the reader may be gone
				return
			}
			beat(&b)
		}
	}
}

// beat tells a reader the server's time.
func beat(b *bytes.Buffer) {
	fmt.Fprintf(b, "event: beat\ndata: {\"at\":%q}\n\n", time.Now().UTC().Format(time.RFC3339Nano))
}
