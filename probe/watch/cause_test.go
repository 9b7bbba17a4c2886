package watch

import (
	"errors"
	"testing"
	"time"

	"examlink/probe/link"
	"examlink/probe/netenv"
	"examlink/probe/session"
	"examlink/probe/warning"
	"examlink/probe/wire"
)

func TestAttribute(t *testing.T) {
	because := func(r link.Reason) error { return &link.Error{Reason: r, Server: "a:1"} }
	wired, wifi := netenv.State{Interface: "e", Kind: netenv.Wired}, netenv.State{Interface: "w", Kind: netenv.WiFi}
	found := func(s netenv.State, gateway, name, server netenv.Answer) netenv.Findings {
		return netenv.Findings{State: s, Looked: true, Gateway: gateway, Name: name, Server: server}
	}
	for name, c := range map[string]struct {
		circumstances
		want warning.Cause
	}{
		"nothing is known":                             {circumstances{}, warning.NotKnown},
		"silence, and nobody was asked":                {circumstances{ended: because(link.ReasonSilent), redial: because(link.ReasonNoServer)}, warning.NotKnown},
		"no route":                                     {circumstances{found: netenv.Findings{Looked: true, Offline: true}}, warning.CauseNoNetwork},
		"no route, and the server went before":         {circumstances{ended: because(link.ReasonClosed), found: netenv.Findings{Looked: true, Offline: true}}, warning.CauseNoNetwork},
		"the system will not send":                     {circumstances{ended: because(link.ReasonNoNetwork)}, warning.CauseNoNetwork},
		"it would not, but there is a way again":       {circumstances{ended: because(link.ReasonNoNetwork), found: found(wired, netenv.Answers, netenv.NotKnown, netenv.Silent)}, warning.CauseBeyond},
		"the server closed":                            {circumstances{ended: because(link.ReasonClosed), found: found(wired, netenv.Answers, netenv.NotKnown, netenv.Silent)}, warning.CauseServer},
		"the server's system refuses":                  {circumstances{found: found(wired, netenv.Answers, netenv.NotKnown, netenv.Refuses)}, warning.CauseServer},
		"the server refuses":                           {circumstances{redial: &session.RefusedError{Refused: wire.Refused{Reason: wire.RefusedFull}}}, warning.CauseServer},
		"another server is there":                      {circumstances{redial: because(link.ReasonCertificate)}, warning.CauseServer},
		"the server's program hangs":                   {circumstances{firm: true, redial: because(link.ReasonNoServer), found: found(wired, netenv.Answers, netenv.Answers, netenv.Mute)}, warning.CauseServer},
		"nothing is said, this once":                   {circumstances{found: found(wired, netenv.Answers, netenv.Answers, netenv.Mute)}, warning.NotKnown},
		"gateway answers, server does not":             {circumstances{found: found(wired, netenv.Answers, netenv.NotKnown, netenv.Silent)}, warning.CauseBeyond},
		"gateway not known, server silent":             {circumstances{found: found(wired, netenv.NotKnown, netenv.NotKnown, netenv.Silent)}, warning.NotKnown},
		"gateway silent by cable":                      {circumstances{found: found(wired, netenv.Silent, netenv.Silent, netenv.Silent)}, warning.CauseRouter},
		"gateway silent by Wi-Fi":                      {circumstances{found: found(wifi, netenv.Silent, netenv.Silent, netenv.Silent)}, warning.CauseWiFi},
		"gateway silent, which is its way":             {circumstances{found: found(wifi, netenv.Silent, netenv.Answers, netenv.Answers)}, warning.NotKnown},
		"Wi-Fi, and beyond it":                         {circumstances{found: found(wifi, netenv.Answers, netenv.Answers, netenv.Silent)}, warning.CauseBeyond},
		"moved":                                        {circumstances{moved: true, found: found(wifi, netenv.Silent, netenv.Silent, netenv.Silent)}, warning.CauseMoved},
		"moved to where there is nothing":              {circumstances{moved: true, found: netenv.Findings{Looked: true, Offline: true}}, warning.CauseNoNetwork},
		"TCP answers once":                             {circumstances{redial: because(link.ReasonNoServer), found: found(wired, netenv.Answers, netenv.Answers, netenv.Answers)}, warning.NotKnown},
		"TCP goes on answering, UDP was not tried":     {circumstances{firm: true, found: found(wired, netenv.Answers, netenv.Answers, netenv.Answers)}, warning.NotKnown},
		"TCP goes on answering, UDP does not":          {circumstances{firm: true, redial: because(link.ReasonNoServer), found: found(wired, netenv.Answers, netenv.Answers, netenv.Answers)}, warning.CauseUDPBlocked},
		"the attempt found it blocked":                 {circumstances{redial: because(link.ReasonUDPBlocked)}, warning.CauseUDPBlocked},
		"no name, but the old address answers":         {circumstances{firm: true, redial: because(link.ReasonResolve), found: found(wired, netenv.Answers, netenv.Silent, netenv.Answers)}, warning.CauseDNS},
		"UDP blocked, that of the name service, too":   {circumstances{firm: true, redial: because(link.ReasonUDPBlocked), found: found(wired, netenv.Answers, netenv.Silent, netenv.Answers)}, warning.CauseUDPBlocked},
		"no name, as the line is down":                 {circumstances{redial: because(link.ReasonResolve), found: found(wired, netenv.Answers, netenv.Silent, netenv.Silent)}, warning.CauseBeyond},
		"no name, as the line is down, without asking": {circumstances{redial: because(link.ReasonResolve)}, warning.NotKnown},
		"an error of no kind":                          {circumstances{redial: errors.New("x")}, warning.NotKnown},
	} {
		if got := attribute(c.circumstances); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// An attempt that failed while the server was away does not prove, once the server
// answers by TCP again, that the network blocks UDP.
func TestAttemptBeforeTheServerWasBack(t *testing.T) {
	const s = time.Second
	w := &watcher{s: studentLine{&session.Session{}}, inquiry: inquiry{
		hasAsk: true, duringSilence: true, foundAt: 30 * s, reached: 2, since: 28 * s,
		found: netenv.Findings{Looked: true, Gateway: netenv.Answers, Server: netenv.Answers},
	}}
	for began, want := range map[time.Duration]warning.Cause{24 * s: warning.NotKnown, 29 * s: warning.CauseUDPBlocked} {
		w.attempt.Store(&failedAttempt{began, &link.Error{Reason: link.ReasonNoServer, Server: "a:1"}})
		if got := w.cause(8*s, 31*s); got != want {
			t.Errorf("an attempt at %v: %q, want %q", began, got, want)
		}
	}
}
