package netsim

import (
	"time"

	"examlink/probe/ippm"
)

// Params describes one direction of a link. The zero value passes everything
// immediately. Probabilities are 0 to 1.
type Params struct {
	Rate      ippm.Rate     // IP-layer rate; 0: unlimited
	Trace     *Trace        // delivery opportunities, instead of Rate and Bucket; nil: none
	Bucket    int           // token bucket in bytes, for bursts after idling; 0: serialize byte by byte
	Queue     int           // maximum bytes queued; 0: QueueTime applies
	QueueTime time.Duration // maximum queue as time at the mean rate; 0 and Queue 0: no limit

	// A policer in front of the queue drops at once what exceeds PoliceRate after
	// PoliceBurst bytes; 0: none.
	PoliceRate  ippm.Rate
	PoliceBurst int
	MTU         int // largest packet in bytes; larger ones are dropped silently; 0: no limit

	Delay     time.Duration // propagation delay
	Jitter    time.Duration // mean of an exponential delay added to each packet
	KeepOrder bool          // jitter delays later packets, too, instead of reordering

	Loss       float64       // independent loss after the queue
	BurstStart float64       // probability of entering the lossy state of a Gilbert chain
	BurstEnd   float64       // probability of leaving it
	Duplicate  float64       // probability that a packet arrives twice
	Reorder    float64       // probability that a packet is delayed by ReorderBy
	ReorderBy  time.Duration // the delay

	Outage bool // nothing enters the link
}

// MeanRate returns the long-term IP-layer rate; 0: unlimited.
func (p Params) MeanRate() ippm.Rate {
	if p.Trace != nil {
		return p.Trace.Rate()
	}
	return p.Rate
}

// Counters holds the true counts of one direction. Packets in the queue or in
// flight are in Offered only.
type Counters struct {
	Offered        uint64        `json:"offered"`
	Delivered      uint64        `json:"delivered"`
	Duplicated     uint64        `json:"duplicated"`
	Reordered      uint64        `json:"reordered"`
	LostRandom     uint64        `json:"lost_random"`
	LostQueue      uint64        `json:"lost_queue"`
	LostPoliced    uint64        `json:"lost_policed,omitempty"`
	LostTooLarge   uint64        `json:"lost_too_large,omitempty"`
	LostOutage     uint64        `json:"lost_outage"`
	OfferedBytes   uint64        `json:"offered_bytes"`
	DeliveredBytes uint64        `json:"delivered_bytes"`
	MaxWait        time.Duration `json:"max_wait_ns"` // longest time from entering to leaving the queue

	// Separately counted packets; see CountSize and Probes.
	ProbesOffered uint64 `json:"-"`
	ProbesLost    uint64 `json:"-"`
}

// Lost returns the number of packets that did not get through.
func (c Counters) Lost() uint64 {
	return c.LostRandom + c.LostQueue + c.LostOutage + c.LostPoliced + c.LostTooLarge
}
