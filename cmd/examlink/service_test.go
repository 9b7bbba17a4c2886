package main

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/kardianos/service"
)

// fakeManager stands for the system's service manager.
type fakeManager struct {
	definition string // written by Install; empty as on Windows
	there, on  bool
	calls      []string
	fail       map[string]error
}

func (m *fakeManager) call(name string) error {
	m.calls = append(m.calls, name)
	return m.fail[name]
}

func (m *fakeManager) Install() error {
	if m.definition != "" {
		_ = os.MkdirAll(filepath.Dir(m.definition), 0o700)
		_ = os.WriteFile(m.definition, []byte("definition"), 0o600)
	}
	err := m.call("install")
	m.there = err == nil
	return err
}

func (m *fakeManager) Uninstall() error {
	if err := m.call("uninstall"); err != nil {
		return err
	}
	m.there = false
	if m.definition != "" {
		return os.Remove(m.definition)
	}
	return nil
}

func (m *fakeManager) Start() error {
	err := m.call("start")
	m.on = err == nil
	return err
}

func (m *fakeManager) Stop() error {
	m.on = false
	return m.call("stop")
}

func (m *fakeManager) Status() (service.Status, error) {
	switch {
	case m.fail["status"] != nil:
		return service.StatusUnknown, m.fail["status"]
	case !m.there:
		return service.StatusUnknown, service.ErrNotInstalled
	case m.on:
		return service.StatusRunning, nil
	}
	return service.StatusStopped, nil
}

// fake makes a service in its own directory, as on systemd and launchd or as on
// Windows.
func fake(t *testing.T, run func(*testing.T, *watchService, *fakeManager, *strings.Builder)) {
	for name, definition := range map[string]string{"with a file": "units/examlink.service", "without": ""} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if definition != "" {
				definition = filepath.Join(dir, filepath.FromSlash(definition))
			}
			m := &fakeManager{definition: definition, fail: map[string]error{}}
			var out strings.Builder
			run(t, &watchService{m, definition, filepath.Join(dir, "examlink", "service-token"), &out}, m, &out)
		})
	}
}

// files lists what is left of a service.
func files(s *watchService) (out []string) {
	for _, name := range []string{s.tokenFile, s.definition} {
		if _, err := os.Lstat(name); name != "" && err == nil {
			out = append(out, filepath.Base(name))
		}
	}
	rest, _ := filepath.Glob(filepath.Join(filepath.Dir(s.tokenFile), ".service-token-*"))
	return append(out, rest...)
}

func TestServiceComesAndGoes(t *testing.T) {
	fake(t, func(t *testing.T, s *watchService, m *fakeManager, out *strings.Builder) {
		said := func(want string) {
			t.Helper()
			out.Reset()
			if err := s.status(); err != nil || !strings.HasPrefix(out.String(), want) {
				t.Errorf("status %q, %v, want %q", out, err, want)
			}
		}
		said("not installed\n")
		if err := s.install("a.b.c"); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), s.tokenFile) {
			t.Errorf("where the token is kept is not said: %q", out)
		}
		said("running\n")
		if b, err := os.ReadFile(s.tokenFile); err != nil || string(b) != "a.b.c\n" {
			t.Errorf("the token's file has %q, %v", b, err)
		}
		if back, err := tokenText("@"+s.tokenFile, nil, nil); err != nil || back != "a.b.c" {
			t.Errorf("the program reads %q, %v", back, err)
		}
		if runtime.GOOS != "windows" { // where the profile's rights decide
			for name, want := range map[string]os.FileMode{s.tokenFile: 0o600, filepath.Dir(s.tokenFile): 0o700} {
				if i, err := os.Stat(name); err != nil || i.Mode().Perm() != want {
					t.Errorf("%s has mode %v, %v, want %v", name, i.Mode(), err, want)
				}
			}
		}

		// A second installation is refused, and the first one keeps its token.
		err := s.install("d.e.f")
		if err == nil || !strings.Contains(err.Error(), "already installed; remove it first: examlink watch --uninstall") {
			t.Errorf("installed twice: %v", err)
		}
		if b, _ := os.ReadFile(s.tokenFile); string(b) != "a.b.c\n" {
			t.Errorf("the token became %q", b)
		}
		m.on = false
		said("installed, not running\n")

		if err := s.uninstall(); err != nil {
			t.Fatal(err)
		}
		said("not installed\n")
		if left := files(s); left != nil {
			t.Errorf("left behind: %q", left)
		}
		if want := []string{"install", "start", "stop", "uninstall"}; !reflect.DeepEqual(m.calls, want) {
			t.Errorf("the manager was asked to %q, want %q", m.calls, want)
		}
		if err := s.uninstall(); err == nil || !strings.Contains(err.Error(), "not installed") {
			t.Errorf("removed twice: %v", err)
		}
	})
}

func TestServiceThatCannotBeInstalledLeavesNothing(t *testing.T) {
	for _, step := range []string{"install", "start"} {
		fake(t, func(t *testing.T, s *watchService, m *fakeManager, out *strings.Builder) {
			m.fail[step] = errors.New("no bus")
			if step == "start" {
				m.fail["uninstall"] = errors.New("no bus")
			}
			if err := s.install("a.b.c"); err == nil || !strings.Contains(err.Error(), "service: "+step+": no bus") {
				t.Errorf("%s: %v", step, err)
			}
			if left := files(s); left != nil || out.Len() > 0 {
				t.Errorf("%s: left behind: %q, said %q", step, left, out)
			}
		})
	}
}

func TestServiceThatCannotBeRemoved(t *testing.T) {
	fake(t, func(t *testing.T, s *watchService, m *fakeManager, _ *strings.Builder) {
		if err := s.install("a.b.c"); err != nil {
			t.Fatal(err)
		}
		m.fail["uninstall"], m.fail["stop"] = errors.New("no bus"), errors.New("no bus")
		if err := s.uninstall(); err == nil || !strings.Contains(err.Error(), "uninstall: no bus") {
			t.Errorf("%v", err)
		}
		// Without its file the service is gone; Windows keeps it and its token.
		if left := files(s); len(left) > 0 != (s.definition == "") {
			t.Errorf("left behind: %q", left)
		}
	})
}

func TestServiceManagerThatCannotBeAsked(t *testing.T) {
	fake(t, func(t *testing.T, s *watchService, m *fakeManager, out *strings.Builder) {
		if s.definition != "" {
			if err := s.install("a.b.c"); err != nil {
				t.Fatal(err)
			}
			m.fail["status"] = service.ErrNotInstalled // the library's error without a D-Bus
			out.Reset()
			if err := s.status(); err != nil || !strings.HasPrefix(out.String(), "installed, not running: ") {
				t.Errorf("%q, %v", out, err)
			}
			return
		}
		m.fail["status"] = errors.New("access denied")
		if err := s.install("a.b.c"); err == nil || !strings.Contains(err.Error(), "access denied") || len(m.calls) > 0 {
			t.Errorf("%v, and then %q", err, m.calls)
		}
	})
}
