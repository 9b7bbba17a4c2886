// Package files keeps a store in a directory: one file of JSON lines for each
// table and for each receiver's queue, mode 0600, and a working copy in memory. It
// is for one process at a time, and for exams that fit into memory; receipts of a
// few kB take as much memory as they have bytes.
//
// A change is committed by one write, so it outlives the process, also when that is
// killed. Changes to exams, rosters, receipts and record heads are on the disk
// before they are acknowledged and outlive a loss of power too; live sessions and
// queues may lose the latest ones. While a change waits for the disk, the other
// methods wait for it.
//
// Lines that are torn or damaged are skipped and counted. A file grows by its
// changes and is rewritten now and then, and at once when something is erased:
// then the file does not have it any more, though the disk may, in blocks that are
// free. A contact that was replaced stays in the file until it is rewritten.
package files

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"examlink/probe/journal"
	"examlink/server/store"
	"examlink/server/store/memory"
)

// slackBytes is by how much a file grows at least before it is rewritten: chosen
// by us.
const slackBytes = 64 << 10

// Store implements store.Store. It is safe for concurrent use.
type Store struct {
	*memory.Store
	tables  *tables
	skipped int
}

// Open opens the store in a directory, made if it is not there. Errors:
// lockfile.ErrInUse while another process has it.
func Open(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	t := &tables{of: map[memory.Table]*table{}}
	s := &Store{tables: t}
	s.Store = memory.Over(t, func(receiver string) (store.Queue, error) {
		return OpenQueue(receiver, filepath.Join(dir, receiver+".queue"))
	})
	for _, name := range memory.Tables() {
		file, skipped, err := openTable(filepath.Join(dir, string(name)+".journal"), name, s.Store)
		if err != nil {
			return nil, fmt.Errorf("store: %s: %w", name, errors.Join(err, t.Close()))
		}
		t.of[name] = file
		s.skipped += skipped
	}
	return s, nil
}

// Skipped is how many lines of the tables' files could not be read. Those of
// queues are not among them.
func (s *Store) Skipped() int { return s.skipped }

// tables are the files of all tables. It implements memory.Log.
type tables struct{ of map[memory.Table]*table }

// Append implements memory.Log.
func (t *tables) Append(name memory.Table, changes []memory.Change) error {
	return t.of[name].append(changes)
}

// Applied implements memory.Log.
func (t *tables) Applied(name memory.Table, erased bool, all func(func(memory.Change))) error {
	return t.of[name].compact(erased, all)
}

// Close implements memory.Log.
func (t *tables) Close() error {
	var errs []error
	for _, f := range t.of {
		errs = append(errs, f.file.Close(false))
	}
	return errors.Join(errs...)
}

// table is the file of one table. It is not safe for concurrent use.
type table struct {
	name memory.Table
	file *journal.Journal
	size int64 // when it was last rewritten
	err  error // what ended the use of the file
}

// openTable opens a file and hands its changes to s.
func openTable(path string, name memory.Table, s *memory.Store) (t *table, skipped int, err error) {
	t = &table{name: name}
	var later error
	t.file, skipped, err = journal.Open(path, maxLine, func(b []byte) bool {
		c, v, ok := parse(b)
		switch {
		case !ok:
			return false
		case v > version:
			later = fmt.Errorf("version %d of its lines, expected at most %d: a later examlink wrote it", v, version)
			return true
		case v > 0:
			return true
		}
		return s.Apply(name, c)
	})
	if err != nil {
		return nil, 0, err
	}
	if later != nil {
		return nil, 0, errors.Join(later, t.file.Close(false))
	}
	t.file.Durable = name != memory.Sessions
	err = t.rewrite(func(yield func(memory.Change)) { s.Snapshot(name, yield) })
	if err != nil {
		return nil, 0, errors.Join(err, t.file.Close(false))
	}
	return t, skipped, nil
}

// append commits changes, all of them in one write.
func (t *table) append(changes []memory.Change) error {
	if t.err != nil {
		return t.err
	}
	var all []byte
	for i, c := range changes {
		b, err := format(c)
		if err != nil {
			return fmt.Errorf("store: %s: %w", t.name, err)
		}
		if i > 0 {
			all = append(all, '\n')
		}
		all = append(all, b...)
	}
	t.file.Append(all)
	if t.file.Durable {
		t.file.Sync()
	}
	return t.check()
}

// compact rewrites the file once it has doubled, or something was erased.
func (t *table) compact(erased bool, all func(func(memory.Change))) error {
	if !erased && t.file.Grown() <= max(slackBytes, t.size) {
		return nil
	}
	err := t.rewrite(all)
	if !erased {
		return nil // the change itself is committed: the next one has the error
	}
	return err
}

// rewrite replaces the file by changes that lead to the present state.
func (t *table) rewrite(all func(func(memory.Change))) error {
	lines := fmt.Appendf(nil, "{\"version\":%d}\n", version)
	var failed error
	all(func(c memory.Change) {
		b, err := format(c)
		if err != nil {
			failed = err
			return
		}
		lines = append(append(lines, b...), '\n')
	})
	if failed != nil { // never: it was written or read before
		t.err = fmt.Errorf("store: %s: %w", t.name, failed)
		return t.err
	}
	t.file.Rewrite(lines)
	t.size = int64(len(lines))
	return t.check()
}

// check keeps an error of the file: after it, nothing more is committed.
func (t *table) check() error {
	if err := t.file.Err(); err != nil && t.err == nil {
		err = cmp.Or(errors.Unwrap(err), err) // the journal's own words are about what waits
		t.err = fmt.Errorf("store: %s: nothing more is kept until the next start: %w", t.name, err)
	}
	return t.err
}
