//go:build linux

package stage

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// ServerPort is the UDP port of examlink-server in a namespace of the lab.
const ServerPort = 8443

// Chosen by us.
const (
	ServerStart = time.Second // what a new server is given until it listens

	openBefore = time.Hour // the exam of a testbed's token begins so long before now
	openAfter  = 12 * time.Hour
)

// Server says how examlink-server runs.
type Server struct {
	Programs  Programs
	Namespace Namespace
	Listen    string // address and port
	Admin     string // address and port of its admin listener
	Data      string // folder of its data
}

// Command returns the server, ready to start. Its working directory contains no
// config.yaml.
func (s Server) Command(ctx context.Context) *exec.Cmd {
	c := s.Namespace.Command(ctx, s.Programs.Path(server), "serve", "--listen", s.Listen, "--data-dir", s.Data, "--admin-listen", s.Admin)
	c.Dir = string(s.Programs)
	return c
}

// Token issues a join token for a student of an exam. The server must have
// started once; more are further arguments of the token command.
func (s Server) Token(ctx context.Context, exam string, more ...string) (string, error) {
	words := append([]string{"token", "--data-dir", s.Data, "--exam", exam, "--student", "s", "--server", s.Listen}, more...)
	out, err := exec.CommandContext(ctx, s.Programs.Path(server), words...).Output()
	if err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// StartServer starts the server, again after KillServer. The first time it
// waits for the server and issues the client's join token.
func (t *Testbed) StartServer() error {
	s := Server{
		Programs: t.programs, Namespace: t.Far, Listen: net.JoinHostPort(FarAddress, strconv.Itoa(ServerPort)),
		Admin: "127.0.0.1:9481", Data: filepath.Join(t.Dir, "data"),
	}
	c := s.Command(t.ctx)
	if err := t.start(c, "server"); err != nil {
		return err
	}
	t.server = c
	if t.token != "" {
		return nil
	}
	time.Sleep(ServerStart)
	now := time.Now()
	token, err := s.Token(t.ctx, "lab", "--start", now.Add(-openBefore).Format(time.RFC3339), "--end", now.Add(openAfter).Format(time.RFC3339))
	t.token = token
	return err
}

// KillServer kills the server without warning.
func (t *Testbed) KillServer() error {
	err := t.server.Process.Kill()
	_ = t.server.Wait()
	t.server = nil
	return err
}
