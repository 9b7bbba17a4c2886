package agent

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

// openOutbox opens the outbox of a watch, in a file beside its record. setting is
// Options.Record. Each join token has one outbox, whatever the day: the next run
// sends the reports that this one could not, for the same student. Without its file
// the outbox is in memory; tell gets the reason.
func openOutbox(setting string, token wire.JoinToken, most int64, tell func(format string, args ...any)) *outbox.Queue {
	sum := sha256.Sum256([]byte(token.ID + "\x00" + token.Exam + "\x00" + token.Student))
	of := hex.EncodeToString(sum[:8])
	o := outbox.Options{Of: of, MaxBytes: most}
	names, err := recordNames(setting, token.Exam, time.Time{})
	switch {
	case err != nil || len(names) == 0: // the recorder reports the error
	case setting != "":
		o.File = names[0] + queueSuffix
	default:
		dir := filepath.Dir(names[0])
		if err := os.MkdirAll(dir, 0o700); err != nil {
			tell("%v; unsent reports are kept in memory only", err)
			break
		}
		o.File = filepath.Join(dir, of+queueSuffix)
	}
	q, err := outbox.Open(o)
	if err != nil && !errors.Is(err, fs.ErrPermission) { // the recorder reports it for the same directory
		tell("%v; unsent reports are kept in memory only", err)
	}
	return q
}
