package server

import (
	"sync"
	"time"

	"examlink/server/session"
)

// Chosen by us.
const (
	byeTimeout = time.Second // for sending the shutdown message to all clients
	// byeHeard is how long checks have to leave: their own trains fill the link, so that
	// the message may get lost and be sent again. A check that does not hear it would take
	// the end of the server for one of the link.
	byeHeard = 800 * time.Millisecond
)

// sayGoodbye tells every client that the server is shutting down, and waits for checks to
// leave.
func (s *Server) sayGoodbye() {
	begun := time.Now()
	var wg sync.WaitGroup
	for _, ss := range s.sessions.All() {
		wg.Go(func() {
			ss.SayBye(begun.Add(byeTimeout), "server is shutting down")
			conn := ss.Conn()
			if ss.Purpose != session.PurposeCheck || conn == nil {
				return
			}
			select {
			case <-conn.Done():
			case <-time.After(time.Until(begun.Add(byeHeard))):
			}
		})
	}
	wg.Wait()
}
