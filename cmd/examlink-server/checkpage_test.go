package main

import (
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"math"
	"net"
	"os"
	"path/filepath"
	"slices"
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
	var relay *netsim.Relay
	var tcp net.Listener
	for range 20 { // the relay's port may be in use for TCP
		if relay, err = netsim.NewRelay(udp.LocalAddr().(*net.UDPAddr).AddrPort(), up, down, 1); err != nil {
			t.Fatal(err)
		}
		if tcp, err = net.Listen("tcp4", relay.Addr().String()); err == nil {
			break
		}
	}
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
	starts := now.Add(191*time.Hour + 30*time.Minute)
	token, err := exam.Issue(keys.Token, wire.JoinToken{
		Exam: "msds-5001", Student: "s-0017", Servers: []string{relay.Addr().String()}, Fingerprint: keys.Fingerprint(),
		NotBefore: now.Unix(), Expires: now.Add(14 * 24 * time.Hour).Unix(), Zone: "America/Denver",
		Starts: starts.Unix(), Ends: starts.Add(2 * time.Hour).Unix(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return "https://" + relay.Addr().String() + page.Path + "#" + token
}

// voice writes a second of a soft tone for a fake microphone, in WAV.
func voice(t *testing.T) string {
	t.Helper()
	const rate = 48000
	b := []byte("RIFF")
	b = binary.LittleEndian.AppendUint32(b, 36+2*rate)
	b = append(b, "WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00"...) // PCM, mono
	b = binary.LittleEndian.AppendUint32(b, rate)
	b = binary.LittleEndian.AppendUint32(b, 2*rate)
	b = append(b, "\x02\x00\x10\x00data"...)
	b = binary.LittleEndian.AppendUint32(b, 2*rate)
	for i := range rate {
		b = binary.LittleEndian.AppendUint16(b, uint16(int16(3000*math.Sin(2*math.Pi*440*float64(i)/rate))))
	}
	name := filepath.Join(t.TempDir(), "voice.wav")
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// patient waits for what takes longer than a page does.
func patient(t *testing.T, b *uitest.Browser, expression string) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !uitest.Value[bool](b, expression); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within two minutes: %s", expression, uitest.Value[string](b, "document.body.innerText"))
		}
	}
}

// The page as students have it: a browser, a link, a server, which measures, judges the
// computer and signs a receipt. With a folder for pictures it takes the first one of the
// README.
func TestCheckPageOverLink(t *testing.T) {
	b := uitest.Open(t, chromedp.Flag("ignore-certificate-errors", true), chromedp.Flag("use-fake-device-for-media-stream", true),
		chromedp.Flag("use-fake-ui-for-media-stream", true), chromedp.Flag("autoplay-policy", "no-user-gesture-required"),
		chromedp.Flag("use-file-for-fake-audio-capture", voice(t)))
	b.OnWindows()
	address := linkedPage(t)
	b.Load(address, uitest.Look{Width: 900, Height: 880})
	click := func(id string) {
		t.Helper()
		b.Until(fmt.Sprintf(`(b => b.checkVisibility() && !b.disabled)(document.getElementById(%q))`, id))
		b.Run(chromedp.Click(chromedp.CSS("#" + id)))
	}
	click("begin")
	patient(t, b, `document.getElementById("turn-on").checkVisibility()`)
	click("turn-on")
	b.Until(`document.getElementById("camera-line").textContent === "The webcam works, with 1280x720 pixels."`)
	b.Until(`document.getElementById("microphone-line").textContent === "The microphone works."`)
	click("finish")
	b.Until(`document.getElementById("result").checkVisibility()`)
	text := uitest.Value[string](b, "document.body.innerText")
	for _, want := range []string{
		"This check is 191 hours ahead", "This computer runs Windows 11.", "This browser is Chrome 156.", "The webcam works, with 1280x720 pixels.", "Not known here: virtual machine.",
		"Receipt, signed by the exam’s server",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing", want)
		}
	}
	// What was measured depends on how busy this host is. All equipment is good, so that the
	// verdict is that on the network, whatever it is.
	const verdicts = `["verdict", "network-line"].map(id => document.getElementById(id).textContent)`
	if v := uitest.Value[[]string](b, verdicts); v[0] == "" || v[0] != v[1] {
		t.Errorf("the verdict is %q, that on the network is %q", v[0], v[1])
	}
	if t.Failed() {
		t.Log(text)
	}
	// The same line by WebSocket, where there is no WebTransport.
	const judged = `(async () => {
		delete window.WebTransport;
		const { Judge } = await import("/check/judge.js"), judge = new Judge(location.hash.slice(1)), schema = "examlink.equipment-facts/1";
		const refused = await judge.judge({ schema, by: "page", webcam: { access: "granted", width: -1 } }).catch(e => e.sentence);
		const findings = await judge.judge({ schema, by: "page" });
		judge.close();
		return [refused, findings.map(f => f.id + " " + f.status).join(", ")];
	})()`
	want := []string{
		"facts: webcam.width: -1, expected 1 to 32768",
		"system not-known, windows-s not-known, tablet not-known, virtual-machine not-known, memory not-known, browser not-known, webcam not-known, microphone not-known",
	}
	if got := uitest.Value[[]string](b, judged); !slices.Equal(got, want) {
		t.Errorf("by WebSocket: %q, want %q", got, want)
	}
	b.Accessible("result")
	b.View("measured-desktop")
	b.Problems(strings.Split(address, "/")[2])
}
