package monitor

import (
	"time"

	"examlink/probe/ippm"
)

// Account sums the monitor stream over some time. Every packet enters it once, when
// its fate is known, so Sent = Received + LostUp + LostDown + LostUnknown. The zero
// value is ready. It is not safe for concurrent use.
type Account struct {
	Sent, Received                uint64
	LostUp, LostDown, LostUnknown uint64
	// GapUp, GapDown and GapUnknown are how many of these were lost in an interruption:
	// sent in a time from which nothing came back; see Stream.CountGaps.
	GapUp, GapDown, GapUnknown uint64
	Unsent                     uint64 // never left the host; not part of Sent
	Stalled                    uint64 // of Unsent: TCP accepted no more; not the host's fault
	NoRoute                    uint64 // of Unsent: the system had no route, busy or not
	OverTCP                    uint64 // of Sent, by TCP: those lost are late, and network loss is not visible
	Late                       uint64 // echoes that arrived after the packet was settled as lost
	DuplicatesDown             uint64
	ReorderedDown              uint64

	RoundTrip ippm.Histogram // without the server's processing time
	// The following exclude packets sent while one of our trains ran.
	OneWayUp, OneWayDown ippm.Histogram // absolute, within OneWayBound
	PDVUp, PDVDown       ippm.Histogram // above the lowest of each window
	IPDVUp, IPDVDown     ippm.Histogram // absolute values
	LoadedUp, LoadedDown ippm.Histogram // the excluded packets' delays, until the window is judged
	OneWayBound          time.Duration  // largest error bound of the one-way delays
	RunsUp, RunsDown     ippm.LossRuns
	JitterUp, JitterDown time.Duration  // RFC 3550, at the end
	Pacing               ippm.Histogram // how late packets left, by the host's own clock
	ReadLag              ippm.Histogram // time that packets waited in the system before they were read
	Disturbed            uint64         // of Received, those that the other end was too busy to stamp on time
	LocalDrops           uint64         // packets that arrived but that this host dropped unread
}

// UnsentByHost returns how many packets this host failed to send although it could have.
func (a *Account) UnsentByHost() uint64 { return a.Unsent - a.Stalled - a.NoRoute }

// Lost returns the number of lost packets, in any direction.
func (a *Account) Lost() uint64 { return a.LostUp + a.LostDown + a.LostUnknown }

// LostInGaps returns how many packets were lost in interruptions, in any direction.
func (a *Account) LostInGaps() uint64 { return a.GapUp + a.GapDown + a.GapUnknown }

// Window is an unfinished account: delays are kept until its end, because PDV needs
// the lowest of them.
type Window struct {
	Account
	from     time.Duration
	up, down []time.Duration
	closed   bool
}

func (w *Window) close() *Account {
	for _, d := range ippm.PDVOf(w.up) {
		w.PDVUp.Add(time.Duration(d))
	}
	for _, d := range ippm.PDVOf(w.down) {
		w.PDVDown.Add(time.Duration(d))
	}
	w.up, w.down, w.closed = nil, nil, true
	return &w.Account
}

// Absorb adds the total of a stream that has ended.
func (a *Account) Absorb(b *Account) {
	a.merge(b)
	a.RunsUp.Merge(&b.RunsUp)
	a.RunsDown.Merge(&b.RunsDown)
}

// Merge adds the account of a later time, as when windows become minutes. Loss runs
// are excluded, because they cross windows.
func (a *Account) Merge(b *Account) { a.merge(b) }

// merge adds a closed window to a stream's total. The total keeps its own loss runs,
// because they cross windows.
func (a *Account) merge(b *Account) {
	a.Sent += b.Sent
	a.Received += b.Received
	a.LostUp += b.LostUp
	a.LostDown += b.LostDown
	a.LostUnknown += b.LostUnknown
	a.GapUp += b.GapUp
	a.GapDown += b.GapDown
	a.GapUnknown += b.GapUnknown
	a.Unsent += b.Unsent
	a.Stalled += b.Stalled
	a.NoRoute += b.NoRoute
	a.OverTCP += b.OverTCP
	a.Late += b.Late
	a.DuplicatesDown += b.DuplicatesDown
	a.ReorderedDown += b.ReorderedDown
	a.RoundTrip.Merge(&b.RoundTrip)
	a.OneWayUp.Merge(&b.OneWayUp)
	a.OneWayDown.Merge(&b.OneWayDown)
	a.PDVUp.Merge(&b.PDVUp)
	a.PDVDown.Merge(&b.PDVDown)
	a.IPDVUp.Merge(&b.IPDVUp)
	a.IPDVDown.Merge(&b.IPDVDown)
	a.Pacing.Merge(&b.Pacing)
	a.ReadLag.Merge(&b.ReadLag)
	a.LocalDrops += b.LocalDrops
	a.Disturbed += b.Disturbed
	a.OneWayBound = max(a.OneWayBound, b.OneWayBound)
	a.JitterUp, a.JitterDown = b.JitterUp, b.JitterDown
}

// Figures is the reported form of an account. Durations are in seconds; a nil number
// is unknown.
type Figures struct {
	Sent        uint64 `json:"sent"`
	Received    uint64 `json:"received"`
	LostUp      uint64 `json:"lost_up"`
	LostDown    uint64 `json:"lost_down"`
	LostUnknown uint64 `json:"lost_unknown"`
	LostInGaps  uint64 `json:"lost_in_interruptions"` // of the lost ones
	Unsent      uint64 `json:"unsent"`
	Stalled     uint64 `json:"unsent_tcp_stalled"`
	NoRoute     uint64 `json:"unsent_no_way"`
	OverTCP     uint64 `json:"sent_over_tcp"` // for these, lost_* does not describe the network
	Late        uint64 `json:"late"`
	Duplicates  uint64 `json:"duplicates_down"`
	Reordered   uint64 `json:"reordered_down"`

	RoundTrip   Quantiles `json:"round_trip_delay_seconds"`
	OneWayUp    Quantiles `json:"one_way_delay_up_seconds"`
	OneWayDown  Quantiles `json:"one_way_delay_down_seconds"`
	OneWayBound *float64  `json:"one_way_delay_error_bound_seconds"`
	IPDVUp      Quantiles `json:"ipdv_up_seconds"`
	IPDVDown    Quantiles `json:"ipdv_down_seconds"`
	PDVUp       Quantiles `json:"pdv_up_seconds"`
	PDVDown     Quantiles `json:"pdv_down_seconds"`
	JitterUp    *float64  `json:"rfc3550_jitter_up_seconds"`
	JitterDown  *float64  `json:"rfc3550_jitter_down_seconds"`

	LongestLossUp   uint64   `json:"longest_loss_run_up"`
	LongestLossDown uint64   `json:"longest_loss_run_down"`
	BurstRatioUp    *float64 `json:"burst_ratio_up"`
	BurstRatioDown  *float64 `json:"burst_ratio_down"`

	Pacing     Quantiles `json:"instrument_pacing_lateness_seconds"`
	ReadLag    Quantiles `json:"instrument_receive_lag_seconds"`
	LocalDrops uint64    `json:"instrument_local_drops"`
}

// Quantiles is a distribution in seconds; nil is unknown, as for a tail with too few
// packets.
type Quantiles struct {
	Min    *float64 `json:"min"`
	Median *float64 `json:"median"`
	P95    *float64 `json:"p95"`
	P99    *float64 `json:"p99"`
	Max    *float64 `json:"max"`
}

func quantiles(h *ippm.Histogram) Quantiles {
	sec := func(d time.Duration, ok bool) *float64 {
		if !ok {
			return nil
		}
		s := d.Seconds()
		return &s
	}
	return Quantiles{Min: sec(h.Min()), Median: sec(h.Quantile(0.5)), P95: sec(h.Quantile(0.95)), P99: sec(h.Quantile(0.99)), Max: sec(h.Max())}
}

// Figures converts the account to its reported form.
func (a *Account) Figures() Figures {
	ptr := func(v float64, ok bool) *float64 {
		if !ok {
			return nil
		}
		return &v
	}
	f := Figures{
		Sent: a.Sent, Received: a.Received, LostUp: a.LostUp, LostDown: a.LostDown, LostUnknown: a.LostUnknown, LostInGaps: a.LostInGaps(),
		Unsent: a.Unsent, Stalled: a.Stalled, NoRoute: a.NoRoute, OverTCP: a.OverTCP, Late: a.Late, Duplicates: a.DuplicatesDown, Reordered: a.ReorderedDown,
		RoundTrip: quantiles(&a.RoundTrip), OneWayUp: quantiles(&a.OneWayUp), OneWayDown: quantiles(&a.OneWayDown),
		OneWayBound: ptr(a.OneWayBound.Seconds(), a.OneWayUp.Count() > 0),
		IPDVUp:      quantiles(&a.IPDVUp), IPDVDown: quantiles(&a.IPDVDown),
		PDVUp: quantiles(&a.PDVUp), PDVDown: quantiles(&a.PDVDown),
		JitterUp:      ptr(a.JitterUp.Seconds(), a.Received > 1),
		JitterDown:    ptr(a.JitterDown.Seconds(), a.Received > 1),
		LongestLossUp: a.RunsUp.Longest(), LongestLossDown: a.RunsDown.Longest(),
		Pacing: quantiles(&a.Pacing), ReadLag: quantiles(&a.ReadLag), LocalDrops: a.LocalDrops,
	}
	f.BurstRatioUp = ptr(a.RunsUp.BurstRatio())
	f.BurstRatioDown = ptr(a.RunsDown.BurstRatio())
	return f
}
