package server

import (
	"sync"
	"time"
)

// byeTimeout bounds sending the shutdown message to all clients. Chosen by us.
const byeTimeout = time.Second

func (s *Server) sayGoodbye() {
	deadline := time.Now().Add(byeTimeout)
	var wg sync.WaitGroup
	for _, ss := range s.sessions.All() {
		wg.Go(func() { ss.SayBye(deadline, "server is shutting down") })
	}
	wg.Wait()
}
