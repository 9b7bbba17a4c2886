//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"examlink/cmd/internal/lab/stage"
)

// Chosen by us.
const (
	iperfPayload  = "1200"
	iperfOffer    = 1.2 // times the rate
	iperfSeconds  = "10"
	iperfHeaders  = 1228. / 1200 // IP layer over payload
	iperfAttempts = 10           // its server takes a while to be ready for the next test
)

// iperfReport is the part of iperf3's JSON that the lab uses.
type iperfReport struct {
	End struct {
		SumReceived struct {
			BitsPerSecond float64 `json:"bits_per_second"`
		} `json:"sum_received"`
		Sum struct {
			BitsPerSecond float64 `json:"bits_per_second"`
			LostPercent   float64 `json:"lost_percent"`
		} `json:"sum"`
	} `json:"end"`
	Error string `json:"error"`
}

// iperfUDP offers more than the link's rate, which iperf3 cannot find by
// itself, and takes the rate that the receiver counted. It adds headers, since
// iperf3 counts payload.
func (l *lab) iperfUDP(c cell) (rateFigures, error) {
	return bothWays(c, func(rate float64, direction ...string) (float64, error) {
		r, err := l.iperf(append(direction, "-u", "-l", iperfPayload, "-b", fmt.Sprintf("%.0f", rate*1e6*iperfOffer))...)
		bps := r.End.SumReceived.BitsPerSecond
		if bps == 0 {
			bps = r.End.Sum.BitsPerSecond * (1 - r.End.Sum.LostPercent/100)
		}
		return bps * iperfHeaders, err
	})
}

// iperfTCP takes the receiver's goodput as it is.
func (l *lab) iperfTCP(c cell) (rateFigures, error) {
	return bothWays(c, func(_ float64, direction ...string) (float64, error) {
		r, err := l.iperf(direction...)
		return r.End.SumReceived.BitsPerSecond, err
	})
}

// bothWays measures down and then up.
func bothWays(c cell, one func(rate float64, direction ...string) (bps float64, err error)) (rateFigures, error) {
	down, err := one(c.down, "-R")
	if err != nil {
		return rateFigures{}, err
	}
	up, err := one(c.up)
	return rateFigures{Down: figure{Value: mbit(down)}, Up: figure{Value: mbit(up)}}, err
}

// iperf runs iperf3, again while its server is busy.
func (l *lab) iperf(args ...string) (iperfReport, error) {
	words := append([]string{"iperf3", "-c", stage.FarAddress, "-t", iperfSeconds, "-J"}, args...)
	for attempt := 1; ; attempt++ {
		time.Sleep(time.Second)
		out, err := l.output(l.hosts.Near, words...)
		var r iperfReport
		if e := json.Unmarshal(out, &r); e != nil {
			return r, errors.Join(err, fmt.Errorf("iperf3's report: %w", e))
		}
		if r.Error == "" || !strings.Contains(r.Error, "busy") || attempt == iperfAttempts {
			if r.Error != "" {
				err = errors.New(r.Error)
			}
			return r, err
		}
	}
}
