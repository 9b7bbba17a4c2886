package main

import (
	"log/slog"
	"time"

	"examlink/cmd/internal/config"
	"examlink/probe/link"
	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/alert"
	"examlink/server/delivery"
)

// newAlerts makes the notifier of proctors, as configured.
func newAlerts(f config.File, log *slog.Logger) (*delivery.Notifier, error) {
	o, err := f.AlertOptions()
	if err != nil {
		return nil, err
	}
	o.Log = log
	return delivery.New(o)
}

// follow passes the server's events to the notifier.
func follow(o *server.Options, a *delivery.Notifier) {
	o.OnState = func(i server.SessionInfo) {
		if watched(i) {
			a.State(sessionOf(i))
		}
	}
	reading := func(i server.SessionInfo, r wire.TrainReport) {
		// TCP shapes what a train reads: such a reading is no rate of the link.
		if !watched(i) || i.Transport != link.UDP {
			return
		}
		x := alert.Reading{Direction: string(r.Direction), Value: r.Rate, Low: r.Low, High: r.High, Packets: r.Busy}
		if r.Rate == nil {
			x.Packets = r.Received
		}
		a.Reading(sessionOf(i), x)
	}
	o.OnReading, o.OnClaim = reading, reading
}

// watched says whether a session generates notices. A check does not: it is over
// in seconds, disturbs its own link, and has a verdict of its own.
func watched(i server.SessionInfo) bool { return i.Purpose != "check" }

func sessionOf(i server.SessionInfo) alert.Session {
	now := time.Now()
	s := alert.Session{
		Session: i.Session, Exam: i.Exam, Student: i.Student, State: string(i.State), End: string(i.End),
		At: now, LastPacket: now.Add(-i.Silent), Transport: string(i.Transport),
	}
	if i.Claims != nil {
		for _, w := range i.Claims.Warnings {
			if w.Active() {
				s.Claimed = append(s.Claimed, alert.Claim{Kind: string(w.Kind), Since: w.Start, Cause: string(w.Cause)})
			}
		}
	}
	return s
}
