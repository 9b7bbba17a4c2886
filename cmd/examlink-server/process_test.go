//go:build unix

package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is a server's process.
type process struct {
	t       testing.TB
	cmd     *exec.Cmd
	address string // for students
	admin   string // "": none
	kill    func() // and wait
	ended   chan struct{}
	said    chan string // its log, from the line "serving" on; nobody need read it
}

// startProcess starts a server's process with a configuration file's text; "": none, and
// no admin listener. It serves at an address; "": a free one.
func startProcess(t testing.TB, data, configuration, address string) *process {
	t.Helper()
	address = cmp.Or(address, "127.0.0.1:0")
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"examlink-server", "serve", "--data-dir", data, "--listen", address} // its name is its command: see TestMain
	if configuration == "" {
		args = append(args, "--admin-listen", "")
	} else {
		file := filepath.Join(t.TempDir(), "config.yaml")
		if err := os.WriteFile(file, []byte(configuration), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--admin-listen", "127.0.0.1:0", "--config", file)
	}
	p := &process{t: t, cmd: exec.Command(program), ended: make(chan struct{}), said: make(chan string, 1000)}
	p.cmd.Args = args
	p.cmd.Env = append(os.Environ(), "EXAMLINK_SERVER_LIMITS_HANDSHAKE_RATE=1000", "EXAMLINK_SERVER_LIMITS_SESSIONS_PER_TOKEN=9")
	out, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.kill = sync.OnceFunc(func() {
		_ = p.cmd.Process.Kill()
		<-p.ended
	})
	t.Cleanup(p.kill)
	serving := make(chan struct{})
	go p.read(out, serving) // ends with the process
	select {
	case <-serving:
	case <-p.ended:
		t.Fatalf("the server did not start:\n%s", p.log())
	case <-time.After(time.Minute):
		t.Fatalf("the server does not serve:\n%s", p.log())
	}
	return p
}

// read reads the log until the process has ended.
func (p *process) read(out io.Reader, serving chan<- struct{}) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, rest, ok := strings.Cut(lines.Text(), "msg=\"serving metrics\" address="); ok {
			p.admin = strings.Fields(rest)[0]
		}
		if _, rest, ok := strings.Cut(lines.Text(), "msg=serving address="); ok {
			p.address = strings.Fields(rest)[0]
			close(serving)
		}
		select {
		case p.said <- lines.Text():
		default: // nobody reads
		}
	}
	_ = p.cmd.Wait()
	close(p.ended)
}

// log returns what the process has logged and nobody has read.
func (p *process) log() string {
	var all strings.Builder
	for {
		select {
		case line := <-p.said:
			fmt.Fprintln(&all, line)
		default:
			return all.String()
		}
	}
}

// stop ends the server in an orderly way.
func (p *process) stop() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	select {
	case <-p.ended:
	case <-time.After(time.Minute):
		p.t.Fatalf("the server does not end:\n%s", p.log())
	}
}

// get asks the admin listener.
func (p *process) get(path string) string {
	p.t.Helper()
	r, err := http.Get("http://" + p.admin + path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	if r.StatusCode != http.StatusOK {
		p.t.Fatalf("%s: %s %s", path, r.Status, b)
	}
	return string(b)
}

// eventually waits until a condition holds.
func (p *process) eventually(what string, holds func() bool) {
	p.t.Helper()
	for began := time.Now(); !holds(); time.Sleep(50 * ms) {
		if time.Since(began) > 40*time.Second {
			p.t.Fatalf("not within 40 s: %s\n/-/ready: %s\n%s", what, p.get("/-/ready"), p.log())
		}
	}
}

// metric reports whether /metrics has a line.
func (p *process) metric(line string) bool {
	p.t.Helper()
	for l := range strings.Lines(p.get("/metrics")) {
		if strings.TrimSpace(l) == line {
			return true
		}
	}
	return false
}
