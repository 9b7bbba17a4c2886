//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"examlink/cmd/internal/lab/stage"
	"examlink/probe/ippm"
)

// Exit codes of examlink that come with a report.
const (
	exitNotReady     = 3
	exitInconclusive = 4
)

// check measures capacity with examlink. It returns no error for a verdict that
// is not good.
func (l *lab) check(args ...string) (rateFigures, error) {
	out, err := l.output(l.hosts.Near, append(append([]string{l.programs.Path(stage.Client), "check", "--json"}, args...), l.token)...)
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != exitNotReady && exit.ExitCode() != exitInconclusive) {
		return rateFigures{}, err
	}
	return reportedRates(out)
}

// reportedRates are the rates in the report of a check.
func reportedRates(out []byte) (rateFigures, error) {
	type capacity struct {
		Rate ippm.Interval
		Why  string
	}
	var r struct {
		Down capacity `json:"capacity_download"`
		Up   capacity `json:"capacity_upload"`
	}
	if err := json.Unmarshal(out, &r); err != nil {
		return rateFigures{}, fmt.Errorf("examlink's report: %w", err)
	}
	pick := func(c capacity) figure {
		f := figure{Why: c.Why}
		switch {
		case c.Rate.Value != nil:
			f.Value = mbit(*c.Rate.Value)
		case c.Rate.Low != nil:
			f.AtLeast = mbit(*c.Rate.Low)
		}
		return f
	}
	return rateFigures{Down: pick(r.Down), Up: pick(r.Up)}, nil
}

// monitor is examlink's summary of a monitor stream, without floor tests.
type monitor struct {
	Sent        int       `json:"sent"`
	Received    int       `json:"received"`
	LostUp      int       `json:"lost_up"`
	LostDown    int       `json:"lost_down"`
	LostUnknown int       `json:"lost_unknown"`
	RoundTrip   quantiles `json:"round_trip_delay_seconds"`
	IPDVUp      quantiles `json:"ipdv_up_seconds"`
	IPDVDown    quantiles `json:"ipdv_down_seconds"`
	PDVUp       quantiles `json:"pdv_up_seconds"`
	PDVDown     quantiles `json:"pdv_down_seconds"`
	Pacing      quantiles `json:"instrument_pacing_lateness_seconds"`
}

// quantiles are of a distribution, in seconds; nil: not known.
type quantiles struct {
	Median *float64 `json:"median"`
	P95    *float64 `json:"p95"`
	P99    *float64 `json:"p99"`
}

// watch runs a monitor stream and returns examlink's summary of it.
func (l *lab) watch(ns stage.Namespace, token string, lasting, interval time.Duration) (m monitor, err error) {
	out, err := l.output(ns, l.programs.Path(stage.Client), "watch", "--json", "--for", lasting.String(), "--metrics-listen", "",
		"--budget-share", "0.000000001", "--interval", interval.String(), token)
	if err != nil {
		return m, err
	}
	var r struct { // the last line has the summary
		End struct {
			Summary struct {
				Monitor *monitor `json:"monitor"`
			} `json:"summary"`
		} `json:"end"`
	}
	r.End.Summary.Monitor = &m
	for line := range bytes.Lines(out) {
		if err := json.Unmarshal(line, &r); err != nil {
			return m, fmt.Errorf("examlink's events: %w", err)
		}
	}
	if m.RoundTrip.Median == nil {
		return m, errors.New("examlink's summary has no round trips")
	}
	return m, nil
}
