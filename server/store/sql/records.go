package sql

import (
	"context"
	"database/sql"
	"fmt"

	"examlink/server/store"
)

type records struct{ *Store }

const selectHead = "SELECT session, exam, student, record, line, hash, at FROM records "

func scanHead(r row) (h store.RecordHead, err error) {
	var line, at int64
	var record, hash []byte
	err = r.Scan(&h.Session, &h.Exam, &h.Student, &record, &line, &hash, &at)
	if err == nil && (len(record) != len(h.Record) || len(hash) != len(h.Hash)) {
		err = fmt.Errorf("record of session %s: hashes of %d and %d bytes, expected %d", h.Session, len(record), len(hash), len(h.Hash))
	}
	copy(h.Record[:], record)
	copy(h.Hash[:], hash)
	h.Line, h.At = uint64(line), instant(at) //nolint:gosec // it was below 2^63
	return h, err
}

func (t records) Append(ctx context.Context, h store.RecordHead) error {
	h, err := h.Clean()
	if err != nil {
		return err
	}
	return t.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		n, err := execute(ctx, tx, `INSERT INTO records (session, exam, student, record, line, hash, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (session) DO UPDATE SET line = excluded.line, hash = excluded.hash, at = excluded.at
			WHERE records.exam = excluded.exam AND records.student = excluded.student AND records.record = excluded.record AND records.line < excluded.line`,
			h.Session, h.Exam, h.Student, h.Record[:], int64(h.Line), h.Hash[:], micros(h.At)) //nolint:gosec // Clean has checked it
		if err != nil || n > 0 {
			return err
		}
		latest, err := first(ctx, tx, "record of session "+h.Session, scanHead, selectHead+"WHERE session = $1", h.Session)
		if err != nil {
			return err
		}
		_, err = h.Follows(latest)
		return err
	})
}

func (t records) Head(ctx context.Context, session string) (store.RecordHead, error) {
	return get(ctx, t.Store, "record of session "+session, scanHead, selectHead+"WHERE session = $1", session)
}

func (t records) List(ctx context.Context, exam string, p store.Page) ([]store.RecordHead, error) {
	return page(ctx, t.Store, p, scanHead, selectHead+"WHERE exam = $1 AND session > $2 ORDER BY session LIMIT $3", exam)
}

func (t records) Erase(ctx context.Context, exam, student string) error {
	return t.eraseFrom(ctx, "records", exam, student)
}
