package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"examlink/probe"
	"examlink/probe/record"
	"examlink/probe/verdict"
	"examlink/probe/wire"
)

// NoRecord is the value of Options.Record for a watch without a record.
const NoRecord = "none"

// recordTries is how many names are tried if the user named no file: a file may be
// in use, damaged or full.
const recordTries = 9

// recordNames lists the files to try, the first choice first. setting is
// Options.Record.
func recordNames(setting, exam string, at time.Time) ([]string, error) {
	switch setting {
	case NoRecord:
		return nil, nil
	case "":
	default:
		return []string{setting}, nil
	}
	base, err := fileBase(exam, at)
	if err != nil {
		return nil, err
	}
	names := []string{base + ".jsonl"}
	for i := 2; i <= recordTries; i++ {
		names = append(names, fmt.Sprintf("%s-%d.jsonl", base, i))
	}
	return names, nil
}

// fileBase returns the beginning of the names of an exam's files of a day, in a folder
// of the user's.
func fileBase(exam string, at time.Time) (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", err
	}
	safe := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.' {
			return r
		}
		return '_'
	}, exam)
	return filepath.Join(dir, "examlink", "records", strings.TrimLeft(safe[:min(len(safe), 64)], ".")+"-"+at.Format(time.DateOnly)), nil
}

// SaveReceipt writes the receipt of a check of an exam at a time into a new file beside
// the records, for the user only, and returns its name.
func SaveReceipt(exam, jws string, at time.Time) (name string, err error) {
	base, err := fileBase(exam, at)
	if err != nil {
		return "", fmt.Errorf("receipt: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(base), 0o700); err != nil {
		return "", fmt.Errorf("receipt: %w", err)
	}
	base += at.Format("-150405")
	for i := 1; i <= recordTries; i++ {
		name = base + ".receipt"
		if i > 1 {
			name = fmt.Sprintf("%s-%d.receipt", base, i)
		}
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err == nil {
			_, err = f.WriteString(jws + "\n")
			err = errors.Join(err, f.Sync(), f.Close())
		}
		if err != nil {
			return "", fmt.Errorf("receipt: %w", err)
		}
		return name, nil
	}
	return "", fmt.Errorf("receipt: %s exists already", name)
}

// openRecord opens the first writable file.
func openRecord(names []string, s record.Start, at time.Time) (w *record.Writer, name string, err error) {
	for i, n := range names {
		if len(names) > 1 && i == 0 { // our own directory, not one that the user named
			if err := os.MkdirAll(filepath.Dir(n), 0o700); err != nil {
				return nil, "", err
			}
		}
		var e error
		if w, e = record.Open(n, s, at, record.Options{}); e == nil {
			return w, n, nil
		}
		err = errors.Join(err, e)
		if errors.Is(e, fs.ErrPermission) {
			break // the other names are in the same directory
		}
	}
	return nil, "", err
}

// StartOf describes the watch in the first line of its record. at is when it began, in
// the zone that the record names.
func StartOf(o probe.Options, token wire.JoinToken, at time.Time) record.Start {
	zone, _ := at.Zone()
	s := record.Start{
		Client: o.Version, System: o.System, Exam: token.Exam, Student: token.Student, Server: serverOf(o, token),
		Policy:  policyOf(o.Policy),
		Started: record.At(at), Zone: zone,
	}
	if s.System == "" {
		s.System = runtime.GOOS + "/" + runtime.GOARCH
	}
	if w := o.Plan.Window; !w.IsZero() {
		s.Begins, s.Ends = record.At(w.Start), record.At(w.End)
	}
	return s
}

func policyOf(p verdict.Policy) record.Policy {
	return record.Policy{Name: p.Name, Version: p.Version, Minimum: rates(p.Minimum), Recommended: rates(p.Recommended)}
}

func rates(b verdict.Bounds) record.Rates {
	return record.Rates{Download: float64(b.Download), Upload: float64(b.Upload)}
}
