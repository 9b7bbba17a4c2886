package main

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"math/rand/v2"
	"net"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"examlink/cmd/internal/config"
	"examlink/probe"
	"examlink/probe/netsim"
	"examlink/server"
	"examlink/server/alert"
	"examlink/server/delivery"
	"examlink/server/session"
)

// checkCut checks the notices of one cut. No packet reaches the server after
// last.
func checkCut(t *testing.T, got []received, last, back time.Time, slack time.Duration) {
	t.Helper()
	var kinds []alert.Kind
	for _, n := range got {
		kinds = append(kinds, n.Kind)
	}
	if !slices.Equal(kinds, []alert.Kind{alert.Suspect, alert.Dropped, alert.Recovered}) {
		t.Fatalf("notices: %q", kinds)
	}
	for i, within := range []time.Duration{1300 * ms, 3500 * ms} {
		n := got[i]
		if late := n.at.Sub(n.LastPacket) - within; late > slack {
			t.Errorf("%s came %v after the last packet the server saw", n.Kind, n.at.Sub(n.LastPacket))
		}
		if n.LastPacket.After(last.Add(ms)) {
			t.Errorf("%s: last packet at %v, the link was cut before %v", n.Kind, n.LastPacket, last)
		}
	}
	if r := got[2]; r.at.Before(back) || r.at.Sub(back) > 5*time.Second+slack || r.Was != alert.Dropped || r.Warning != got[0].Warning {
		t.Errorf("recovered %v after the link was back: %+v", r.at.Sub(back), r.Notice)
	}
}

// A link is cut in mid-session, 20 times: each time the proctor has suspect
// within 1.3 s and dropped within 3.5 s of the last packet, and recovered after.
func TestProctorIsNotifiedOfEachCut(t *testing.T) {
	cuts := 20
	if testing.Short() {
		cuts = 3
	}
	synctest.Test(t, func(t *testing.T) {
		h := newTestbed(t, "s1", "s2", "s3", "s4")
		time.Sleep(20 * time.Second)
		rng := rand.New(rand.NewPCG(1, 2))
		for range cuts {
			from := time.Now()
			h.cut(true, "s1")
			last := from.Add(20 * ms) // of packets in flight
			time.Sleep(4500*ms + time.Duration(rng.IntN(4000))*ms)
			h.cut(false, "s1")
			back := time.Now()
			time.Sleep(20*time.Second + time.Duration(rng.IntN(10000))*ms)
			checkCut(t, h.proctor.since("s1", from), last, back, 0)
		}
		for _, s := range []string{"s2", "s3", "s4"} {
			if k := h.proctor.kinds(s, time.Time{}); len(k) != 0 {
				t.Errorf("notices of %s, who was never cut: %q", s, k)
			}
		}
		h.leave["s2"]()
		time.Sleep(10 * time.Second)
		if k := h.proctor.kinds("s2", time.Time{}); !slices.Equal(k, []string{"ended goodbye"}) {
			t.Errorf("after a goodbye: %q", k)
		}
	})
}

// Sessions that fall silent at the same time are one incident, without notices
// for individual sessions.
func TestProctorIsNotifiedOfOneIncident(t *testing.T) {
	if testing.Short() {
		t.Skip("long: it takes seconds of real time")
	}
	synctest.Test(t, func(t *testing.T) {
		all := []string{"s1", "s2", "s3", "s4", "s5", "s6"}
		h := newTestbed(t, all...)
		time.Sleep(20 * time.Second)
		for round := range 5 {
			time.Sleep(time.Duration(17*round) * ms) // against the probes
			from := time.Now()
			h.cut(true, all...)
			time.Sleep(8 * time.Second)
			h.cut(false, all...)
			time.Sleep(40 * time.Second)
			got := h.proctor.since("", from)
			if len(got) != 2 || got[0].Kind != alert.Incident || got[0].State != alert.Raised || got[1].State != alert.Cleared || got[1].Counts.Affected != 6 || *got[1].Counts.Silent != 0 {
				t.Fatalf("%+v", got)
			}
			if d := got[0].at.Sub(from); d > 1320*ms {
				t.Errorf("the notice of the incident came after %v", d)
			}
			if d := got[1].Duration; d < 7.9 || d > 14 {
				t.Errorf("it lasted %v s", d)
			}
			for _, s := range all {
				if k := h.proctor.kinds(s, from); len(k) != 0 {
					t.Errorf("of %s alone: %q", s, k)
				}
			}
		}
	})
}

// A rate below the minimum sends a notice in either direction, with its source.
func TestProctorIsNotifiedOfLowRates(t *testing.T) {
	if testing.Short() {
		t.Skip("long: it takes seconds of real time")
	}
	synctest.Test(t, func(t *testing.T) {
		h := newTestbed(t, "s1")
		time.Sleep(3 * time.Minute)
		if k := h.proctor.kinds("s1", time.Time{}); len(k) != 0 {
			t.Errorf("on a good link: %q", k)
		}
		from := time.Now()
		h.clients["s1"].Up.Update(func(p *netsim.Params) { p.Rate = 0.25e6 })
		time.Sleep(time.Minute)
		got := h.proctor.since("s1", from)
		if len(got) != 1 || got[0].Kind != alert.BelowMinimum || got[0].Direction != "up" || got[0].Seen.Upload == nil || *got[0].Seen.Upload.Value > 0.27e6 || *got[0].Seen.Upload.Value < 0.23e6 {
			t.Fatalf("%+v", got)
		}
		t.Logf("notified %v after the upload fell", got[0].at.Sub(from))
		h.clients["s1"].Up.Update(func(p *netsim.Params) { p.Rate = 5e6 })
		time.Sleep(5 * time.Minute)
		from = time.Now()
		h.clients["s1"].Down.Update(func(p *netsim.Params) { p.Rate = 0.5e6 })
		time.Sleep(2 * time.Minute)
		h.clients["s1"].Down.Update(func(p *netsim.Params) { p.Rate = 5e6 })
		time.Sleep(5 * time.Minute)
		if k := h.proctor.kinds("s1", time.Time{}); !slices.Equal(k, []string{"below-minimum up", "recovered up", "below-minimum down", "recovered down"}) {
			t.Errorf("%q", k)
		}
		for _, n := range h.proctor.since("s1", from) {
			if n.Claimed.Download == nil || n.Kind == alert.BelowMinimum && *n.Claimed.Download.Value > 0.52e6 {
				t.Errorf("%+v", n)
			}
		}
	})
}

// The same over sockets and in real time, where a busy machine may be late:
// EXAMLINK_CUTS sets how often, and asserts that the machine is idle.
func TestProctorIsNotifiedOverSockets(t *testing.T) {
	if testing.Short() {
		t.Skip("long: 10 s over sockets")
	}
	cuts, slack := 1, 10*time.Second
	if n, err := strconv.Atoi(os.Getenv("EXAMLINK_CUTS")); err == nil {
		cuts, slack = n, 0
	}
	dir := t.TempDir()
	keys, err := server.LoadKeys(dir, "", "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	p := &proctor{t: t}
	hook := httptest.NewServer(p)
	defer hook.Close()
	f := config.Default()
	f.Server.DataDir = dir
	f.Server.Alerts.Webhooks = []config.Webhook{{Webhook: delivery.Webhook{Name: "proctors", URL: hook.URL, Secret: hookSecret, Timeout: 10 * time.Second}}}
	notify, err := f.AlertOptions()
	if err != nil {
		t.Fatal(err)
	}
	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	options := server.Options{
		Conn: udp, TLS: &tls.Config{Certificates: []tls.Certificate{keys.Certificate}, MinVersion: tls.VersionTLS13},
		TokenKey: keys.Token.Public().(ed25519.PublicKey), Secret: keys.Secret, Notify: &notify,
	}
	srv, err := server.New(options)
	if err != nil {
		t.Fatal(err)
	}
	link := netsim.Params{Delay: 10 * ms, Rate: 5e6, QueueTime: 500 * ms}
	relay, err := netsim.NewRelay(udp.LocalAddr().(*net.UDPAddr).AddrPort(), link, link, 1)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 3)
	go func() { done <- srv.Run(ctx) }()
	go func() { done <- relay.Run(ctx) }()
	o, err := f.ProbeOptions()
	if err != nil {
		t.Fatal(err)
	}
	if o.Token, err = demoToken(keys, relay.Addr()); err != nil {
		t.Fatal(err)
	}
	go func() {
		_, err := probe.Watch(ctx, o)
		done <- err
	}()
	for len(srv.Sessions()) == 0 || srv.Sessions()[0].State != session.Live {
		time.Sleep(50 * ms)
	}
	time.Sleep(time.Second)
	const who = "demo-student"
	for range cuts {
		from := time.Now()
		cut := func(outage bool) {
			relay.Up.Update(func(p *netsim.Params) { p.Outage = outage })
			relay.Down.Update(func(p *netsim.Params) { p.Outage = outage })
		}
		cut(true)
		time.Sleep(4500*ms + time.Duration(rand.IntN(1000))*ms)
		cut(false)
		back := time.Now()
		for end := back.Add(time.Minute); len(p.since(who, from)) < 3 && time.Now().Before(end); {
			time.Sleep(50 * ms)
		}
		got := p.since(who, from)
		checkCut(t, got, from.Add(time.Second), back, slack)
		t.Logf("suspect after %v, dropped after %v, recovered %v after the link was back", got[0].at.Sub(got[0].LastPacket), got[1].at.Sub(got[1].LastPacket), got[2].at.Sub(back))
		if cuts > 1 {
			time.Sleep(time.Until(from.Add(16 * time.Second))) // shorter intervals count as flapping
		}
	}
	cancel()
	for range 3 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
