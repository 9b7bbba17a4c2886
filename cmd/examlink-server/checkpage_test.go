package main

import (
	"context"
	"crypto/ed25519"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"examlink/probe/ippm"
	"examlink/probe/netsim"
	"examlink/probe/ui/uitest"
	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/exam"
	"examlink/server/page"
)

// linkedPage serves the check page over an emulated link of 4 Mbit/s down, 2 Mbit/s up and
// 30 ms, and returns its address for one student.
func linkedPage(t *testing.T) string {
	t.Helper()
	keys, err := demoKeys(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	up := netsim.Params{Rate: 2 * ippm.MbitPerSecond, QueueTime: demoQueue, Delay: demoDelay}
	down := up
	down.Rate = 4 * ippm.MbitPerSecond
	relay, err := netsim.NewRelay(udp.LocalAddr().(*net.UDPAddr).AddrPort(), up, down, 1)
	if err != nil {
		t.Fatal(err)
	}
	tcp, err := net.Listen("tcp4", relay.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	srv, err := server.New(server.Options{
		Conn: udp, TCP: tcp, Certificate: server.NewCertificate(keys.Certificate), TokenKey: keys.Token.Public().(ed25519.PublicKey),
		Sign: keys.Token, Secret: keys.Secret, Page: &page.Options{Certificate: pageCertificate(keys)},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 2)
	go func() { done <- srv.Run(ctx) }()   // ends with ctx
	go func() { done <- relay.Run(ctx) }() // the same
	t.Cleanup(func() {
		cancel()
		for range cap(done) {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		_ = udp.Close()
	})
	now := time.Now()
	token, err := exam.Issue(keys.Token, wire.JoinToken{
		Exam: "msds-5001", Student: "s-0017", Servers: []string{relay.Addr().String()}, Fingerprint: keys.Fingerprint(),
		NotBefore: now.Unix(), Expires: now.Add(14 * 24 * time.Hour).Unix(), Zone: "America/Denver",
		Starts: now.Add(8 * 24 * time.Hour).Truncate(time.Hour).Unix(), Ends: now.Add(8*24*time.Hour + 2*time.Hour).Truncate(time.Hour).Unix(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return "https://" + relay.Addr().String() + page.Path + "#" + token
}

// The page as students have it: a browser, a link, a server. What was found is what was
// sent through, the computer is judged by the server, and one verdict follows.
func TestCheckPageOverLink(t *testing.T) {
	b := uitest.Open(t, chromedp.Flag("ignore-certificate-errors", true), chromedp.Flag("use-fake-device-for-media-stream", true),
		chromedp.Flag("use-fake-ui-for-media-stream", true), chromedp.Flag("autoplay-policy", "no-user-gesture-required"))
	address := linkedPage(t)
	host := strings.Split(address, "/")[2]
	b.Load(address, uitest.Looks[0])
	click := func(id string) {
		t.Helper()
		b.Until(`(b => b.checkVisibility() && !b.disabled)(document.getElementById("` + id + `"))`)
		uitest.Value[bool](b, `(document.getElementById("`+id+`").click(), true)`)
	}
	click("begin")
	for end := time.Now().Add(2 * time.Minute); !uitest.Value[bool](b, `document.getElementById("turn-on").checkVisibility()`); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no result: %s", uitest.Value[string](b, "document.body.innerText"))
		}
	}
	click("turn-on")
	b.Until(`/pixels/.test(document.getElementById("camera-line").textContent) && /microphone works/.test(document.getElementById("microphone-line").textContent)`)
	click("finish")
	b.Until(`document.getElementById("result").checkVisibility()`)
	text := uitest.Value[string](b, "document.body.innerText")
	t.Log(text)
	_ = os.Stdout
	_ = filepath.Join
	b.Problems(host)
}
