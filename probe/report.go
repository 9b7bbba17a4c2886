package probe

import (
	"time"

	"examlink/probe/ippm"
	"examlink/probe/link"
	"examlink/probe/monitor"
	"examlink/probe/ratetest"
	"examlink/probe/verdict"
)

// ReportSchema names the layout of Report in JSON. It changes when a field is
// removed or changes its meaning.
const ReportSchema = "examlink.check/2"

// Transports of a Report.
const (
	// TransportUDP means probe packets over UDP beside QUIC.
	TransportUDP = string(link.UDP)
	// TransportWebSocket means TLS over TCP, because UDP was blocked: a rate is what
	// TCP achieved, and losses show as delay.
	TransportWebSocket = string(link.WebSocket)
)

// Report is the result of a check.
type Report struct {
	Schema    string          `json:"schema"`
	Client    string          `json:"client"`
	Started   time.Time       `json:"started"` // this computer's clock
	Duration  ippm.Seconds    `json:"duration_seconds"`
	Server    string          `json:"server"`
	Exam      string          `json:"exam"`
	Session   string          `json:"session"`
	Transport string          `json:"transport"`
	Policy    verdict.Policy  `json:"policy"` // the exam's, unless the client has its own
	Verdict   verdict.Verdict `json:"verdict"`
	Equipment *Equipment      `json:"equipment,omitempty"` // this computer; nil: nobody has read it

	Idle         monitor.Figures   `json:"idle"`
	LongestGap   float64           `json:"longest_gap_seconds"` // longest time without an echo in the whole check, or until the server ended it
	FloorDown    ratetest.Floor    `json:"floor_download"`
	FloorUp      ratetest.Floor    `json:"floor_upload"`
	CapacityDown ratetest.Capacity `json:"capacity_download"`
	CapacityUp   ratetest.Capacity `json:"capacity_upload"`
	GoodputDown  ratetest.Goodput  `json:"quic_goodput_download"`
	GoodputUp    ratetest.Goodput  `json:"quic_goodput_upload"`
	LoadedDown   monitor.Loaded    `json:"loaded_download"`
	LoadedUp     monitor.Loaded    `json:"loaded_upload"`
	BytesDown    int64             `json:"bytes_download"` // IP layer, all measurements
	BytesUp      int64             `json:"bytes_upload"`
	ClockAhead   ippm.Seconds      `json:"server_clock_ahead_seconds"` // of this computer's wall clock, give or take a round trip
	PathMTU      *int              `json:"path_mtu_bytes"`             // largest IP packet that passes both ways, tried to 1480 over IPv4 and 1500 over IPv6; nil: not known
	SkewPPM      *float64          `json:"clock_skew_ppm"`             // server's clock relative to this computer's
	// Traffic of this computer's other programs during the rate tests, bit/s as the
	// interface counts. If it was 5 % of a train or more, it is included in the
	// rates, because the link carried it. Nil: not known throughout.
	OthersDown *float64 `json:"other_programs_download_bits_per_second"`
	OthersUp   *float64 `json:"other_programs_upload_bits_per_second"`
	// Interrupted is why the check ended early: the connection broke and did not come
	// back, or the server ended. The rest of the report is what was measured until then.
	Interrupted string `json:"interrupted,omitempty"`
	// Receipt is the server's signed statement of this check, a JWS; empty: none.
	Receipt string `json:"receipt,omitempty"`
	// ReceiptOwed says that the server could not store the receipt yet and keeps trying.
	ReceiptOwed bool `json:"receipt_owed,omitempty"`

	blocked link.Reason // why it is not by UDP
}

// Reasons for values that TCP hides, in plain words.
const (
	whyLossHidden = "TCP sends lost packets again, so losses show up as delay"
	whyUDPBlocked = "the network lets TCP through to the server but not UDP"
	whyUDPUntried = "this browser cannot measure over UDP"
	whyPathMTU    = "the network lets small UDP packets through to the server but not those of 1,228 bytes"
)

// disturbedMost is which part of the packets may have been stamped late at most, as one in
// so many: the others still show the link. Chosen by us.
const disturbedMost = 4

// minSamples is how many packets a statement on delay requires.
const minSamples = 20

// judge adds the rates, the longest gap and the transport to the facts of the idle
// link, and judges them.
func (r *Report) judge(o Options, f verdict.Facts, idle *monitor.Account) {
	f[verdict.Download] = rateFact(r.FloorDown, r.CapacityDown)
	f[verdict.Upload] = rateFact(r.FloorUp, r.CapacityUp)
	f[verdict.Outage] = verdict.Known(r.LongestGap, r.LongestGap, r.LongestGap, int(idle.Received))
	f[verdict.LoadedDelayDown], f[verdict.LoadedDelayUp] = loadedFact(r.LoadedDown), loadedFact(r.LoadedUp)
	udpFact(f, r.Transport, r.blocked)
	r.Verdict = verdict.Judge(o.Policy, f)
	r.Equipment = equipmentBy(o.Computer, o.Policy)
}

// loadedFact returns how far a load raised the delay. A link faster than the tests
// was not loaded, which does not count against it.
func loadedFact(l monitor.Loaded) verdict.Fact {
	if l.Rise == nil {
		return verdict.Unseen(l.Why)
	}
	f := verdict.Known(*l.Rise, *l.Rise, *l.Rise, 1)
	if !l.Full {
		f.High = nil
	}
	return f
}

// delayFacts adds the facts of delay and loss on the idle link.
func delayFacts(f verdict.Facts, a *monitor.Account) {
	why := ""
	switch {
	case a.Sent < minSamples:
		why = "too few packets could be sent"
	case a.UnsentByHost()*10 > a.Sent:
		why = "this computer was too busy to send on time"
	}
	if why == "" {
		lossFact := func(k, n uint64) verdict.Fact {
			low, high := ippm.Wilson(k, n, 1.96)
			_, worst := ippm.Wilson(k+a.LostUnknown, n, 1.96)
			if a.LostUnknown == 0 {
				worst = high
			}
			return verdict.Known(float64(k)/float64(max(n, 1)), low, worst, int(n))
		}
		f[verdict.LossUp] = lossFact(a.LostUp, a.Sent)
		f[verdict.LossDown] = lossFact(a.LostDown, a.Sent-a.LostUp)
		if a.LostUnknown*10 > a.Sent {
			f[verdict.LossUp] = verdict.Unknown("packets were lost in an unknown direction")
			f[verdict.LossDown] = f[verdict.LossUp]
		}
		if a.LocalDrops > 0 && a.LostDown > 0 {
			f[verdict.LossDown] = verdict.Unknown("this computer itself dropped packets that had arrived")
		}
		if a.Received < minSamples {
			why = "too few packets came back"
		}
	} else {
		f[verdict.LossUp], f[verdict.LossDown] = verdict.Unknown(why), verdict.Unknown(why)
	}
	if a.OverTCP > 0 {
		f[verdict.LossUp], f[verdict.LossDown] = verdict.Unseen(whyLossHidden), verdict.Unseen(whyLossHidden)
	}
	delay := func(h *ippm.Histogram) verdict.Fact {
		d, ok := h.Quantile(0.5)
		if why != "" || !ok {
			return verdict.Unknown(why)
		}
		s, b := d.Seconds(), a.OneWayBound.Seconds()
		return verdict.Known(s, max(s-b, 0), s+b, int(h.Count()))
	}
	if m, ok := a.RoundTrip.Quantile(0.5); ok && why == "" {
		f[verdict.RoundTripDelay] = verdict.Known(m.Seconds(), m.Seconds(), m.Seconds(), int(a.RoundTrip.Count()))
	} else {
		f[verdict.RoundTripDelay] = verdict.Unknown(why)
	}
	variation := func(h *ippm.Histogram) verdict.Fact {
		if a.Disturbed*disturbedMost > a.Received {
			return verdict.Unknown("this computer was too busy to answer on time")
		}
		d, ok := h.Quantile(0.99)
		if !ok {
			d, ok = h.Quantile(0.95)
		}
		if why != "" || !ok {
			return verdict.Unknown(why)
		}
		s := d.Seconds()
		return verdict.Known(s, s, s, int(h.Count()))
	}
	f[verdict.OneWayDelayUp], f[verdict.OneWayDelayDown] = delay(&a.OneWayUp), delay(&a.OneWayDown)
	f[verdict.DelayVariationUp], f[verdict.DelayVariationDown] = variation(&a.PDVUp), variation(&a.PDVDown)
}

// rateFact combines a floor test with a capacity search: the search is more exact,
// the floor test decides the minimum.
func rateFact(f ratetest.Floor, c ratetest.Capacity) verdict.Fact {
	fact := verdict.Fact{Value: f.Rate.Value, Low: f.Rate.Low, High: f.Rate.High, Minimum: f.Decision, Samples: f.Trains + c.Trains, Why: f.Why}
	if c.Rate.Value != nil {
		fact.Value, fact.Low, fact.High = c.Rate.Value, c.Rate.Low, c.Rate.High
		fact.Why = ""
		if f.Decision == ippm.Reject {
			fact.Why = f.Why // why the test missed it at first, if known
		}
		bound := f.Target * (1 - verdict.Tolerance)
		if f.Decision == ippm.Accept && *c.Rate.High < bound || f.Decision == ippm.Reject && *c.Rate.Low >= bound {
			fact.Minimum = ippm.Undecided // the two disagree: the link varies, or one is wrong
			fact.Low, fact.High = lower(f.Rate.Low, c.Rate.Low), higher(f.Rate.High, c.Rate.High)
			fact.Why = "two tests disagree; the link's rate varies"
		}
	} else if fact.Value == nil && c.Rate.Low != nil && (fact.Low == nil || *c.Rate.Low > *fact.Low) {
		fact.Low = c.Rate.Low
		fact.Why = ""
		if c.Why == ratetest.WhyRateHidden {
			fact.Why = c.Why
		}
	}
	return fact
}

func lower(a, b *float64) *float64 {
	if a == nil || b != nil && *b < *a {
		return b
	}
	return a
}

func higher(a, b *float64) *float64 {
	if a == nil || b == nil {
		return nil
	}
	if *a > *b {
		return a
	}
	return b
}

// udpFact adds the fact that UDP is blocked; it adds none if UDP works.
func udpFact(f verdict.Facts, transport string, blocked link.Reason) {
	switch {
	case transport == string(link.UDP):
	case blocked == link.ReasonPathMTU:
		f[verdict.UDP] = verdict.Unknown(whyPathMTU)
	case blocked == "":
		f[verdict.UDP] = verdict.Unknown(whyUDPUntried)
	default:
		f[verdict.UDP] = verdict.Unknown(whyUDPBlocked)
	}
}
