//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"examlink/cmd/internal/lab/stage"
	"examlink/probe/netsim"
)

// irttReport is the part of irtt's JSON that the lab uses. Times are
// nanoseconds.
type irttReport struct {
	Stats struct {
		Sent     int `json:"packets_sent"`
		Received int `json:"packets_received"`
		Server   int `json:"server_packets_received"`
	} `json:"stats"`
	RoundTrips []struct {
		Delay irttTimes `json:"delay"`
		IPDV  irttTimes `json:"ipdv"`
	} `json:"round_trips"`
}

type irttTimes struct {
	Send    *time.Duration `json:"send"`
	Receive *time.Duration `json:"receive"`
	RTT     *time.Duration `json:"rtt"`
}

// irtt sends packets of stage.ProbeSize. All figures are computed from its
// records of the single packets, so that their quantiles are of the same kind.
func (l *lab) irtt(ns stage.Namespace, address string, lasting, interval time.Duration) (e echoes, err error) {
	out, err := l.output(ns, "irtt", "client", "-i", interval.String(), "-d", lasting.String(), "-l", strconv.Itoa(stage.ProbeSize-ipHeaders), "-o", "-", "-Q", address)
	if err != nil {
		return e, err
	}
	var r irttReport
	if err := json.Unmarshal(out, &r); err != nil {
		return e, fmt.Errorf("irtt's report: %w", err)
	}
	var rtt, ipdvUp, ipdvDown []time.Duration
	add := func(to *[]time.Duration, d *time.Duration) {
		if d != nil {
			*to = append(*to, *d)
		}
	}
	for _, t := range r.RoundTrips {
		add(&rtt, t.Delay.RTT)
		add(&e.delayUp, t.Delay.Send)
		add(&e.delayDown, t.Delay.Receive)
		add(&ipdvUp, t.IPDV.Send)
		add(&ipdvDown, t.IPDV.Receive)
	}
	if len(rtt) == 0 {
		return e, errors.New("irtt's report has no round trips")
	}
	up, down := r.Stats.Sent-r.Stats.Server, r.Stats.Server-r.Stats.Received
	e.sent, e.lostUp, e.lostDown = r.Stats.Sent, &up, &down
	e.roundTrip, e.ipdvUp, e.ipdvDown = netsim.NewDistribution(rtt), netsim.NewDistribution(absolute(ipdvUp)), netsim.NewDistribution(absolute(ipdvDown))
	return e, nil
}

func absolute(v []time.Duration) []time.Duration {
	for i := range v {
		v[i] = v[i].Abs()
	}
	return v
}
