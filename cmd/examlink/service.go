package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/kardianos/service"
)

const serviceName = "examlink"

// manager is the part of the system's service manager that we use.
type manager interface {
	Install() error
	Uninstall() error
	Start() error
	Stop() error
	Status() (service.Status, error)
}

// watchService is a watch run by the service manager.
type watchService struct {
	manager    manager
	definition string // file that the manager reads; empty if it uses none
	tokenFile  string
	out        io.Writer
}

// newWatchService returns the service for this host; args are the arguments of watch.
func newWatchService(h host, args []string, out io.Writer) (*watchService, error) {
	if err := h.check(); err != nil {
		return nil, err
	}
	c, err := h.config(args)
	if err != nil {
		return nil, err
	}
	s, err := service.New(&managed{}, c)
	if err != nil {
		return nil, fmt.Errorf("service: %w", err)
	}
	return &watchService{s, h.definition(), h.tokenFile(), out}, nil
}

func (s *watchService) installed() (bool, error) {
	var err error
	if s.definition != "" {
		_, err = os.Lstat(s.definition)
	} else {
		_, err = s.manager.Status()
	}
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, service.ErrNotInstalled) {
		return false, nil
	}
	return err == nil, err
}

// install installs and starts the service. If it fails, it leaves nothing behind.
func (s *watchService) install(token string) error {
	switch there, err := s.installed(); {
	case err != nil:
		return fmt.Errorf("service: %w", err)
	case there:
		return errors.New("service: already installed; remove it first: examlink watch --uninstall")
	}
	if err := writeSecret(s.tokenFile, token); err != nil {
		return fmt.Errorf("service: join token: %w", err)
	}
	if err := s.manager.Install(); err != nil {
		return errors.Join(fmt.Errorf("service: install: %w", err), s.clean())
	}
	if err := s.manager.Start(); err != nil {
		_ = s.manager.Uninstall() // its error would only repeat Start's
		return errors.Join(fmt.Errorf("service: start: %w", err), s.clean())
	}
	fmt.Fprintf(s.out, "Installed and started. The join token is stored in %s.\nTo see its status: examlink watch --service-status. To remove it: examlink watch --uninstall.\n", s.tokenFile)
	return nil
}

// uninstall stops and removes the service and its files.
func (s *watchService) uninstall() error {
	switch there, err := s.installed(); {
	case err != nil:
		return fmt.Errorf("service: %w", err)
	case !there:
		return errors.Join(errors.New("service: not installed"), s.clean())
	}
	_ = s.manager.Stop() // it may not be running
	err := s.manager.Uninstall()
	if err != nil {
		err = fmt.Errorf("service: uninstall: %w", err)
		if s.definition == "" {
			return err // the service still exists and needs its token
		}
	}
	if err := errors.Join(err, s.clean()); err != nil {
		return err
	}
	fmt.Fprintln(s.out, "Removed the service and its join token.")
	return nil
}

// status prints the state of the service on one line.
func (s *watchService) status() error {
	there, err := s.installed()
	if err != nil {
		return fmt.Errorf("service: %w", err)
	}
	if !there {
		fmt.Fprintln(s.out, "not installed")
		return nil
	}
	switch is, err := s.manager.Status(); {
	case is == service.StatusRunning:
		fmt.Fprintln(s.out, "running")
	case err != nil:
		fmt.Fprintf(s.out, "installed, not running: %v\n", err)
	default:
		fmt.Fprintln(s.out, "installed, not running")
	}
	return nil
}

// clean removes the files of a service that is not installed or has been removed.
func (s *watchService) clean() error {
	var errs []error
	for _, name := range []string{s.tokenFile, s.definition} {
		if name == "" {
			continue
		}
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, fmt.Errorf("service: %w", err))
		}
	}
	return errors.Join(errs...)
}

// writeSecret atomically writes a file that only its owner can read.
func writeSecret(name, text string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".service-token-*") // with mode 0600
	if err != nil {
		return err
	}
	_, err = f.WriteString(text + "\n")
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
