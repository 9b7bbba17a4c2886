//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"examlink/cmd/internal/lab/stage"
	"examlink/probe/netsim"
)

// echoes is what irtt or ping says of a stream of packets; nil: it does not say.
type echoes struct {
	sent               int
	lostUp, lostDown   *int
	roundTrip          *netsim.Distribution
	ipdvUp, ipdvDown   *netsim.Distribution // absolute
	delayUp, delayDown []time.Duration      // between the two hosts' clocks: what they differ by is in it
}

// irtt sends packets of stage.ProbeSize. Everything is computed from its records of
// the single packets, so that all its figures are quantiles of the same kind.
func (b *lab) irtt(ns stage.Namespace, address string, lasting, interval time.Duration) (e echoes, err error) {
	out, err := b.output(ns, "irtt", "client", "-i", interval.String(), "-d", lasting.String(), "-l", strconv.Itoa(stage.ProbeSize-28), "-o", "-", "-Q", address)
	if err != nil {
		return e, err
	}
	type pair struct {
		Send    *time.Duration `json:"send"`
		Receive *time.Duration `json:"receive"`
		RTT     *time.Duration `json:"rtt"`
	}
	var r struct {
		Stats struct {
			Sent     int `json:"packets_sent"`
			Received int `json:"packets_received"`
			Server   int `json:"server_packets_received"`
		} `json:"stats"`
		RoundTrips []struct {
			Delay pair `json:"delay"`
			IPDV  pair `json:"ipdv"`
		} `json:"round_trips"`
	}
	if err := json.Unmarshal(out, &r); err != nil {
		return e, fmt.Errorf("irtt's report: %w", err)
	}
	var rtt, ipdvUp, ipdvDown []time.Duration
	take := func(to *[]time.Duration, d *time.Duration) {
		if d != nil {
			*to = append(*to, *d)
		}
	}
	for _, t := range r.RoundTrips {
		take(&rtt, t.Delay.RTT)
		take(&e.delayUp, t.Delay.Send)
		take(&e.delayDown, t.Delay.Receive)
		take(&ipdvUp, t.IPDV.Send)
		take(&ipdvDown, t.IPDV.Receive)
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

var pingTime = regexp.MustCompile(`time=([0-9.]+) ms( \(DUP!\))?`)

// ping sends packets of stage.ProbeSize. It knows round trips only.
func (b *lab) ping(ns stage.Namespace, address string, lasting, interval time.Duration) (e echoes, err error) {
	e.sent = int(lasting / interval)
	out, err := b.output(ns, "ping", "-i", fmt.Sprintf("%.3f", interval.Seconds()), "-c", strconv.Itoa(e.sent), "-s", strconv.Itoa(stage.ProbeSize-28), address)
	var times []time.Duration
	for _, m := range pingTime.FindAllStringSubmatch(string(out), -1) {
		v, e := strconv.ParseFloat(m[1], 64)
		if e == nil && m[2] == "" {
			times = append(times, time.Duration(v*float64(time.Millisecond)))
		}
	}
	if len(times) == 0 {
		return e, errors.Join(err, errors.New("ping had no answers"))
	}
	e.roundTrip = netsim.NewDistribution(times) // ping's exit status says that some were lost: no error here
	return e, nil
}
