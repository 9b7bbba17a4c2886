//go:build linux

package stage

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"examlink/cmd/internal/lab/emulator"
	"examlink/probe/netsim"
)

// The student's computer is behind a router, which is at the near end of the
// link.
const (
	lan            = "192.168.78.0/24"
	RouterAddress  = "192.168.78.1"
	StudentAddress = "192.168.78.2"
	MovedAddress   = "192.168.78.3" // another address of the student's computer
)

// stopLimit is how long a program may take to end after a signal. Chosen by us.
const stopLimit = 10 * time.Second

// Testbed is a client, a server and an emulated link between them, separate from
// every other testbed, so that several can run at once. Its methods are not
// safe for concurrent use.
type Testbed struct {
	Dir                  string    // of this testbed: keys, record, logs
	Student, Router, Far Namespace // the server runs on the far one

	ctx            context.Context
	programs       Programs
	base           [2]netsim.Params // of the link while nothing is wrong with it, up and down
	token          string
	server, client *exec.Cmd
	logs           []*os.File
	waits          []QueueWait

	mu    sync.Mutex // one request to the emulator at a time
	hosts *Hosts
}

// NewTestbed makes a testbed whose server runs. n tells the testbeds of one lab
// apart. Its programs end with ctx.
func NewTestbed(ctx context.Context, programs Programs, n int, up, down netsim.Params) (*Testbed, error) {
	t := &Testbed{
		Dir: programs.Path("testbed" + strconv.Itoa(n)),
		ctx: ctx, programs: programs, base: [2]netsim.Params{up, down},
	}
	if err := t.setUp(n); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

func (t *Testbed) setUp(n int) (err error) {
	if err := os.MkdirAll(t.Dir, 0o700); err != nil {
		return err
	}
	if t.hosts, err = NewHosts(n); err != nil {
		return err
	}
	t.Router, t.Far = t.hosts.Near, t.hosts.Far
	if err := t.hosts.Set(t.ctx, t.base[0], t.base[1], uint64(n)); err != nil {
		return err
	}
	if t.Student, err = AddNamespace(fmt.Sprintf("lab-student-%d-%d", os.Getpid(), n)); err != nil {
		return err
	}
	if err := t.connect(); err != nil {
		return err
	}
	return t.StartServer()
}

// connect puts the student's computer behind the router.
func (t *Testbed) connect() error {
	for _, x := range []struct {
		on   Namespace
		line string
	}{
		{"", fmt.Sprintf("link add lan0 netns %s type veth peer name lan0 netns %s", t.Student, t.Router)},
		{t.Student, "addr add " + StudentAddress + "/24 dev lan0"},
		{t.Router, "addr add " + RouterAddress + "/24 dev lan0"},
		{t.Student, "link set lan0 up"},
		{t.Router, "link set lan0 up"},
		{t.Student, "route add default via " + RouterAddress},
		{t.Far, "route add " + lan + " dev " + emulator.Device},
	} {
		if err := x.on.IP("%s", x.line); err != nil {
			return err
		}
	}
	return t.Router.Run("sysctl -q -w net.ipv4.ip_forward=1")
}

// Close ends everything and removes what the testbed made outside its folder.
func (t *Testbed) Close() {
	if t.client != nil {
		_ = t.client.Process.Signal(unix.SIGCONT)
		_ = End(t.client, syscall.SIGTERM, stopLimit)
	}
	if t.server != nil {
		_ = End(t.server, syscall.SIGTERM, stopLimit)
	}
	t.Student.Remove()
	if t.hosts != nil {
		t.hosts.Close()
	}
	for _, f := range t.logs {
		_ = f.Close()
	}
}

// Sleep waits. It returns an error when the lab ends first.
func (t *Testbed) Sleep(d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-t.ctx.Done():
		return t.ctx.Err()
	}
}

// start starts a program in the testbed's folder, which contains no config.yaml.
// What it prints goes to a log of that name.
func (t *Testbed) start(c *exec.Cmd, log string, env ...string) error {
	f, err := os.OpenFile(filepath.Join(t.Dir, log+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	t.logs = append(t.logs, f)
	c.Dir = t.Dir
	c.Env = append(append(os.Environ(), "HOME="+t.Dir, "XDG_CONFIG_HOME="+t.Dir), env...)
	c.Stdout, c.Stderr = f, f
	return c.Start()
}
