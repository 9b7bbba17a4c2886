package main

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"examlink/cmd/internal/config"
	"examlink/probe"
	"examlink/probe/ippm"
	"examlink/probe/netsim"
	"examlink/probe/ui/uitest"
	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/event"
	"examlink/server/exam"
	"examlink/server/session"
	"examlink/server/store"
)

const outageStudents = 10

// outageStand is a server with its board, and students behind links of their own.
type outageStand struct {
	t      *testing.T
	srv    *server.Server
	relays []*netsim.Relay

	mu   sync.Mutex
	last map[string]time.Time // the last packet before a silence, by student
}

func newOutageStand(t *testing.T) *outageStand {
	t.Helper()
	keys, err := server.LoadKeys(t.TempDir(), "", "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	udp, tcp, err := server.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	issuer := keys.Issuer([]string{tcp.Addr().String()})
	s := &outageStand{t: t, last: map[string]time.Time{}}
	s.srv, err = server.New(server.Options{
		Conn: udp, TCP: tcp, TLS: &tls.Config{Certificates: []tls.Certificate{keys.Certificate}}, TokenKey: keys.Token.Public().(ed25519.PublicKey),
		Secret: keys.Secret, Issuer: &issuer, Board: &server.BoardOptions{}, Limits: server.Limits{HandshakeRate: 1000},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.srv.Events().Handle(func(e event.Event) {
		if _, ok := e.Payload.(event.State); ok && e.Session.State == string(session.Suspect) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.last[e.Session.Student] = e.Session.LastPacket
		}
	})
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = s.srv.Run(ctx) })
	t.Cleanup(func() { cancel(); wg.Wait(); _ = udp.Close() })
	if _, err := s.srv.Exams().Create(t.Context(), store.Exam{ID: "e1", Start: time.Now().Add(-time.Hour), End: time.Now().Add(time.Hour), Zone: "UTC"}); err != nil {
		t.Fatal(err)
	}
	link := netsim.Params{Rate: 2e6, QueueTime: 200 * time.Millisecond, Delay: 10 * time.Millisecond}
	for i := range outageStudents {
		r, err := netsim.NewRelay(udp.LocalAddr().(*net.UDPAddr).AddrPort(), link, link, uint64(i)) //nolint:gosec // from 0
		if err != nil {
			t.Fatal(err)
		}
		s.relays = append(s.relays, r)
		wg.Go(func() { _ = r.Run(ctx) })
		o, err := config.Default().ProbeOptions()
		if err != nil {
			t.Fatal(err)
		}
		o.Token, err = exam.Issue(keys.Token, wire.JoinToken{
			Exam: "e1", Student: student(i), Servers: []string{r.Addr().String()}, Fingerprint: keys.Fingerprint(),
			NotBefore: time.Now().Unix(), Expires: time.Now().Add(time.Hour).Unix(),
		})
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() { _, _ = probe.Watch(ctx, o) })
	}
	return s
}

func student(i int) string { return fmt.Sprintf("s-%02d", i) }

// painted is when a student's state came on the screen, in milliseconds since 1970; 0: it
// did not.
func painted(b *uitest.Browser, student, word string) time.Time {
	at := uitest.Value[float64](b, fmt.Sprintf(`(window.painted.find(p => p[0] === %q && p[1] === %q) ?? [0, 0, 0])[2]`, student, word))
	return time.UnixMilli(int64(at))
}

// newBoardStand opens the board of a stand in a browser, by a proctor's link.
func newBoardStand(t *testing.T) (*outageStand, *uitest.Browser) {
	t.Helper()
	browser := uitest.Open(t, chromedp.Flag("ignore-certificate-errors", true))
	s := newOutageStand(t)
	links, err := s.srv.Exams().ProctorLinks(t.Context(), "e1", 1, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	browser.Load(links[0].Address, uitest.Looks[0])
	return s, browser
}

// Real students behind links that are cut: what a proctor sees, and after how long. The
// figures are in the log.
func TestOutagesOnTheBoard(t *testing.T) {
	s, browser := newBoardStand(t)
	calm := fmt.Sprintf(`[...document.querySelectorAll('#rows tr')].filter(r => !['Dropped', 'Suspect'].includes(r.cells[1].innerText)).length === %d`, outageStudents)
	browser.Until(calm)
	uitest.Value[bool](browser, `window.painted = [], new MutationObserver(list => {
		for (const m of list) {
			const row = m.target.closest?.('tr');
			if (row && m.target === row.cells[1]) window.painted.push([row.dataset.student, row.cells[1].innerText, Date.now()]);
		}
	}).observe(document.getElementById('rows'), {subtree: true, childList: true}), true`)
	var suspect, dropped []time.Duration
	for round := range 2 {
		uitest.Value[bool](browser, `window.painted = [], true`)
		for _, r := range s.relays {
			cutLink(r, true)
			time.Sleep(200 * time.Millisecond)
		}
		browser.Until(fmt.Sprintf(`document.querySelectorAll('#rows .state.bad').length === %d`, outageStudents))
		for i := range outageStudents {
			s.mu.Lock()
			last := s.last[student(i)].Truncate(time.Millisecond)
			s.mu.Unlock()
			a, b := painted(browser, student(i), "Suspect"), painted(browser, student(i), "Dropped")
			if a.Before(last) || b.Before(a) {
				t.Errorf("round %d, %s: the last packet at %v, suspect at %v, dropped at %v", round, student(i), last, a, b)
			}
			suspect, dropped = append(suspect, a.Sub(last)), append(dropped, b.Sub(last))
		}
		for _, r := range s.relays {
			cutLink(r, false)
		}
		browser.Until(calm)
	}
	slices.Sort(suspect)
	slices.Sort(dropped)
	n := len(suspect)
	t.Logf("from the last packet to the screen, %d outages: suspect %v to %v, dropped %v to %v", n, suspect[0], suspect[n-1], dropped[0], dropped[n-1])
}

// Real students whose links become slow: the board says so, and takes it back when they are
// good again. The figures are in the log.
func TestSlowLinksOnTheBoard(t *testing.T) {
	s, browser := newBoardStand(t)
	all := func(state string) string {
		return fmt.Sprintf(`[...document.querySelectorAll('#rows tr')].filter(r => r.cells[1].innerText === %q).length === %d`, state, outageStudents)
	}
	rate := func(bits float64) {
		for _, r := range s.relays {
			r.Down.Update(func(p *netsim.Params) { p.Rate = ippm.Rate(bits) })
		}
	}
	patiently(browser, all("Good"))
	rate(0.5e6)
	at := time.Now()
	patiently(browser, all("Below minimum"))
	t.Logf("%d downloads fall to 0.5 Mbit/s: all are below the minimum on the screen after %v", outageStudents, time.Since(at).Round(100*time.Millisecond))
	rate(2e6)
	at = time.Now()
	patiently(browser, all("Good"))
	t.Logf("they are good again: so the screen says after %v", time.Since(at).Round(100*time.Millisecond))
}

// patiently waits for what takes several tests of a link.
func patiently(b *uitest.Browser, expression string) {
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end) && !uitest.Value[bool](b, expression); {
		time.Sleep(100 * time.Millisecond)
	}
	b.Until(expression)
}

func cutLink(r *netsim.Relay, cut bool) {
	for _, p := range []*netsim.Pipe{r.Up, r.Down} {
		p.Update(func(p *netsim.Params) { p.Outage = cut })
	}
}
