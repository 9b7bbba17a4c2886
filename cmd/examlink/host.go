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

// host describes the system that the service is installed on.
type host struct {
	goos, platform  string
	home, configDir string
	program         string // path of this program
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

// tokenFile returns the path of the file with the join token. The token must not
// be on the command line, which every user can read.
func (h host) tokenFile() string { return filepath.Join(h.configDir, "examlink", "service-token") }

// definition returns the path of the file that the service manager reads; empty
// if there is none.
func (h host) definition() string {
	switch h.goos {
	case "linux":
		return filepath.Join(h.home, ".config", "systemd", "user", serviceName+".service")
	case "darwin":
		return filepath.Join(h.home, "Library", "LaunchAgents", serviceName+".plist")
	}
	return ""
}

// check returns an error if the service cannot run on this host.
func (h host) check() error {
	switch {
	case h.goos == "linux" && h.platform != "linux-systemd", h.goos != "linux" && h.goos != "darwin" && h.goos != "windows":
		return fmt.Errorf("service: unsupported service manager %q, expected systemd; run examlink watch in a terminal instead", h.platform)
	case h.sudo:
		return errors.New("service: run with sudo, expected your own account; run the same command without sudo")
	}
	return nil
}

// checkProgram returns an error if a service must not run this program's file.
func (h host) checkProgram() error {
	for _, dir := range h.temp {
		if strings.HasPrefix(h.program, strings.TrimRight(dir, `/\`)+string(filepath.Separator)) {
			return fmt.Errorf("service: %s is in a temporary directory, expected a permanent one; move the program first", h.program)
		}
	}
	low := strings.ToLower(h.program)
	if h.goos == "windows" && (h.programFiles == "" || !strings.HasPrefix(low, strings.ToLower(h.programFiles)+`\`) || strings.Contains(low, "..")) {
		// Anyone who can replace the file gets the service's rights, which are
		// unlimited.
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
			// On Windows, services belong to the whole machine.
			"OnFailure": "restart", "OnFailureDelayDuration": fmt.Sprintf("%ds", restartAfter), "OnFailureResetPeriod": restartSpan,
		},
	}, nil
}
