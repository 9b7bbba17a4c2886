package window

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// The names of the downloads.
const (
	recordName = "record.jsonl"
	reportName = "report.html"
)

// lineEnd is how many bytes at the end of a record are searched for the end of a line:
// a line may be half written while it is read. Chosen by us; lines are shorter.
const lineEnd = 1 << 20

// downloads hands out the record and its report.
type downloads struct {
	reporting sync.Mutex // a report of a long record takes seconds: one at a time
}

// record answers with the whole lines of a record's file.
func (d *downloads) record(out http.ResponseWriter, file string) {
	if file == "" {
		http.Error(out, "There is no record yet.", http.StatusNotFound)
		return
	}
	f, err := os.Open(file)
	if err != nil {
		http.Error(out, err.Error(), http.StatusInternalServerError)
		return
	}
	defer f.Close()
	size, err := wholeLines(f)
	if err != nil {
		http.Error(out, err.Error(), http.StatusInternalServerError)
		return
	}
	attach(out, filepath.Base(file), "application/jsonl")
	out.Header().Set("Content-Length", fmt.Sprint(size))
	_, _ = io.CopyN(out, f, size) // a reader that has gone away
}

// wholeLines returns how many bytes of a file are whole lines.
func wholeLines(f *os.File) (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	from := max(info.Size()-lineEnd, 0)
	end := make([]byte, info.Size()-from)
	if n, err := f.ReadAt(end, from); err != nil && n < len(end) {
		return 0, err
	}
	return from + int64(bytes.LastIndexByte(end, '\n')+1), nil
}

// report answers with the report of a record's file.
func (d *downloads) report(out http.ResponseWriter, file string, report func(string) ([]byte, error)) {
	if file == "" {
		http.Error(out, "There is no record yet.", http.StatusNotFound)
		return
	}
	d.reporting.Lock()
	b, err := report(file)
	d.reporting.Unlock()
	if err != nil {
		http.Error(out, err.Error(), http.StatusInternalServerError)
		return
	}
	attach(out, strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))+".html", "text/html; charset=utf-8")
	_, _ = out.Write(b)
}

// attach makes an answer a file to be saved.
func attach(out http.ResponseWriter, name, kind string) {
	out.Header().Set("Content-Type", kind)
	out.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
}
