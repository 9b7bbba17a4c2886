//go:build linux

package main

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"examlink/cmd/internal/lab/stage"
	"examlink/probe/netsim"
)

var pingTime = regexp.MustCompile(`time=([0-9.]+) ms( \(DUP!\))?`)

// ping sends packets of stage.ProbeSize. It reports round trips only.
func (l *lab) ping(ns stage.Namespace, address string, lasting, interval time.Duration) (e echoes, err error) {
	e.sent = int(lasting / interval)
	out, err := l.output(ns, "ping", "-i", fmt.Sprintf("%.3f", interval.Seconds()), "-c", strconv.Itoa(e.sent), "-s", strconv.Itoa(stage.ProbeSize-ipHeaders), address)
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
