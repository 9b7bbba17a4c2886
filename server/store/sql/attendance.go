package sql

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"examlink/server/store"
)

type attendances struct{ *Store }

// selectAttendance begins with the exam of the live sessions.
const selectAttendance = `SELECT roster.student, roster.connected, live.latest FROM roster
	LEFT JOIN (SELECT student, max(last_packet) AS latest FROM sessions WHERE exam = $1 AND purpose <> 'check' GROUP BY student) AS live
	ON live.student = roster.student `

func scanAttendance(r row) (a store.Attendance, err error) {
	var noted, live sql.NullInt64
	err = r.Scan(&a.Student, &noted, &live)
	for _, v := range []sql.NullInt64{noted, live} {
		if at := instant(v.Int64); v.Valid && at.After(a.Last) {
			a.Last = at
		}
	}
	return a, err
}

func (t attendances) Note(ctx context.Context, exam string, at time.Time, students ...string) error {
	at, err := store.CleanAttendance(at)
	if err != nil {
		return err
	}
	ids := slices.Compact(slices.Sorted(slices.Values(students)))
	ids = slices.DeleteFunc(ids, func(id string) bool { return !storable([]any{exam, id}) })
	if len(ids) == 0 {
		return t.enter(ctx)
	}
	return t.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for some := range slices.Chunk(ids, t.dialect.rows) {
			args := []any{micros(at), exam}
			var in []string
			for _, id := range some {
				args = append(args, id)
				in = append(in, fmt.Sprintf("$%d", len(args)))
			}
			_, err := execute(ctx, tx, "UPDATE roster SET connected = $1 WHERE exam = $2 AND (connected IS NULL OR connected < $1) AND student IN ("+strings.Join(in, ", ")+")", args...)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (t attendances) List(ctx context.Context, exam string, p store.Page) ([]store.Attendance, error) {
	return page(ctx, t.Store, p, scanAttendance, selectAttendance+"WHERE roster.exam = $1 AND roster.student > $2 ORDER BY roster.student LIMIT $3", exam)
}
