//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"examlink/cmd/internal/lab/stage"
	"examlink/probe/ippm"
	"examlink/probe/netsim"
)

// A stream of the student's own is like an exam's video: frames of a few packets
// each way, sent by one process on each host, with times that both read from
// this computer's one clock. Chosen by us.
const (
	streamDown, streamUp         = 700e3, 400e3 // bit/s at the IP layer
	streamLinkDown, streamLinkUp = 0.9, 0.5     // Mbit/s
	streamLasting                = 3 * time.Minute
)

// streamRun is one stream, alone or beside a watch.
type streamRun struct {
	student, far     streamReport // of the two ends
	lostDown, lostUp int
	waits            []time.Duration // longest time in a queue, of each sample
	record           stage.WatchRecord
}

const streamRow = "%-14s %-5s %6s %6s %9s %9s %9s %9s  %12s %12s  %s\n"

// stream runs a stream of the student's own on a link that it nearly fills,
// with and without a watch beside it.
func (l *lab) stream(o options) error {
	fmt.Printf("a stream of %g/%g Mbit/s on a link of %g/%g Mbit/s\n", streamDown/1e6, streamUp/1e6, streamLinkDown, streamLinkUp)
	fmt.Printf(streamRow, "", "", "sent", "lost", "median", "p95", "p99", "max, ms", "queue p99", "queue max", "warnings")
	for run := range o.runs {
		for _, watched := range []bool{false, true} {
			r, err := l.streamRun(run*2+1, watched)
			if err != nil {
				return err
			}
			r.print(watched)
		}
	}
	fmt.Println()
	return nil
}

// print prints a row for each direction.
func (r *streamRun) print(watched bool) {
	name, warnings := "alone", "-"
	if watched {
		name, warnings = "with examlink", fmt.Sprint(len(r.record.Warnings))
		for _, w := range r.record.Warnings {
			warnings += " " + string(w.Kind)
		}
	}
	slices.Sort(r.waits)
	for _, d := range []struct {
		name       string
		sent, lost int
		delay      *netsim.Distribution
	}{{"down", r.far.Sent, r.lostDown, r.student.Delay}, {"up", r.student.Sent, r.lostUp, r.far.Delay}} {
		x := orUnknown(d.delay)
		fmt.Printf(streamRow, name, d.name, strconv.Itoa(d.sent), strconv.Itoa(d.lost), millis(x.Median), millis(x.P95), millis(x.P99), millis(x.Max),
			millis(r.waits[len(r.waits)*99/100].Seconds()), millis(r.waits[len(r.waits)-1].Seconds()), warnings)
	}
}

// streamRun runs a stream once.
func (l *lab) streamRun(n int, watched bool) (r streamRun, err error) {
	up, down := examLink()
	up.Rate, down.Rate = ippm.Rate(streamLinkUp*1e6), ippm.Rate(streamLinkDown*1e6)
	up.Jitter, down.Jitter = 0, 0
	t, err := stage.NewTestbed(l.ctx, l.programs, n, up, down)
	if err != nil {
		return r, err
	}
	defer t.Close()
	defer os.RemoveAll(t.Dir)
	if watched {
		if err := t.StartClient(stage.Client); err != nil {
			return r, err
		}
		if err := t.Sleep(examConnect); err != nil {
			return r, err
		}
	}
	stopSampling := t.SampleQueues()
	err = r.runEnds(l, t)
	stopSampling()
	if err != nil {
		return r, err
	}
	for _, w := range t.QueueWaits() {
		r.waits = append(r.waits, max(w.Up, w.Down))
	}
	if watched {
		if _, err := t.StopClient(); err != nil {
			return r, err
		}
		if r.record, err = t.Record(); err != nil {
			return r, err
		}
	}
	return r, nil
}

// runEnds runs both ends and counts the packets lost between them.
func (r *streamRun) runEnds(l *lab, t *stage.Testbed) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	var ends sync.WaitGroup
	var errs [2]error
	for i, e := range []struct {
		ns       stage.Namespace
		from, to string
		rate     float64
		report   *streamReport
	}{{t.Student, stage.StudentAddress, stage.FarAddress, streamUp, &r.student}, {t.Far, stage.FarAddress, stage.StudentAddress, streamDown, &r.far}} {
		ends.Go(func() {
			out, err := l.outputWithin(streamLasting+toolTimeout, e.ns, self, streamCommand, e.from, e.to, fmt.Sprint(e.rate), streamLasting.String())
			if err == nil {
				err = json.Unmarshal(out, e.report)
			}
			errs[i] = err
		})
	}
	ends.Wait()
	r.lostDown, r.lostUp = r.far.Sent-r.student.Received, r.student.Sent-r.far.Received
	return errors.Join(errs[:]...)
}
