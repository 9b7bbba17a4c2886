package main

import (
	"context"
	"fmt"
	"os"
	"runtime"

	"github.com/kardianos/service"
)

// underManager runs the program. systemd and launchd stop it with a signal, as a
// terminal does; the Windows service manager uses its own protocol.
func underManager(program func(context.Context) int) int {
	if runtime.GOOS != "windows" || service.Interactive() {
		return program(context.Background())
	}
	m := &managed{program: program}
	s, err := service.New(m, &service.Config{Name: serviceName})
	if err == nil {
		err = s.Run()
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "examlink: service: %v\n", err)
		return exitFailure
	}
	return m.code
}

// managed is the program as the service manager sees it.
type managed struct {
	program func(context.Context) int
	cancel  context.CancelFunc
	done    chan struct{}
	code    int // after done
}

var _ service.Interface = (*managed)(nil)

// Start implements service.Interface.
func (m *managed) Start(s service.Service) error {
	ctx, cancel := context.WithCancel(context.Background())
	m.cancel, m.done = cancel, make(chan struct{})
	go func() { // ends with the program, which Stop cancels
		m.code = m.program(ctx)
		byItself := ctx.Err() == nil
		close(m.done)
		if byItself && s.Stop() != nil {
			os.Exit(m.code) // otherwise the manager would not notice
		}
	}()
	return nil
}

// Stop implements service.Interface: it waits until the program has ended.
func (m *managed) Stop(service.Service) error {
	m.cancel()
	<-m.done
	return nil
}
