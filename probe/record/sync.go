package record

import "os"

// syncer brings files to the disk beside the caller, whom a slow disk must
// not hold up.
type syncer struct{ wake, done chan struct{} }

func newSyncer(files ...*os.File) *syncer {
	s := &syncer{wake: make(chan struct{}, 1), done: make(chan struct{})}
	go func() { // ends when wake is closed
		defer close(s.done)
		for range s.wake {
			for _, f := range files {
				_ = f.Sync() // Close syncs once more, and says what is wrong
			}
		}
	}()
	return s
}

func (s *syncer) ask() {
	select {
	case s.wake <- struct{}{}:
	default: // it is about to
	}
}

func (s *syncer) end() {
	close(s.wake)
	<-s.done
}
