// Package journal keeps lines in a file of one process. Each line is added by
// one unbuffered write, so that it outlives the process. Now and then the whole
// file is rewritten, with a copy beside it, so that nothing is lost if the
// process ends meanwhile.
//
// It does not know what the lines mean. Readers must expect that a rewritten
// line may appear twice.
package journal

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"examlink/probe/lockfile"
)

// SpareSuffix is the suffix of the copy kept while a file is rewritten.
const SpareSuffix = ".new"

// Journal is one file of lines. A nil *Journal stores nothing and never fails.
// After a file error, reported once by Err, the file is no longer used. It is
// not safe for concurrent use.
type Journal struct {
	// Durable makes Rewrite wait for the disk, so that a power loss loses nothing
	// that Sync has flushed. It must be set before first use.
	Durable bool

	file *os.File
	name string
	size int64
	anew int64 // size after the last rewrite
	err  error
}

// Open opens a file, created if missing, and passes its lines to take, those of
// a leftover copy first. A line of maxLine bytes or more, or one that take
// rejects, is skipped and counted. A line is valid until the next one.
func Open(name string, maxLine int, take func(line []byte) bool) (j *Journal, skipped int, err error) {
	f, err := lockfile.Open(name)
	if err != nil {
		return nil, 0, err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
		}
	}()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, 0, errors.Join(err, errors.New("expected a regular file"))
	}
	switch spare, err := os.Open(name + SpareSuffix); {
	case err == nil: // Rewrite did not complete
		skipped, err = read(spare, maxLine, take)
		_ = spare.Close()
		if err != nil {
			return nil, 0, err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, 0, err
	}
	more, err := read(f, maxLine, take)
	if err != nil {
		return nil, 0, err
	}
	return &Journal{file: f, name: name}, skipped + more, nil
}

func read(r io.Reader, maxLine int, take func([]byte) bool) (skipped int, err error) {
	lines := bufio.NewReaderSize(r, maxLine)
	for {
		line, err := lines.ReadSlice('\n')
		long := false
		for errors.Is(err, bufio.ErrBufferFull) {
			long = true
			_, err = lines.ReadSlice('\n')
		}
		end := errors.Is(err, io.EOF)
		if err != nil && !end {
			return skipped, err
		}
		if long || (len(line) > 0 || !end) && !take(bytes.TrimSuffix(line, []byte{'\n'})) {
			skipped++
		}
		if end {
			return skipped, nil
		}
	}
}

// Append adds a line and returns its size with its line end, even without a
// file. It may overwrite the bytes behind line.
func (j *Journal) Append(line []byte) int64 {
	line = append(line, '\n')
	if j != nil && j.file != nil {
		n, err := j.file.Write(line)
		j.size += int64(n)
		j.fail(err)
	}
	return int64(len(line))
}

// Grown returns the number of bytes added since the last rewrite; 0 without a
// file.
func (j *Journal) Grown() int64 {
	if j == nil || j.file == nil {
		return 0
	}
	return j.size - j.anew
}

// Rewrite replaces all lines by those in all, each with its line end.
func (j *Journal) Rewrite(all []byte) {
	if j == nil || j.file == nil {
		return
	}
	spare := j.name + SpareSuffix
	err := j.writeSpare(spare, all)
	if err == nil {
		err = j.file.Truncate(0)
	}
	if err == nil {
		_, err = j.file.Seek(0, io.SeekStart)
	}
	if err == nil {
		_, err = j.file.Write(all)
	}
	if err == nil && j.Durable {
		err = j.file.Sync()
	}
	if err == nil {
		err = os.Remove(spare)
	}
	j.size = int64(len(all))
	j.anew = j.size
	j.fail(err)
}

// writeSpare writes the copy.
func (j *Journal) writeSpare(name string, all []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(all)
	if err == nil && j.Durable {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil && j.Durable {
		syncDir(filepath.Dir(name))
	}
	return err
}

// syncDir flushes a directory's entries to disk, where the system supports it.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}

// Sync flushes the file to disk. Err reports a failure.
func (j *Journal) Sync() {
	if j != nil && j.file != nil {
		j.fail(j.file.Sync())
	}
}

// fail abandons the file.
func (j *Journal) fail(err error) {
	if err == nil {
		return
	}
	j.err = fmt.Errorf("%w; entries are now kept in memory only", err)
	_ = j.file.Close()
	j.file = nil
}

// Err returns a file error once.
func (j *Journal) Err() error {
	if j == nil {
		return nil
	}
	err := j.err
	j.err = nil
	return err
}

// Close closes the file, and removes it if remove is set.
func (j *Journal) Close(remove bool) error {
	if j == nil || j.file == nil {
		return nil
	}
	err := j.file.Sync()
	if e := j.file.Close(); err == nil {
		err = e
	}
	j.file = nil
	if remove && err == nil {
		err = os.Remove(j.name)
	}
	return err
}
