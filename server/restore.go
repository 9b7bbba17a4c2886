package server

import (
	"context"
	"time"

	"examlink/probe/link"
	"examlink/server/session"
	"examlink/server/store"
)

// resumeTime is how long the clients of an earlier run may take to resume their
// sessions before their silence counts. Their back-off spreads them. Chosen by us.
const resumeTime = 15 * time.Second

// restoreSessions takes up the sessions of an earlier run. Checks, and sessions that are
// over, leave the store's table. Without the table the server can still run.
func (s *Server) restoreSessions(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	table := s.o.Store.Sessions()
	var list []session.Earlier
	var over []string
	forget := s.settings.Load().Silence.Forget
	for page := (store.Page{Limit: store.MaxPage}); ; {
		rows, err := table.List(ctx, page)
		if err != nil {
			s.o.Log.Error("sessions of the earlier run not read", "err", err)
			return
		}
		for _, x := range rows {
			if x.Purpose == session.PurposeCheck || x.State == string(session.Connected) || s.o.Clock.Wall().Sub(x.LastPacket) >= forget {
				over = append(over, x.ID)
				continue
			}
			list = append(list, session.Earlier{
				ID: x.ID, Exam: x.Exam, Student: x.Student, Token: x.Token,
				Transport: link.Transport(x.Transport), State: session.State(x.State), LastPacket: x.LastPacket,
			})
		}
		if len(rows) < page.Size() {
			break
		}
		page.After = rows[len(rows)-1].ID
	}
	for _, id := range over {
		if err := table.Remove(ctx, id); err != nil {
			s.o.Log.Error("session of the earlier run not removed", "session", id, "err", err)
			break
		}
	}
	if n := s.sessions.Restore(list, resumeTime); n > 0 {
		s.o.Log.Info("sessions of the earlier run taken up", "sessions", n)
	}
}
