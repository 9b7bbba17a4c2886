//go:build unix

package storetest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// Chosen by us.
const (
	postgresStarts = time.Minute
	postgresAsk    = 50 * time.Millisecond
)

// Postgres is a PostgreSQL server of a test, on a socket in a directory of its own.
type Postgres struct {
	t       testing.TB
	bin     string // directory of its programs
	dir     string
	account *syscall.Credential // nil: ours
	made    atomic.Int32        // databases
	args    []string            // of the server
	server  *exec.Cmd           // nil: stopped
	log     *bytes.Buffer
}

// StartPostgres starts a server that runs until the test ends. Without PostgreSQL
// the test is skipped, or fails where CI is set; short tests do without it, since
// it takes a second to start. PostgreSQL refuses to run as root:
// then an account without rights runs it. Settings are as of its -c option, such as
// fsync=off.
func StartPostgres(t testing.TB, settings ...string) *Postgres {
	t.Helper()
	if testing.Short() {
		t.Skip("short tests start no PostgreSQL")
	}
	p := &Postgres{t: t, bin: postgresBin(t)}
	var err error
	if p.dir, err = os.MkdirTemp("", "examlink-postgres-"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(p.dir) })
	if os.Getuid() == 0 {
		p.account = unprivileged(t)
		if err := os.Chown(p.dir, int(p.account.Uid), int(p.account.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	data := filepath.Join(p.dir, "data")
	p.run("initdb", "-D", data, "-U", "examlink", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
	args := []string{"-D", data, "-k", p.dir, "-c", "listen_addresses="}
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	p.args, p.log = args, &bytes.Buffer{}
	p.Start()
	t.Cleanup(func() {
		p.Stop()
		if t.Failed() {
			t.Logf("PostgreSQL:\n%s", p.log.Bytes())
		}
	})
	return p
}

// Start starts the server again after Stop.
func (p *Postgres) Start() {
	p.t.Helper()
	server := p.command("postgres", p.args...)
	server.Stdout, server.Stderr = p.log, p.log
	if err := server.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.server = server
	for began := time.Now(); p.command("pg_isready", "-q", "-h", p.dir, "-U", "examlink").Run() != nil; time.Sleep(postgresAsk) {
		if time.Since(began) > postgresStarts {
			p.t.Fatal("PostgreSQL does not start")
		}
	}
}

// Stop stops the server at once, as when its machine dies.
func (p *Postgres) Stop() {
	if p.server == nil {
		return
	}
	p.Thaw()
	_ = p.server.Process.Signal(syscall.SIGQUIT)
	_ = p.server.Wait()
	p.server = nil
}

// Freeze makes the server hang: it accepts connections and answers nothing, until Thaw.
func (p *Postgres) Freeze() { p.signal(syscall.SIGSTOP) }

// Thaw ends Freeze.
func (p *Postgres) Thaw() { p.signal(syscall.SIGCONT) }

// signal sends a signal to the server and its processes, the server first: each of them
// has a group of its own.
func (p *Postgres) signal(s syscall.Signal) {
	_ = p.server.Process.Signal(s)
	out, _ := exec.Command("ps", "-o", "pid=", "--ppid", strconv.Itoa(p.server.Process.Pid)).Output()
	for _, word := range strings.Fields(string(out)) {
		if pid, err := strconv.Atoi(word); err == nil {
			_ = syscall.Kill(pid, s)
		}
	}
}

// Database makes an empty database and returns its URL. It is ordered by words
// unless a column says otherwise.
func (p *Postgres) Database() string {
	p.t.Helper()
	name := fmt.Sprintf("test%d", p.made.Add(1))
	p.run("createdb", "-h", p.dir, "-U", "examlink", "-T", "template0", "-E", "UTF8", "--locale-provider=icu", "--icu-locale=en", "--locale=C", name)
	return fmt.Sprintf("postgres://examlink@/%s?host=%s", name, p.dir)
}

// Dir is the directory of its socket.
func (p *Postgres) Dir() string { return p.dir }

// Run runs one of PostgreSQL's programs and returns what it prints.
func (p *Postgres) Run(name string, args ...string) string {
	p.t.Helper()
	return p.run(name, args...)
}

func (p *Postgres) run(name string, args ...string) string {
	p.t.Helper()
	out, err := p.command(name, args...).CombinedOutput()
	if err != nil {
		p.t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

func (p *Postgres) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(p.bin, name), args...)
	c.Dir = p.dir
	if p.account != nil {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: p.account}
	}
	return c
}

// postgresBin finds the programs: Debian keeps them beside the PATH.
func postgresBin(t testing.TB) string {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	slices.SortFunc(found, func(a, b string) int { return len(a) - len(b) })
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			found = append(found, path)
		}
	}
	for _, f := range slices.Backward(found) {
		dir := filepath.Dir(f)
		if _, err := os.Stat(filepath.Join(dir, "postgres")); err == nil {
			return dir
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatal("PostgreSQL is not installed")
	}
	t.Skip("PostgreSQL is not installed")
	return ""
}

// unprivileged is an account that root can run PostgreSQL as.
func unprivileged(t testing.TB) *syscall.Credential {
	t.Helper()
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err == nil && err2 == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		}
	}
	t.Fatal("no account to run PostgreSQL as: expected postgres or nobody")
	return nil
}
