package browser_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"examlink/probe"
	"examlink/probe/ippm"
	"examlink/probe/netsim"
	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/exam"
)

var runs = flag.Int("runs", 1, "how often each link of TestCheckInABrowser is measured")

// stand is a server behind an emulated link, with a browser.
type stand struct {
	t     *testing.T
	url   string
	token string
	tab   context.Context
}

func newStand(t *testing.T, up, down netsim.Params, udp bool) *stand {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("needs chromium")
	}
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	relay, err := netsim.NewRelay(conn.LocalAddr().(*net.UDPAddr).AddrPort(), up, down, 1)
	if err != nil {
		t.Fatal(err)
	}
	tcp, err := net.Listen("tcp4", relay.Addr().String())
	if err != nil {
		t.Skip(err)
	}
	keys, err := server.LoadKeys(t.TempDir(), "", "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	srv, err := server.New(server.Options{
		Conn: conn, TCP: tcp, TLS: &tls.Config{Certificates: []tls.Certificate{keys.Certificate}},
		TokenKey: keys.Token.Public().(ed25519.PublicKey), Secret: keys.Secret,
		Handlers: map[string]http.Handler{
			"GET /check/": isolated(http.StripPrefix("/check/", http.FileServer(http.Dir("../page/assets")))),
			"GET /bare": isolated(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/html")
				fmt.Fprint(w, `<!doctype html><title>bare</title>`)
			})),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	if udp {
		go relay.Run(ctx)
	}
	done := make(chan error, 1)
	go func() { done <- srv.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		_ = conn.Close()
	})
	token, err := exam.Issue(keys.Token, wire.JoinToken{
		Exam: "msds-5001", Student: "s-0017", Servers: []string{relay.Addr().String()}, Fingerprint: keys.Fingerprint(),
		NotBefore: time.Now().Unix(), Expires: time.Now().Add(time.Hour).Unix(),
	})
	if err != nil {
		t.Fatal(err)
	}
	pin := sha256.Sum256(keys.Certificate.Leaf.RawSubjectPublicKeyInfo)
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Flag("ignore-certificate-errors-spki-list", base64.StdEncoding.EncodeToString(pin[:])), chromedp.Flag("webtransport-developer-mode", true))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	tab, stopTab := chromedp.NewContext(allocator, chromedp.WithBrowserOption(chromedp.WithConsolef(t.Logf)))
	t.Cleanup(stopTab)
	return &stand{t: t, url: "https://" + relay.Addr().String(), token: token, tab: tab}
}

func isolated(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
		w.Header().Set("Cross-Origin-Embedder-Policy", "require-corp")
		h.ServeHTTP(w, r)
	})
}

func (s *stand) check() (r probe.Report) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.tab, 90*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate(s.url+"/bare")); err != nil {
		s.t.Fatal(err)
	}
	script := fmt.Sprintf(`import('/check/network.js').then(m => m.check({token: %q, progress: p => console.log(JSON.stringify(p))})).then(r => JSON.stringify(r), e => 'failed: ' + JSON.stringify(e))`, s.token)
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
	if err != nil {
		s.t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		s.t.Fatalf("%v: %s", err, text)
	}
	return r
}

func TestCheckInABrowser(t *testing.T) {
	for _, x := range []struct {
		down, up ippm.Rate
		delay    time.Duration
		loss     float64
	}{
		{10e6, 5e6, 10 * time.Millisecond, 0},
		{2e6, 1.5e6, 10 * time.Millisecond, 0},
		{0.85e6, 0.43e6, 10 * time.Millisecond, 0},
		{0.6e6, 0.3e6, 10 * time.Millisecond, 0},
		{10e6, 5e6, 50 * time.Millisecond, 0.01},
		{2e6, 1.5e6, 50 * time.Millisecond, 0.01},
		{0.85e6, 0.43e6, 50 * time.Millisecond, 0.01},
		{0.6e6, 0.3e6, 50 * time.Millisecond, 0.01},
	} {
		t.Run(fmt.Sprintf("%g-%g-%v-%g", float64(x.down)/1e6, float64(x.up)/1e6, x.delay, x.loss), func(t *testing.T) {
			q := 300 * time.Millisecond
			s := newStand(t, netsim.Params{Rate: x.up, Delay: x.delay, Loss: x.loss, QueueTime: q}, netsim.Params{Rate: x.down, Delay: x.delay, Loss: x.loss, QueueTime: q}, true)
			for range *runs {
				began := time.Now()
				r := s.check()
				t.Logf("%s %s %.1fs down %s up %s floors %s %s loss %v %v", r.Transport, r.Verdict.Outcome, time.Since(began).Seconds(), show(r.CapacityDown.Rate), show(r.CapacityUp.Rate), r.FloorDown.Outcome, r.FloorUp.Outcome, r.Idle.LostUp, r.Idle.LostDown)
			}
		})
	}
}

func show(i ippm.Interval) string {
	f := func(v *float64) string {
		if v == nil {
			return "-"
		}
		return fmt.Sprintf("%.3f", *v/1e6)
	}
	return f(i.Low) + "/" + f(i.Value) + "/" + f(i.High)
}
