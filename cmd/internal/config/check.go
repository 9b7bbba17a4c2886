package config

import (
	"errors"
	"fmt"
	"net"
	"time"

	"examlink/probe/ippm"
	"examlink/probe/plan"
	"examlink/probe/train"
	"examlink/probe/wire"
)

// check says what makes no sense. A zero is refused where the programs would
// take it for a default.
func (f File) check() []problem {
	var out []problem
	expect := func(key string, ok bool, got any, what string) {
		if !ok {
			out = append(out, problem{key, fmt.Sprintf("%v, expected %s", got, what)})
		}
	}
	oneOf := func(key, got string, names ...string) {
		for _, n := range names {
			if got == n {
				return
			}
		}
		out = append(out, problem{key, fmt.Sprintf("%q, expected one of %q", got, names)})
	}
	within := func(key string, got, low, high time.Duration) {
		expect(key, got >= low && got <= high, got, fmt.Sprintf("%v to %v", low, high))
	}
	atLeast := func(key string, got, low time.Duration) { expect(key, got >= low, got, fmt.Sprintf("%v or more", low)) }
	number := func(key string, got, low, high int) {
		expect(key, got >= low && got <= high, got, fmt.Sprintf("%d to %d", low, high))
	}
	rate := func(key string, got, low, high ippm.Rate) {
		expect(key, got >= low && got <= high, FormatRate(got), FormatRate(low)+" to "+FormatRate(high))
	}
	perSecond := func(key string, got float64) {
		expect(key, got > 0 && got <= maxPerSecond, got, fmt.Sprintf("above 0 and at most %d", int(maxPerSecond)))
	}
	address := func(key, got string) {
		_, _, err := net.SplitHostPort(got)
		expect(key, err == nil, fmt.Sprintf("%q", got), "host:port")
	}

	oneOf("log.level", f.Log.Level, "debug", "info", "warn", "error")
	oneOf("log.format", f.Log.Format, "text", "json")
	for i, p := range f.Policies {
		if err := p.Check(); err != nil {
			out = append(out, problem{fmt.Sprintf("policies[%d]", i), err.Error()})
		}
	}
	if _, err := f.SelectedPolicy(); err != nil {
		out = append(out, problem{"policy", err.Error()})
	}

	c := f.Client
	if c.Server != "" {
		address("client.server", c.Server)
	}
	if c.MetricsListen != "" {
		address("client.metrics_listen", c.MetricsListen)
	}
	within("client.interval", c.Interval, time.Millisecond, time.Second)
	number("client.packet_size", c.PacketSize, wire.MinPacketSize, wire.MaxPacketSize)
	expect("client.loss_after", c.LossAfter > c.Interval, c.LossAfter, "more than client.interval")
	number("client.train_packet", c.TrainPacket, train.MinPacket, train.MaxPacket)
	oneOf("client.notify", c.Notify, "off", "before-exam", "always")
	expect("client.queue_max", c.QueueMax >= 100e3, c.QueueMax, "100kB or more")
	_, err := f.ExamWindow()
	for _, e := range fieldErrors(err) {
		out = append(out, problem{"client.exam." + e.Field, e.Problem})
	}
	within("client.check.idle_time", c.Check.IdleTime, 500*time.Millisecond, time.Minute)
	atLeast("client.check.idle_interval", c.Check.IdleInterval, time.Millisecond)
	atLeast("client.check.load_interval", c.Check.LoadInterval, time.Millisecond)
	rate("client.check.capacity_max", c.Check.CapacityMax, ippm.MbitPerSecond, train.MaxRate)
	expect("client.check.max_bytes", c.Check.MaxBytes >= 1e6, c.Check.MaxBytes, "1MB or more")
	atLeast("client.watch.window", c.Watch.Window, time.Second)
	atLeast("client.watch.floor_every", c.Watch.FloorEvery, time.Second)
	atLeast("client.watch.glance_every", c.Watch.GlanceEvery, time.Second)
	expect("client.watch.budget_share", c.Watch.BudgetShare > 0 && c.Watch.BudgetShare <= 1, c.Watch.BudgetShare, "above 0 and at most 1")
	atLeast("client.watch.silent_after", c.Watch.SilentAfter, time.Second)
	expect("client.watch.redial_after", c.Watch.RedialAfter >= c.Watch.SilentAfter, c.Watch.RedialAfter, "client.watch.silent_after or more")
	expect("client.watch.retest_after", c.Watch.RetestAfter > 0, c.Watch.RetestAfter, "more than 0")

	s := f.Server
	address("server.listen", s.Listen)
	for i, a := range s.Public {
		address(fmt.Sprintf("server.public[%d]", i), a)
	}
	if s.AdminListen != "" {
		address("server.admin_listen", s.AdminListen)
	}
	if (s.Certificate == "") != (s.Key == "") {
		out = append(out, problem{"server.certificate", "expected to be set together with server.key"})
	}
	number("server.metrics.session_series", s.Metrics.SessionSeries, 0, maxCount)
	number("server.limits.sessions", s.Limits.Sessions, 1, maxCount)
	number("server.limits.sessions_per_token", s.Limits.SessionsPerToken, 1, maxCount)
	perSecond("server.limits.handshake_rate", s.Limits.HandshakeRate)
	perSecond("server.limits.retry_rate", s.Limits.RetryRate)
	perSecond("server.limits.probe_rate", s.Limits.ProbeRate)
	expect("server.limits.train_bytes", s.Limits.TrainBytes > 0, s.Limits.TrainBytes, "1B or more")
	expect("server.limits.train_rate", s.Limits.TrainRate > 0, FormatRate(s.Limits.TrainRate), "more than 0")
	expect("server.limits.total_rate", s.Limits.TotalRate > 0, FormatRate(s.Limits.TotalRate), "more than 0")
	q := s.Silence
	expect("server.silence", 0 < q.Suspect && q.Suspect < q.Dropped && q.Dropped < q.ExamRelevant && q.ExamRelevant < q.Forget,
		fmt.Sprintf("%v, %v, %v, %v", q.Suspect, q.Dropped, q.ExamRelevant, q.Forget), "0 < suspect < dropped < exam_relevant < forget")
	return append(out, s.Alerts.check()...)
}

// fieldErrors lists what is wrong with a window.
func fieldErrors(err error) (out []*plan.FieldError) {
	var e *plan.FieldError
	switch joined := err.(type) { //nolint:errorlint // the tree is walked, not searched
	case interface{ Unwrap() []error }:
		for _, err := range joined.Unwrap() {
			out = append(out, fieldErrors(err)...)
		}
	default:
		if errors.As(err, &e) {
			out = append(out, e)
		}
	}
	return out
}

// Chosen by us: beyond these a number is a slip of the pen.
const (
	maxCount     = 1_000_000
	maxPerSecond = 1e6
)
