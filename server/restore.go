package server

import (
	"context"
	"time"

	"examlink/probe/link"
	"examlink/server/session"
	"examlink/server/store"
)

// resumeTime is how long the clients of an earlier run, or of a server that is gone or
// that hands over its sessions, may take to resume them before their silence counts. Their
// back-off spreads them. Chosen by us.
const resumeTime = 15 * time.Second

// restoreSessions takes up the sessions of an earlier run. Without the table the server
// can still run.
func (s *Server) restoreSessions(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	var list []store.LiveSession
	for page := (store.Page{Limit: store.MaxPage}); ; {
		rows, err := s.o.Store.Sessions().List(ctx, page)
		if err != nil {
			s.o.Log.Error("sessions of the earlier run not read", "err", err)
			return
		}
		list = append(list, rows...)
		if len(rows) < page.Size() {
			break
		}
		page.After = rows[len(rows)-1].ID
	}
	s.takeUp(ctx, list)
}

// takeUp takes up sessions of an earlier run, or of a server that is gone. Checks, and
// sessions that are over, leave the store's table.
func (s *Server) takeUp(ctx context.Context, rows []store.LiveSession) {
	var list []session.Earlier
	forget := s.settings.Load().Silence.Forget
	for _, x := range rows {
		if x.Purpose == session.PurposeCheck || x.State == string(session.Connected) || s.o.Clock.Wall().Sub(x.LastPacket) >= forget {
			err := noteAttendance(ctx, s.o.Store.Attendances(), x.Purpose, x.Exam, x.Student, x.LastPacket)
			if err == nil {
				err = s.o.Store.Sessions().Remove(ctx, x.ID)
			}
			if err != nil {
				s.o.Log.Error("session of an earlier run not removed", "session", x.ID, "err", err)
			}
			continue
		}
		list = append(list, session.Earlier{
			ID: x.ID, Exam: x.Exam, Student: x.Student, Token: x.Token,
			Transport: link.Transport(x.Transport), State: session.State(x.State), LastPacket: x.LastPacket,
		})
	}
	if n := s.sessions.Restore(list, resumeTime); n > 0 {
		s.o.Log.Info("sessions of an earlier run or of another server taken up", "sessions", n)
	}
}
