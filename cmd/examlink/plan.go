package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"examlink/cmd/internal/config"
	"examlink/probe/plan"
	"examlink/probe/wire"
)

// examPlan makes the plan as of now. The time of the exam comes from the
// configuration or else from the join token; local is the student's time zone.
func examPlan(f config.File, now time.Time, local *time.Location) (plan.Plan, error) {
	w, err := f.ExamWindow()
	if err != nil {
		return plan.Plan{}, err
	}
	if f.Client.Token == "" {
		if w.IsZero() {
			return plan.Plan{}, errNoToken
		}
		return plan.Make(now, w, plan.Options{Local: local}), nil
	}
	token, err := wire.ReadJoinToken(f.Client.Token)
	if err != nil {
		return plan.Plan{}, err
	}
	if w.IsZero() && token.Starts != 0 {
		if w, err = plan.NewWindow(time.Unix(token.Starts, 0), time.Unix(token.Ends, 0), token.Zone); err != nil {
			return plan.Plan{}, fmt.Errorf("join token: %w", err)
		}
	}
	return plan.Make(now, w, plan.Options{Seed: plan.Seed(token.ID), Local: local}), nil
}

func printPlan(w io.Writer, p plan.Plan, asJSON bool) error {
	if !asJSON {
		_, err := fmt.Fprint(w, p)
		return err
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(p)
}
