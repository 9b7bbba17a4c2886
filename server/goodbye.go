package server

import (
	"sync"
	"time"
)

// byeTimeout bounds sending the shutdown message to all clients. Chosen by us.
const byeTimeout = time.Second

// sayGoodbye tells every client that the server is shutting down.
func (s *Server) sayGoodbye() {
	deadline := time.Now().Add(byeTimeout)
	var wg sync.WaitGroup
	for _, ss := range s.sessions.All() {
		wg.Go(func() { ss.SayBye(deadline, "server is shutting down") })
	}
	wg.Wait()
}
