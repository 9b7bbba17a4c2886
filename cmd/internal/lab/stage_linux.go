package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"examlink/cmd/internal/lab/emulator"
	"examlink/probe/netsim"
)

// Chosen by us.
const (
	stopLimit  = 10 * time.Second // a program that was told to end is waited for
	waitSample = 500 * time.Millisecond
)

// The student's computer stands behind a router, which stands at the link.
const (
	homeNetwork   = "192.168.78.0/24"
	homeAddress   = "192.168.78.2"
	movedTo       = "192.168.78.3" // its other address
	routerAddress = "192.168.78.1"
)

// stage is one watch on one emulated link: an emulator, a server, a router and
// a client of its own, so that several go on at once.
type stage struct {
	ctx  context.Context
	dir  string // where the programs are
	home string // of this watch: keys, record, what the programs say
	host string // the namespace of the student's computer; the emulator's is the router's

	token          string
	server, client *exec.Cmd
	files          []*os.File

	mu       sync.Mutex // one question to the emulator at a time
	e        *hosts
	up, down netsim.Params // in force
	base     [2]netsim.Params
	waits    []wait
}

// wait is the longest time that packets spent in the queues in a short while.
type wait struct {
	at       time.Time
	up, down time.Duration
}

// newStage makes a stage with a link. n tells the stages of one lab apart.
func newStage(ctx context.Context, dir string, n int, up, down netsim.Params) (s *stage, err error) {
	s = &stage{ctx: ctx, dir: dir, home: filepath.Join(dir, "stage"+strconv.Itoa(n)), up: up, down: down, base: [2]netsim.Params{up, down}}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if err := os.MkdirAll(s.home, 0o700); err != nil {
		return s, err
	}
	if s.e, err = newHosts(n); err != nil {
		return s, err
	}
	if err := s.e.Set(ctx, up, down, uint64(n)); err != nil {
		return s, err
	}
	s.host = fmt.Sprintf("lab-h%d-%d", os.Getpid(), n)
	if err := s.connect(); err != nil {
		return s, err
	}
	return s, s.serve()
}

// connect puts the student's computer behind the router.
func (s *stage) connect() error {
	if err := addHost(s.host); err != nil {
		return err
	}
	router := s.e.student
	for _, line := range []string{
		"ip link add lan0 netns " + s.host + " type veth peer name lan0 netns " + router,
		"ip -n " + s.host + " addr add " + homeAddress + "/24 dev lan0",
		"ip -n " + router + " addr add " + routerAddress + "/24 dev lan0",
		"ip -n " + s.host + " link set lan0 up",
		"ip -n " + router + " link set lan0 up",
		"ip -n " + s.host + " route add default via " + routerAddress,
		"ip netns exec " + router + " sysctl -q -w net.ipv4.ip_forward=1",
		"ip -n " + s.e.far + " route add " + homeNetwork + " dev " + emulator.Device,
	} {
		if err := run("%s", line); err != nil {
			return err
		}
	}
	return nil
}

// start starts a program on a host; what it says goes to a file.
func (s *stage) start(ns, as string, env []string, words ...string) (*exec.Cmd, error) {
	f, err := os.OpenFile(filepath.Join(s.home, as+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	s.files = append(s.files, f)
	c := exec.CommandContext(s.ctx, "ip", append([]string{"netns", "exec", ns}, words...)...)
	c.Dir = s.home // away from any config.yaml
	c.Env = append(append(os.Environ(), "HOME="+s.home, "XDG_CONFIG_HOME="+s.home), env...)
	c.Stdout, c.Stderr = f, f
	return c, c.Start()
}

// serve starts the server, and the first time issues a join token of an exam
// that is on.
func (s *stage) serve() (err error) {
	address, data := farAddress+":"+strconv.Itoa(serverPort), filepath.Join(s.home, "data")
	s.server, err = s.start(s.e.far, "server", nil, filepath.Join(s.dir, "examlink-server"), "serve",
		"--listen", address, "--data-dir", data, "--admin-listen", "127.0.0.1:9481")
	if err != nil || s.token != "" {
		return err
	}
	time.Sleep(serverStart)
	const layout = "2006-01-02T15:04:05Z07:00"
	now := time.Now()
	out, err := exec.CommandContext(s.ctx, filepath.Join(s.dir, "examlink-server"), "token", "--data-dir", data, "--exam", "lab", "--student", "s",
		"--server", address, "--start", now.Add(-time.Hour).Format(layout), "--end", now.Add(12*time.Hour).Format(layout)).Output()
	if err != nil {
		return fmt.Errorf("token: %w", err)
	}
	s.token = strings.TrimSpace(string(out))
	return nil
}

// watch starts the client; program is the name it was built under.
func (s *stage) watch(program string) (err error) {
	s.client, err = s.start(s.host, "client", []string{clockFileVariable + "=" + s.clockFile()},
		filepath.Join(s.dir, program), "watch", "--record", s.record(), "--metrics-listen", "", "--notify", "off", s.token)
	return err
}

func (s *stage) record() string    { return filepath.Join(s.home, "record.jsonl") }
func (s *stage) clockFile() string { return filepath.Join(s.home, "clock") }

// change changes the link from what it is at its best.
func (s *stage) change(up, down func(*netsim.Params), standing time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.up, s.down = s.base[0], s.base[1]
	up(&s.up)
	down(&s.down)
	return s.e.Change(s.up, s.down, standing)
}

// both changes both directions alike.
func (s *stage) both(change func(*netsim.Params)) error { return s.change(change, change, 0) }

// mend makes the link what it was.
func (s *stage) mend() error { return s.both(func(*netsim.Params) {}) }

// truth asks the emulator, for all but single probes.
func (s *stage) truth() (emulator.State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.e.State()
}

// sample keeps asking for the longest waits until ctx ends.
func (s *stage) sample(ctx context.Context) {
	tick := time.NewTicker(waitSample)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if t, err := s.truth(); err == nil {
			s.waits = append(s.waits, wait{time.Now(), t.Up.Wait, t.Down.Wait})
		}
	}
}

// longest is the longest wait in the queues between two moments, a sample more
// at the end.
func (s *stage) longest(from, to time.Time) (d time.Duration) {
	for _, w := range s.waits {
		if !w.at.Before(from) && w.at.Before(to.Add(waitSample)) {
			d = max(d, w.up, w.down)
		}
	}
	return d
}

// sleep waits, or returns the error of the lab's end.
func (s *stage) sleep(d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
}

// kill kills the server.
func (s *stage) kill() error {
	err := s.server.Process.Kill()
	_ = s.server.Wait()
	s.server = nil
	return err
}

// cost is what a client took of this computer.
type cost struct {
	CPU    time.Duration
	Memory int64 // most resident, bytes
}

// stop ends the watch as Ctrl-C does.
func (s *stage) stop() (c cost, err error) {
	if s.client == nil {
		return c, errors.New("there is no client")
	}
	p := s.client
	s.client = nil
	err = end(p, syscall.SIGINT)
	if p.ProcessState != nil {
		c.CPU = p.ProcessState.SystemTime() + p.ProcessState.UserTime()
		if u, ok := p.ProcessState.SysUsage().(*syscall.Rusage); ok {
			c.Memory = u.Maxrss * 1024
		}
	}
	if err != nil {
		return c, fmt.Errorf("client: %w", err)
	}
	return c, nil
}

// end tells a process to end, and waits.
func end(c *exec.Cmd, sig syscall.Signal) error {
	_ = c.Process.Signal(sig)
	t := time.AfterFunc(stopLimit, func() { _ = c.Process.Kill() })
	defer t.Stop()
	return c.Wait()
}

// close ends everything and removes what the stage made.
func (s *stage) close() {
	if s.client != nil {
		_ = unix.Kill(s.client.Process.Pid, unix.SIGCONT)
		_ = end(s.client, syscall.SIGTERM)
	}
	if s.server != nil {
		_ = end(s.server, syscall.SIGTERM)
	}
	if s.host != "" {
		removeHost(s.host)
	}
	if s.e != nil {
		s.e.close()
	}
	for _, f := range s.files {
		_ = f.Close()
	}
}
