package main

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/kardianos/service"
)

// stoppable is a service whose manager can be asked to stop it.
type stoppable struct {
	service.Service // nil: no other method is called
	stop            func() error
}

func (s stoppable) Stop() error { return s.stop() }

func TestManagerStopsTheProgram(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &managed{program: func(ctx context.Context) int {
			<-ctx.Done()
			return 7
		}}
		s := stoppable{stop: func() error {
			t.Error("the manager is asked to stop what it has stopped")
			return nil
		}}
		if err := m.Start(s); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if err := m.Stop(s); err != nil || m.code != 7 {
			t.Errorf("%v, exit code %d", err, m.code)
		}
	})
}

func TestManagerHearsThatTheProgramHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &managed{program: func(context.Context) int { return exitToken }}
		asked := 0
		if err := m.Start(stoppable{stop: func() error { asked++; return m.Stop(nil) }}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if asked != 1 || m.code != exitToken {
			t.Errorf("asked %d times, exit code %d", asked, m.code)
		}
	})
}
