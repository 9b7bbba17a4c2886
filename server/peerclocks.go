package server

import (
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Chosen by us.
const (
	// clockWrong is the difference from which this server's clock counts as wrong.
	// Receivers of webhooks refuse timestamps that are five minutes off.
	clockWrong = 2 * time.Minute
	// clockLeast is how many students' clocks must be known, and clocksMost how many
	// are kept: one clock may be wrong, most are not.
	clockLeast, clocksMost = 3, 64
)

// The peers whose clocks are compared, a metric label.
const (
	peerClients   = "clients"
	peerReceivers = "receivers"
)

// peerClocks compares this server's wall clock with those of others: a server whose
// clock is wrong refuses good tokens and dates its alerts wrongly. Only the median of
// many clocks counts, each student's once. It is safe for concurrent use.
type peerClocks struct {
	log *slog.Logger

	mu    sync.Mutex
	ahead map[string][]peerClock // by peer, the oldest first
	wrong map[string]bool        // what was logged last
}

// peerClock is how far this server's clock is ahead of another.
type peerClock struct {
	name  string
	ahead time.Duration
}

var clockAheadDesc = prometheus.NewDesc("examlink_server_clock_ahead_seconds",
	"How far this server's wall clock is ahead of others': the median over the latest students' computers, and over the answers of webhooks and Alertmanagers. Absent while too few are known.", []string{"peer"}, nil)

func newPeerClocks(log *slog.Logger) *peerClocks {
	return &peerClocks{log: log, ahead: map[string][]peerClock{}, wrong: map[string]bool{}}
}

// note records that a peer's clock shows theirs when this server's shows ours. It
// ignores a peer that does not tell its time.
func (p *peerClocks) note(peer, name string, theirs, ours time.Time) {
	if theirs.IsZero() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	list := slices.DeleteFunc(p.ahead[peer], func(c peerClock) bool { return c.name == name })
	list = append(list, peerClock{name, ours.Sub(theirs)})
	p.ahead[peer] = list[max(len(list)-clocksMost, 0):]
	ahead, ok := p.median(peer)
	if wrong := ok && ahead.Abs() >= clockWrong; wrong != p.wrong[peer] {
		p.wrong[peer] = wrong
		if wrong {
			p.log.Error("this server's clock is wrong: it differs from most others' clocks", "ahead", ahead.Round(time.Second), "of", peer, "clocks", len(p.ahead[peer]))
		} else {
			p.log.Info("this server's clock agrees with the others' clocks again", "of", peer)
		}
	}
}

// isWrong reports whether this server's clock differs from those of a kind of peers.
func (p *peerClocks) isWrong() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, wrong := range p.wrong {
		if wrong {
			return true
		}
	}
	return false
}

// median returns how far this server's clock is ahead of most; false: not known.
// Called locked.
func (p *peerClocks) median(peer string) (time.Duration, bool) {
	list := p.ahead[peer]
	if peer == peerClients && len(list) < clockLeast || len(list) == 0 {
		return 0, false
	}
	var all []time.Duration
	for _, c := range list {
		all = append(all, c.ahead)
	}
	slices.Sort(all)
	return all[len(all)/2], true
}

// Describe implements prometheus.Collector.
func (p *peerClocks) Describe(ch chan<- *prometheus.Desc) { ch <- clockAheadDesc }

// Collect implements prometheus.Collector.
func (p *peerClocks) Collect(ch chan<- prometheus.Metric) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, peer := range []string{peerClients, peerReceivers} {
		if ahead, ok := p.median(peer); ok {
			ch <- prometheus.MustNewConstMetric(clockAheadDesc, prometheus.GaugeValue, ahead.Seconds(), peer)
		}
	}
}
