package board

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"examlink/server/session"
)

// Row is one student of an exam, as proctors see the student. What is not known is absent.
type Row struct {
	Exam    string `json:"exam"`
	Student string `json:"student"` // pseudonym
	Group   string `json:"group,omitempty"`
	State   State  `json:"state"`
	// Since is when the state began, of a silence the last packet.
	Since time.Time `json:"since,omitzero"`
	// Session is the session that the row is of, with its purpose (check, watch) and what
	// carries it (udp, websocket).
	Session   string `json:"session,omitempty"`
	Purpose   string `json:"purpose,omitempty"`
	Transport string `json:"transport,omitempty"`
	// LastPacket is of a student who sends nothing; absent while packets come.
	LastPacket time.Time `json:"last_packet,omitzero"`
	Download   *Rate     `json:"download,omitempty"` // as the student's program claims
	Upload     *Rate     `json:"upload,omitempty"`   // as the server saw it
	// Of the latest minute, as the student's program claims.
	RoundTrip *float64  `json:"round_trip_delay_seconds,omitempty"`
	LossUp    *float64  `json:"loss_up,omitempty"` // share from 0 to 1
	LossDown  *float64  `json:"loss_down,omitempty"`
	Warnings  []Warning `json:"warnings"` // open ones, the oldest first
	Rank      Rank      `json:"rank"`
}

// Rate is the latest reading of a rate with its interval, at the IP layer, and how it
// compares with the policy.
type Rate struct {
	Value *float64 `json:"bits_per_second,omitempty"`
	Low   *float64 `json:"low_bits_per_second,omitempty"`
	High  *float64 `json:"high_bits_per_second,omitempty"`
	// Minimum and Recommended are below, inconclusive or meets.
	Minimum     session.Outcome `json:"minimum"`
	Recommended session.Outcome `json:"recommended"`
	At          time.Time       `json:"at"`
}

// Warning is one that is open.
type Warning struct {
	Kind string `json:"kind"` // of package warning, or below-minimum of package alert
	// Direction is up or down, of a rate that the server warns of.
	Direction string    `json:"direction,omitempty"`
	By        string    `json:"by"`    // server; student: a claim of the student's program
	Since     time.Time `json:"since"` // by the clock of whoever warns
	Cause     string    `json:"cause,omitempty"`
}

// Who warns.
const (
	byServer  = "server"
	byStudent = "student"
)

// Compare orders rows, the worst first: by their rank, then by student and exam.
func Compare(a, b Row) int {
	return cmp.Or(slices.Compare(a.Rank[:], b.Rank[:]), strings.Compare(a.Student, b.Student), strings.Compare(a.Exam, b.Exam))
}

// same reports whether two rows show the same.
func (r Row) same(o Row) bool {
	return r.Exam == o.Exam && r.Student == o.Student && r.Group == o.Group && r.State == o.State && r.Since.Equal(o.Since) &&
		r.Session == o.Session && r.Purpose == o.Purpose && r.Transport == o.Transport && r.LastPacket.Equal(o.LastPacket) &&
		r.Download.same(o.Download) && r.Upload.same(o.Upload) && equal(r.RoundTrip, o.RoundTrip) && equal(r.LossUp, o.LossUp) && equal(r.LossDown, o.LossDown) &&
		slices.EqualFunc(r.Warnings, o.Warnings, func(a, b Warning) bool {
			return a.Kind == b.Kind && a.Direction == b.Direction && a.By == b.By && a.Cause == b.Cause && a.Since.Equal(b.Since)
		}) && r.Rank == o.Rank
}

func (r *Rate) same(o *Rate) bool {
	if r == nil || o == nil {
		return r == o
	}
	return equal(r.Value, o.Value) && equal(r.Low, o.Low) && equal(r.High, o.High) && r.Minimum == o.Minimum && r.Recommended == o.Recommended && r.At.Equal(o.At)
}

func equal(a, b *float64) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}
