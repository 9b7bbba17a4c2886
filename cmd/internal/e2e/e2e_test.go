//go:build linux

// Package e2e tests the built programs as processes in network namespaces with
// real links between them.
package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"examlink/probe/ippm"
)

const (
	runsEach  = 5 // per link; the verdict must be the same each time
	busyAgain = 2 // repetitions of a check that the machine was too busy for
)

var bin string // where the programs were built

func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() { // no test needs the programs
		os.Exit(m.Run())
	}
	dir, err := os.MkdirTemp("", "examlink-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	bin = dir
	code := 1
	if out, err := exec.Command("go", "build", "-o", dir, "examlink/cmd/examlink", "examlink/cmd/examlink-server").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
	} else {
		code = m.Run()
	}
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// need skips a test if its requirements are missing, which is a failure in CI, or
// in short mode.
func need(t *testing.T, tools ...string) {
	t.Helper()
	if testing.Short() {
		t.Skip("long: 10 s to 3 min in network namespaces")
	}
	skip := t.Skipf
	if os.Getenv("CI") != "" {
		skip = t.Fatalf
	}
	if os.Geteuid() != 0 {
		skip("needs root to make network namespaces")
	}
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			skip("needs %s: %v", tool, err)
		}
	}
	if out, err := exec.Command("ip", "netns", "list").CombinedOutput(); err != nil {
		skip("needs network namespaces: %v: %s", err, out)
	}
}

func sh(t *testing.T, line string, args ...any) {
	t.Helper()
	words := strings.Fields(fmt.Sprintf(line, args...))
	if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", strings.Join(words, " "), err, out)
	}
}

// testbed is two namespaces joined by a cable: the student's and the server's.
type testbed struct {
	t              *testing.T
	student, far   string
	data, token    string
	serverAddress  string
	server         *exec.Cmd
	serverOut      syncBuffer
	studentAddress string
}

func newTestbed(t *testing.T) *testbed {
	t.Helper()
	id := os.Getpid() % 10000
	h := &testbed{
		t: t, student: fmt.Sprintf("exl-s%d", id), far: fmt.Sprintf("exl-f%d", id), data: t.TempDir(),
		serverAddress: "10.77.0.1:8443", studentAddress: "10.77.0.2",
	}
	for _, ns := range []string{h.student, h.far} {
		sh(t, "ip netns add %s", ns)
		t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", ns).Run() })
		sh(t, "ip -n %s link set lo up", ns)
	}
	sh(t, "ip link add veth0 netns %s type veth peer name veth0 netns %s", h.far, h.student)
	sh(t, "ip -n %s addr add 10.77.0.1/24 dev veth0", h.far)
	sh(t, "ip -n %s addr add 10.77.0.2/24 dev veth0", h.student)
	for _, ns := range []string{h.student, h.far} {
		sh(t, "ip -n %s link set veth0 up", ns)
		// Segmentation offload would pass whole bursts through the shaper as one packet.
		_ = exec.Command("ip", "netns", "exec", ns, "ethtool", "-K", "veth0", "gso", "off", "tso", "off", "gro", "off").Run()
	}
	h.startServer()
	out, err := exec.Command(filepath.Join(bin, "examlink-server"), "token", "--data-dir", h.data, "--exam", "e2e", "--student", "s1", "--server", h.serverAddress).Output()
	if err != nil {
		t.Fatalf("token: %v", err)
	}
	h.token = strings.TrimSpace(string(out))
	return h
}

func (h *testbed) in(ns, program string, args ...string) *exec.Cmd {
	c := exec.Command("ip", append([]string{"netns", "exec", ns, program}, args...)...)
	c.Dir = h.data // away from any config.yaml
	return c
}

func (h *testbed) startServer() {
	h.t.Helper()
	h.server = h.in(h.far, filepath.Join(bin, "examlink-server"), "serve", "--data-dir", h.data, "--listen", h.serverAddress)
	h.server.Stderr = &h.serverOut
	if err := h.server.Start(); err != nil {
		h.t.Fatal(err)
	}
	server := h.server
	h.t.Cleanup(func() { _ = server.Process.Kill(); _, _ = server.Process.Wait() })
	for range 100 {
		// The students' port, 8443, and the admin listener's, 9481, which opens later.
		if h.in(h.far, "sh", "-c", "grep -qi ':20FB ' /proc/net/udp && grep -qi ':2509 ' /proc/net/tcp").Run() == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	h.t.Fatalf("the server did not start: %s", h.serverOut.String())
}

// shape sets the rates in Mbit/s of the first student's link.
func (h *testbed) shape(down, up float64) {
	h.t.Helper()
	h.shapeLink(0, h.student, down, up)
}

// shapeLink sets the rates in Mbit/s of a student's link at the IP layer; the shaper counts
// Ethernet headers too, 14 bytes to 1228.
func (h *testbed) shapeLink(link int, student string, down, up float64) {
	h.t.Helper()
	for _, end := range []struct {
		ns   string
		dev  int
		rate float64
	}{{h.far, link, down}, {student, 0, up}} {
		sh(h.t, "tc -n %s qdisc replace dev veth%d root tbf rate %.0fbit burst 5kb latency 200ms", end.ns, end.dev, end.rate*1e6*1242/1228)
	}
}

// check runs one check and returns its exit code and its report.
func (h *testbed) check(args ...string) (int, report) {
	h.t.Helper()
	c := h.in(h.student, filepath.Join(bin, "examlink"), append([]string{"check", "--json", h.token}, args...)...)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	err := c.Run()
	code := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		h.t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil && code < 10 {
		h.t.Fatalf("report: %v, exit %d\n%s%s", err, code, out.String(), errs.String())
	}
	return code, r
}

type report struct {
	Transport string
	Verdict   struct {
		Outcome, Sentence string
		Reasons           []struct {
			Criterion, Remedy string
			Against           string `json:"against_minimum"`
		}
	}
	Duration     ippm.Seconds                 `json:"duration_seconds"`
	CapacityDown struct{ Rate ippm.Interval } `json:"capacity_download"`
	CapacityUp   struct{ Rate ippm.Interval } `json:"capacity_upload"`
	OthersDown   *float64                     `json:"other_programs_download_bits_per_second"`
	OthersUp     *float64                     `json:"other_programs_upload_bits_per_second"`
	BytesUp      int64                        `json:"bytes_upload"`
	BytesDown    int64                        `json:"bytes_download"`
}

func show(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.4f", *v/1e6)
}

func TestVerdictsOverShapedLinks(t *testing.T) {
	need(t, "ip", "tc")
	h := newTestbed(t)
	for _, c := range []struct {
		down, up float64
		want     string
		code     int
	}{
		{0.6, 0.3, "not ready", 3},
		{0.768 * 1.1, 0.384 * 1.1, "marginal", 0},
		{2, 1.5, "ready", 0},
		{10, 5, "ready", 0},
	} {
		h.shape(c.down, c.up)
		right := 0
		for range runsEach {
			code, r := h.check()
			for again := 0; again < busyAgain && strings.Contains(r.Verdict.Sentence, "too busy"); again++ {
				t.Logf("%.4f/%.4f Mbit/s, once more: %s", c.down, c.up, r.Verdict.Sentence)
				code, r = h.check()
			}
			if r.Verdict.Outcome == c.want && code == c.code {
				right++
			} else {
				t.Errorf("%.3f/%.3f: %q, exit %d: %s", c.down, c.up, r.Verdict.Outcome, code, r.Verdict.Sentence)
			}
			t.Logf("%.4f/%.4f Mbit/s: %s, exit %d, measured %s/%s in %.1f s with %.2f MB", c.down, c.up, r.Verdict.Outcome, code,
				show(r.CapacityDown.Rate.Value), show(r.CapacityUp.Rate.Value), r.Duration.Seconds(), float64(r.BytesUp+r.BytesDown)/1e6)
		}
		t.Logf("%.4f/%.4f Mbit/s: %q in %d of %d runs", c.down, c.up, c.want, right, runsEach)
	}
}

// says waits until a process has printed text.
func says(t *testing.T, out *syncBuffer, text string, within time.Duration) time.Time {
	t.Helper()
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if strings.Contains(out.String(), text) {
			return time.Now()
		}
	}
	t.Fatalf("%q was not said within %v:\n%s", text, within, out.String())
	return time.Time{}
}

func TestServerKilledDuringWatch(t *testing.T) {
	need(t, "ip")
	h := newTestbed(t)
	watch := h.in(h.student, filepath.Join(bin, "examlink"), "watch", "--verbose", h.token)
	out := &syncBuffer{}
	watch.Stdout, watch.Stderr = out, out
	if err := watch.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = watch.Process.Kill() })
	says(t, out, "connected to", 10*time.Second)
	time.Sleep(2 * time.Second)
	killed := time.Now()
	_ = h.server.Process.Kill()
	_, _ = h.server.Process.Wait()
	silent := says(t, out, "WARNING  Connection interrupted", 10*time.Second)
	// The requirement is four seconds; a loaded machine gets one more here.
	if d := silent.Sub(killed); d > 5*time.Second {
		t.Errorf("said so after %v, want within 4 s", d)
	} else {
		t.Logf("the client said so after %v", d)
	}
	time.Sleep(3 * time.Second)
	back := time.Now()
	h.startServer()
	resumed := says(t, out, "again", 20*time.Second)
	t.Logf("resumed %v after the server was started again", resumed.Sub(back))
	time.Sleep(time.Second)
	_ = watch.Process.Signal(syscall.SIGINT)
	if err := watch.Wait(); err != nil {
		t.Errorf("watch: %v\n%s", err, out.String())
	}
	if s := out.String(); !strings.Contains(s, "Watched from") || !strings.Contains(s, "  - Connection interrupted") {
		t.Errorf("summary:\n%s", s)
	}
	says(t, &h.serverOut, "resumed=true", 10*time.Second)
}

// block drops packets of some protocols that a namespace receives or sends.
func (h *testbed) block(ns, hook, what string) {
	h.t.Helper()
	sh(h.t, "ip netns exec %s nft add table inet block", ns)
	sh(h.t, "ip netns exec %s nft add chain inet block it { type filter hook %s priority 0 ; }", ns, hook)
	sh(h.t, "ip netns exec %s nft add rule inet block it meta l4proto %s drop", ns, what)
}

func (h *testbed) open(ns string) {
	h.t.Helper()
	sh(h.t, "ip netns exec %s nft delete table inet block", ns)
}

func TestFailuresHaveTheirOwnExitCodes(t *testing.T) {
	need(t, "ip", "nft")
	h := newTestbed(t)
	block := func(ns, hook, what string) func() {
		return func() { h.block(ns, hook, what) }
	}
	open := func(ns string) func() {
		return func() { h.open(ns) }
	}
	for _, c := range []struct {
		name   string
		breaks func()
		mends  func()
		args   []string
		code   int
	}{
		{"udp blocked, and of TCP all but the handshake", func() {
			h.block(h.far, "input", "udp")
			sh(t, "ip netns exec %s nft add rule inet block it tcp flags & psh == psh drop", h.far)
		}, open(h.far), nil, 13},
		{"black hole", block(h.far, "input", "{ tcp, udp }"), open(h.far), nil, 10},
		{"no server", func() {}, func() {}, []string{"--server", "10.77.0.1:9"}, 10},
		{"no name", func() {}, func() {}, []string{"--server", "nonesuch.invalid:8443"}, 16},
		{"no network", func() { sh(t, "ip -n %s link set veth0 down", h.student) },
			func() { sh(t, "ip -n %s link set veth0 up", h.student) }, nil, 14},
	} {
		c.breaks()
		began := time.Now()
		code, _ := h.check(c.args...)
		took := time.Since(began)
		c.mends()
		t.Logf("%s: exit %d after %.1f s", c.name, code, took.Seconds())
		if code != c.code {
			t.Errorf("%s: exit %d, want %d", c.name, code, c.code)
		}
		if took > 12*time.Second { // the requirement is 10 s; a loaded machine gets two more here
			t.Errorf("%s: took %v", c.name, took)
		}
	}
}
