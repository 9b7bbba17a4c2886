package main

import (
	"errors"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

func TestServiceHosts(t *testing.T) {
	good := map[string]host{
		"linux":   {goos: "linux", platform: "linux-systemd", program: "/home/u/bin/examlink", temp: []string{"/tmp"}},
		"darwin":  {goos: "darwin", platform: "darwin-launchd", program: "/usr/local/bin/examlink", temp: []string{"/private/tmp/"}},
		"windows": {goos: "windows", platform: "windows-service", program: `C:\program files\examlink\examlink.exe`, programFiles: `C:\Program Files`},
	}
	for name, h := range good {
		if err := errors.Join(h.check(), h.checkProgram()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, c := range []struct {
		name, of, want string
		change         func(*host)
	}{
		{"another init", "linux", "expected systemd; run examlink watch in a terminal", func(h *host) { h.platform = "linux-openrc" }},
		{"another system", "linux", "unsupported service manager", func(h *host) { h.goos, h.platform = "freebsd", "freebsd" }},
		{"sudo", "darwin", "without sudo", func(h *host) { h.sudo = true }},
		{"go run", "linux", "temporary directory", func(h *host) { h.program = "/tmp/go-build1/examlink" }},
		{"downloads", "windows", `expected it below C:\Program Files`, func(h *host) { h.program = `C:\Users\u\Downloads\examlink.exe` }},
		{"a name that begins alike", "windows", "expected it below", func(h *host) { h.program = `C:\Program Files of mine\examlink.exe` }},
		{"out of it again", "windows", "expected it below", func(h *host) { h.program = `C:\Program Files\..\Users\u\examlink.exe` }},
		{"no Program Files", "windows", "expected it below", func(h *host) { h.programFiles = "" }},
	} {
		if c.name == "go run" && runtime.GOOS == "windows" {
			continue // paths are this system's
		}
		h := good[c.of]
		c.change(&h)
		if err := errors.Join(h.check(), h.checkProgram()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// The token appears in no command line and in no definition.
func TestServiceConfig(t *testing.T) {
	h := host{goos: "linux", home: "/home/u", configDir: "/home/u/.config", program: "/opt/examlink"}
	c, err := h.config([]string{"--config=/home/u/exam/config.yaml", "--policy=our exam"})
	if err != nil {
		t.Fatal(err)
	}
	token := "@" + filepath.Join("/home/u/.config", "examlink", "service-token")
	if want := []string{"watch", "--config=/home/u/exam/config.yaml", "--policy=our exam", token}; !reflect.DeepEqual(c.Arguments, want) {
		t.Errorf("arguments %q, want %q", c.Arguments, want)
	}
	if c.Name != "examlink" || c.Executable != "/opt/examlink" || c.Option["UserService"] != true || len(c.EnvVars) > 0 || c.UserName != "" {
		t.Errorf("%+v", c)
	}
	for _, definition := range []string{"SystemdScript", "LaunchdConfig"} {
		if text, _ := c.Option[definition].(string); !strings.Contains(text, token) || !strings.Contains(text, "our exam") {
			t.Errorf("%s:\n%s", definition, text)
		}
	}
	if _, err := h.config([]string{"--policy=a\nExecStartPre=/bin/sh"}); err == nil || !strings.Contains(err.Error(), "line break") {
		t.Errorf("a line break: %v", err)
	}
}
