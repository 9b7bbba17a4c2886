package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/kardianos/service"
)

// host is what a service depends on of the system it is installed on.
type host struct {
	goos, platform  string
	home, configDir string
	program         string // this program's file
	temp            []string
	programFiles    string // Windows
	sudo            bool
}

func thisHost() (h host, err error) {
	h = host{
		goos: runtime.GOOS, platform: service.Platform(), temp: []string{os.TempDir(), "/tmp", "/var/tmp", "/private/tmp"},
		programFiles: os.Getenv("ProgramFiles"), sudo: os.Geteuid() == 0 && os.Getenv("SUDO_USER") != "",
	}
	if h.home, err = os.UserHomeDir(); err != nil {
		return h, fmt.Errorf("service: %w", err)
	}
	if h.configDir, err = os.UserConfigDir(); err != nil {
		return h, fmt.Errorf("service: %w", err)
	}
	if h.program, err = os.Executable(); err != nil {
		return h, fmt.Errorf("service: %w", err)
	}
	return h, nil
}

// tokenFile holds the join token, which must not be on a command line: those
// are there for every user to read.
func (h host) tokenFile() string { return filepath.Join(h.configDir, "examlink", "service-token") }

// definition is the file the service manager reads.
func (h host) definition() string {
	switch h.goos {
	case "linux":
		return filepath.Join(h.home, ".config", "systemd", "user", serviceName+".service")
	case "darwin":
		return filepath.Join(h.home, "Library", "LaunchAgents", serviceName+".plist")
	}
	return ""
}

// check says why this host cannot have the service.
func (h host) check() error {
	switch {
	case h.goos == "linux" && h.platform != "linux-systemd", h.goos != "linux" && h.goos != "darwin" && h.goos != "windows":
		return fmt.Errorf("service: unsupported service manager %q, expected systemd; run examlink watch in a terminal instead", h.platform)
	case h.sudo:
		return errors.New("service: run with sudo, expected your own account; run the same command without sudo")
	}
	return nil
}

// checkProgram says why this program's file is no good for a service.
func (h host) checkProgram() error {
	for _, dir := range h.temp {
		if strings.HasPrefix(h.program, strings.TrimRight(dir, `/\`)+string(filepath.Separator)) {
			return fmt.Errorf("service: %s is in a temporary directory, expected a permanent one; move the program first", h.program)
		}
	}
	low := strings.ToLower(h.program)
	if h.goos == "windows" && (h.programFiles == "" || !strings.HasPrefix(low, strings.ToLower(h.programFiles)+`\`) || strings.Contains(low, "..")) {
		// Who may replace the file may do what the service may: everything.
		return fmt.Errorf(`service: the program is %s, expected it below %s, where only administrators can change it; move the program first`, h.program, h.programFiles)
	}
	return nil
}

// config describes the service to the library.
func (h host) config(args []string) (*service.Config, error) {
	for _, s := range append([]string{h.program}, args...) {
		if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' }) {
			return nil, fmt.Errorf("service: %q contains a line break or another control character, expected none", s)
		}
	}
	args = append(append([]string{"watch"}, args...), "@"+h.tokenFile())
	unit, err := systemdUnit(h.program, args)
	if err != nil {
		return nil, err
	}
	agent, err := launchdAgent(h.program, args, filepath.Join(h.home, "Library", "Logs", serviceName+".log"))
	if err != nil {
		return nil, err
	}
	return &service.Config{
		Name: serviceName, DisplayName: serviceName, Description: serviceTitle, Executable: h.program, Arguments: args,
		Option: service.KeyValue{
			"UserService": true, "SystemdScript": unit, "LaunchdConfig": agent,
			// Windows has services of the machine only.
			"OnFailure": "restart", "OnFailureDelayDuration": fmt.Sprintf("%ds", restartAfter), "OnFailureResetPeriod": restartSpan,
		},
	}, nil
}
