package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"examlink/probe/outbox"
	"examlink/probe/wire"
)

const queueSuffix = ".queue"

// openOutbox opens the outbox of a watch, beside its record; setting is
// client.watch.record. One join token has one outbox, whatever the day: what a
// run could not tell the next one does, in the name of the same student. What
// goes wrong is told, and does not keep the watch from its work: there is
// always an outbox.
func openOutbox(setting string, token wire.JoinToken, most int64, tell func(format string, args ...any)) *outbox.Queue {
	sum := sha256.Sum256([]byte(token.ID + "\x00" + token.Exam + "\x00" + token.Student))
	of := hex.EncodeToString(sum[:8])
	o := outbox.Options{Of: of, MaxBytes: most}
	names, err := recordNames(setting, token.Exam, time.Time{})
	switch {
	case err != nil || len(names) == 0: // of which the recorder speaks
	case setting != "":
		o.File = names[0] + queueSuffix
	default:
		dir := filepath.Dir(names[0])
		if err := os.MkdirAll(dir, 0o700); err != nil {
			tell("%v; what cannot be told the server is kept in memory alone", err)
			break
		}
		o.File = filepath.Join(dir, of+queueSuffix)
	}
	q, err := outbox.Open(o)
	if err != nil && !errors.Is(err, fs.ErrPermission) { // in which case the recorder has the same to say
		tell("%v; what cannot be told the server is kept in memory alone", err)
	}
	return q
}
