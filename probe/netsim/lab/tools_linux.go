package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// bench runs the tools in the emulator's namespaces.
type bench struct {
	ctx     context.Context
	e       *emulator
	dir     string
	token   string
	servers []*exec.Cmd
}

const toolTimeout = 2 * time.Minute

func (b *bench) command(ns, program string, args ...string) *exec.Cmd {
	c := exec.CommandContext(b.ctx, "ip", append([]string{"netns", "exec", ns, program}, args...)...)
	c.Dir = b.dir // away from any config.yaml
	return c
}

// start starts the servers of examlink and of the peers.
func (b *bench) start() error {
	address := farAddress + ":8443"
	list := [][]string{{b.path("examlink-server"), "serve", "--listen", address, "--data-dir", b.path("data"), "--admin-listen", "127.0.0.1:9481"}}
	if have("iperf3") {
		list = append(list, []string{"iperf3", "-s", "-B", farAddress})
	}
	if have("irtt") {
		list = append(list, []string{"irtt", "server", "-b", farAddress})
	}
	for _, words := range list {
		c := b.command(b.e.far, words[0], words[1:]...)
		if err := c.Start(); err != nil {
			return err
		}
		b.servers = append(b.servers, c)
	}
	time.Sleep(time.Second)
	out, err := exec.CommandContext(b.ctx, b.path("examlink-server"), "token", "--data-dir", b.path("data"), "--exam", "lab", "--student", "s", "--server", address).Output()
	if err != nil {
		return fmt.Errorf("token: %w", err)
	}
	b.token = strings.TrimSpace(string(out))
	return nil
}

func (b *bench) stop() {
	for _, c := range b.servers {
		_ = c.Process.Signal(syscall.SIGTERM)
		done := make(chan struct{})
		go func() { defer close(done); _ = c.Wait() }()
		select {
		case <-done:
		case <-time.After(2 * time.Second):
			_ = c.Process.Kill()
			<-done
		}
	}
}

// output runs a tool in the student's namespace.
func (b *bench) output(program string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(b.ctx, toolTimeout)
	defer cancel()
	c := exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", b.e.student, program}, args...)...)
	c.Dir = b.dir
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	err := c.Run()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, lines(errs.String()))
	}
	return out.Bytes(), err
}

type examlinkReport struct {
	CapacityDown struct{ Rate struct{ Value, Low *float64 } } `json:"capacity_download"`
	CapacityUp   struct{ Rate struct{ Value, Low *float64 } } `json:"capacity_upload"`
}

func (b *bench) examlink(c cell) (rates, error) {
	args := []string{"check", "--json"}
	if max(c.down, c.up) > 20 {
		args = append(args, "--full")
	}
	out, err := b.output(b.path("examlink"), append(args, b.token)...)
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 3 && exit.ExitCode() != 4) {
		return rates{}, err
	}
	var r examlinkReport
	if err := json.Unmarshal(out, &r); err != nil {
		return rates{}, err
	}
	pick := func(value, low *float64) float64 {
		switch {
		case value != nil:
			return *value / 1e6
		case low != nil:
			return *low / 1e6 // a bound where a figure was wanted counts as that figure
		}
		return 0
	}
	return rates{down: pick(r.CapacityDown.Rate.Value, r.CapacityDown.Rate.Low), up: pick(r.CapacityUp.Rate.Value, r.CapacityUp.Rate.Low)}, nil
}

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

// iperfUDP offers 1.2 times the rate, which it has to be told, and takes what
// the receiver counted; headers are added, since iperf3 counts payload.
func (b *bench) iperfUDP(c cell) (rates, error) {
	one := func(mbit float64, reverse bool) (float64, error) {
		args := []string{"-c", farAddress, "-u", "-l", "1200", "-b", fmt.Sprintf("%.0f", mbit*1.2e6), "-t", "10", "-J"}
		if reverse {
			args = append(args, "-R")
		}
		r, err := b.iperf(args)
		if err != nil {
			return 0, err
		}
		bps := r.End.SumReceived.BitsPerSecond
		if bps == 0 {
			bps = r.End.Sum.BitsPerSecond * (1 - r.End.Sum.LostPercent/100)
		}
		return bps / 1e6 * 1228 / 1200, nil
	}
	return both(c, one)
}

// iperfTCP takes the receiver's goodput as it is.
func (b *bench) iperfTCP(c cell) (rates, error) {
	return both(c, func(_ float64, reverse bool) (float64, error) {
		args := []string{"-c", farAddress, "-t", "10", "-J"}
		if reverse {
			args = append(args, "-R")
		}
		r, err := b.iperf(args)
		return r.End.SumReceived.BitsPerSecond / 1e6, err
	})
}

func both(c cell, one func(mbit float64, reverse bool) (float64, error)) (r rates, err error) {
	if r.down, err = one(c.down, true); err != nil {
		return r, err
	}
	r.up, err = one(c.up, false)
	return r, err
}

func (b *bench) iperf(args []string) (iperfReport, error) {
	var r iperfReport
	var out []byte
	var err error
	for range 10 { // its server takes a while to be ready for the next test
		time.Sleep(time.Second)
		r = iperfReport{}
		out, err = b.output("iperf3", args...)
		if json.Unmarshal(out, &r) != nil || !strings.Contains(r.Error, "busy") {
			break
		}
	}
	if e := json.Unmarshal(out, &r); e != nil && err == nil {
		err = e
	}
	if r.Error != "" {
		err = errors.New(r.Error)
	}
	return r, err
}

type delayResult struct {
	median           float64 // seconds
	lostUp, lostDown string
}

// delayOf measures with a tool: about a thousand packets in twenty seconds.
func (b *bench) delayOf(name string) (delayResult, error) {
	switch name {
	case "irtt":
		out, err := b.output("irtt", "client", "-i", "20ms", "-d", "20s", "-l", "64", "-o", "-", "-Q", farAddress)
		if err != nil {
			return delayResult{}, err
		}
		var r struct {
			Stats struct {
				RTT struct{ Median int64 } `json:"rtt"`
				Up  int                    `json:"packets_sent"`
				Got int                    `json:"packets_received"`
				Srv int                    `json:"server_packets_received"`
			} `json:"stats"`
		}
		if err := json.Unmarshal(out, &r); err != nil {
			return delayResult{}, err
		}
		return delayResult{float64(r.Stats.RTT.Median) / 1e9, strconv.Itoa(r.Stats.Up - r.Stats.Srv), strconv.Itoa(r.Stats.Srv - r.Stats.Got)}, nil
	case "ping":
		out, _ := b.output("ping", "-i", "0.02", "-c", "1000", "-s", "56", farAddress)
		var times []float64
		for _, m := range regexp.MustCompile(`time=([0-9.]+) ms`).FindAllStringSubmatch(string(out), -1) {
			v, _ := strconv.ParseFloat(m[1], 64)
			times = append(times, v/1000)
		}
		if len(times) == 0 {
			return delayResult{}, errors.New("no answers")
		}
		return delayResult{median(times), "?", "?"}, nil
	}
	out, err := b.output(b.path("examlink"), "watch", "--json", "--for", "21s", "--budget-share", "0.000000001", "--interval", "20ms", b.token)
	if err != nil {
		return delayResult{}, err
	}
	var r struct {
		Monitor struct {
			LostUp    int                       `json:"lost_up"`
			LostDown  int                       `json:"lost_down"`
			RoundTrip struct{ Median *float64 } `json:"round_trip_delay"`
		} `json:"monitor"`
	}
	if err := json.Unmarshal(out, &r); err != nil {
		return delayResult{}, err
	}
	if r.Monitor.RoundTrip.Median == nil {
		return delayResult{}, errors.New("no round trips")
	}
	return delayResult{*r.Monitor.RoundTrip.Median, strconv.Itoa(r.Monitor.LostUp), strconv.Itoa(r.Monitor.LostDown)}, nil
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	return s[len(s)/2]
}
