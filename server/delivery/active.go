package delivery

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"examlink/server/alert"
	"examlink/server/durable"
)

// activeFile holds the active warnings: the next run must clear those that are active when
// the server ends.
const activeFile = "standing.json"

// How often that file is written at least. Chosen by us.
const (
	saveEvery = time.Minute     // so that a full disk is noticed before something must be kept
	saveRetry = 5 * time.Second // while it cannot be written
)

// activeFileState is how far the file of active warnings is. The notifier's lock guards
// it.
type activeFileState struct {
	changed bool // warnings have changed since the last write began
	began   time.Time
	writing chan struct{} // closed when the write under way has ended; nil: there is none
	failing bool          // the last write failed
}

// every is how often the file is written at least.
func (f *activeFileState) every() time.Duration {
	if f.failing {
		return saveRetry
	}
	return saveEvery
}

// save writes the file of active warnings if they have changed, and once in a while to
// see that it can be written. It does not wait for the disk: one that hangs must delay no
// notice. Called locked.
func (n *Notifier) save(now time.Time) {
	f := &n.active
	if n.file == "" || f.writing != nil || !f.changed && now.Sub(f.began) < f.every() {
		return
	}
	list, done := n.correlator.Active(), make(chan struct{})
	f.began, f.changed, f.writing = now, false, done
	go func() { // ends with the write
		defer close(done)
		err := writeActive(n.file, list)
		n.metrics.saved.Done(activeFile, err)
		n.mu.Lock()
		defer n.mu.Unlock()
		if err != nil && !f.failing {
			n.log.Error("active warnings not saved, will retry", "err", err)
		}
		f.writing, f.failing = nil, err != nil
		if f.changed || f.failing {
			n.rouse()
		}
	}()
}

// saveAll returns when the file has all changes that there were when it was called, or
// when it cannot be written.
func (n *Notifier) saveAll() {
	for range 2 { // a write that is under way has an earlier list
		n.mu.Lock()
		n.active.changed = n.active.changed || n.active.failing
		n.save(time.Now())
		done := n.active.writing
		n.mu.Unlock()
		if done == nil {
			return
		}
		<-done
	}
}

// readActive reads the active warnings of an earlier run; none without a file.
func readActive(name string) (out []alert.Notice, err error) {
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		return nil, fmt.Errorf("active warnings: %s: %w", name, err)
	}
	return out, nil
}

// writeActive replaces the file.
func writeActive(name string, list []alert.Notice) error {
	b, err := json.Marshal(list)
	if err == nil {
		err = durable.WriteFile(name, b)
	}
	if err != nil {
		return fmt.Errorf("active warnings: %w", err)
	}
	return nil
}
