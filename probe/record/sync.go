package record

import "os"

// syncer flushes files to disk in the background, so that a slow disk does not
// block the caller.
type syncer struct{ wake, done chan struct{} }

func newSyncer(files ...*os.File) *syncer {
	s := &syncer{wake: make(chan struct{}, 1), done: make(chan struct{})}
	go func() { // ends when wake is closed
		defer close(s.done)
		for range s.wake {
			for _, f := range files {
				_ = f.Sync() // Close syncs once more and returns the error
			}
		}
	}()
	return s
}

func (s *syncer) ask() {
	select {
	case s.wake <- struct{}{}:
	default: // a sync is already queued
	}
}

func (s *syncer) end() {
	close(s.wake)
	<-s.done
}
