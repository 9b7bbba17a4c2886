package api

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"examlink/server/auth"
	"examlink/server/exam"
	"examlink/server/store"
)

// Chosen by us.
const (
	viewsApart  = time.Hour        // between two entries of one principal about the same view
	viewsKept   = 1000             // views remembered before the old ones are forgotten
	auditWithin = 10 * time.Second // to write an entry of a request whose client is gone
)

// auditor writes the entries of requests into the audit log. A change writes its own,
// with the change; auditor writes what is looked at and what is refused.
type auditor struct {
	log  func() store.Audit
	errs *slog.Logger

	mu   sync.Mutex
	seen map[store.AuditEntry]time.Time // when an entry was last written, by the entry without time
}

func newAuditor(log func() store.Audit, errs *slog.Logger) *auditor {
	return &auditor{log: log, errs: errs, seen: map[store.AuditEntry]time.Time{}}
}

// entryOf is the entry of a request that succeeds.
func entryOf(rt Route, p auth.Principal, r *http.Request) store.AuditEntry {
	e := store.AuditEntry{At: time.Now(), Role: string(cmp.Or(p.Role, auth.Nobody)), Identity: p.Identity, Action: rt.Does, Subject: rt.Views, Result: store.OK}
	if p.Account != "" {
		e.Identity += ":" + p.Account
	}
	for _, id := range []string{r.PathValue("exam"), r.URL.Query().Get("exam")} {
		if exam.ValidID(id) {
			e.Exam = id
		}
	}
	if s := r.PathValue("student"); writable(s) {
		e.Student = s
	}
	return e
}

// writable reports whether a pseudonym can be written into the log. There is no student
// with another one.
func writable(s string) bool {
	return len(s) <= store.MaxText && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// looked writes that something was looked at, once in an hour for the same principal,
// exam and view: if that fails the answer is given all the same, for proctors must see
// their students while the store is away. An export is always written, and the error
// refuses it.
func (a *auditor) looked(ctx context.Context, e store.AuditEntry) error {
	if e.Action == store.Exported {
		return a.log().Append(ctx, e)
	}
	a.once(ctx, e)
	return nil
}

// denied writes that a caller without the right to it asked, once in an hour. Of a caller
// without credentials it writes no identifiers: anybody could have made them up.
func (a *auditor) denied(ctx context.Context, e store.AuditEntry, status int) {
	if e.Action == "" {
		return
	}
	if e.Result, e.Reason = store.Refused, reason(status); e.Role == string(auth.Nobody) {
		e.Exam, e.Student = "", ""
	}
	a.once(ctx, e)
}

// changed writes the entry of a request to change something, unless it was written with
// the change. The error says that it was not written, although nothing else failed.
func (a *auditor) changed(ctx context.Context, c *store.AuditedChange, e store.AuditEntry, failed *Problem) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), auditWithin)
	defer cancel()
	pending := c.Entries()
	if failed == nil {
		return a.log().Append(ctx, pending...)
	}
	if len(pending) > 0 {
		e.Exam = pending[0].Exam
	} else {
		e.Detail = "a part was done"
	}
	e.Result, e.Reason = store.Refused, reason(failed.Status)
	switch failed.Status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusUnprocessableEntity:
		e.Student = "" // there may be no such student
	}
	if err := a.log().Append(ctx, e); err != nil {
		a.errs.Error("refused request not written into the audit log", "action", e.Action, "exam", e.Exam, "err", err)
	}
	return nil
}

// once appends an entry unless the same one was in the last hour.
func (a *auditor) once(ctx context.Context, e store.AuditEntry) {
	key := e
	key.At = time.Time{}
	a.mu.Lock()
	before, was := a.seen[key]
	if was && e.At.Sub(before) < viewsApart {
		a.mu.Unlock()
		return
	}
	if len(a.seen) >= viewsKept {
		for k, at := range a.seen {
			if e.At.Sub(at) >= viewsApart {
				delete(a.seen, k)
			}
		}
	}
	a.seen[key] = e.At
	a.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), auditWithin)
	defer cancel()
	if err := a.log().Append(ctx, e); err != nil {
		a.errs.Error("request not written into the audit log", "action", e.Action, "of", e.Subject, "exam", e.Exam, "err", err)
		a.mu.Lock()
		delete(a.seen, key) // the next request tries again
		a.mu.Unlock()
	}
}

// reason is why a request was refused: of a closed list, so that nothing that a request
// contains, such as a pseudonym, gets into the log.
func reason(status int) string { return strings.ToLower(http.StatusText(status)) }
