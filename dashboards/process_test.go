package dashboards_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience limits how long tests wait for a program to start or to act.
const patience = 2 * time.Minute

// output collects the output of a program.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// serve starts a program on a free loopback port, which replaces ADDRESS in its
// arguments, and stops it at the end of the test. It returns the program's URL
// once path answers. If another process took the port meanwhile, serve tries
// another one.
func serve(t *testing.T, path, program string, args ...string) string {
	t.Helper()
	var said string
	for range 3 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		address := l.Addr().String()
		_ = l.Close()
		var own []string
		for _, a := range args {
			own = append(own, strings.ReplaceAll(a, "ADDRESS", address))
		}
		out := &output{}
		c := exec.Command(program, own...)
		c.Stdout, c.Stderr = out, out
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() {
			_ = c.Wait()
			close(ended)
		}()
		stop := func() {
			_ = c.Process.Signal(syscall.SIGTERM)
			select {
			case <-ended:
			case <-time.After(patience):
				_ = c.Process.Kill()
				<-ended
			}
		}
		if answers(ended, "http://"+address+path) {
			t.Cleanup(stop)
			return "http://" + address
		}
		stop()
		said = out.String()
	}
	t.Fatalf("%s does not answer:\n%s", program, said)
	return ""
}

// answers waits until a page answers; false if the program ends first, or time
// runs out.
func answers(ended <-chan struct{}, page string) bool {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if r, err := http.Get(page); err == nil {
			_ = r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return true
			}
		}
		select {
		case <-ended:
			return false
		case <-time.After(50 * time.Millisecond):
		}
	}
	return false
}

// getJSON decodes a page as T.
func getJSON[T any](t *testing.T, page string, query url.Values) T {
	t.Helper()
	r, err := http.PostForm(page, query) // expressions can be too long for URLs
	if query == nil {
		r, err = http.Get(page)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	data, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	var out T
	if r.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s: %s\n%v", page, r.Status, data, query)
	}
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(fmt.Errorf("%s: %w", page, err))
	}
	return out
}
