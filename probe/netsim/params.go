package netsim

import (
	"time"

	"examlink/probe/ippm"
)

// Params describes one direction of a link. The zero value passes everything
// at once. Probabilities are 0 to 1.
type Params struct {
	Rate      ippm.Rate     // IP-layer rate; 0: unlimited
	Trace     *Trace        // delivery opportunities, instead of Rate and Bucket; nil: none
	Bucket    int           // token bucket in bytes that pass at once after idling; 0: serialize byte by byte
	Queue     int           // bytes that may wait; 0: QueueTime decides
	QueueTime time.Duration // time's worth of bytes that may wait at the mean rate; 0 and Queue 0: no limit

	Delay     time.Duration // propagation delay
	Jitter    time.Duration // mean of an exponential delay added to each packet
	KeepOrder bool          // jitter delays packets behind, instead of reordering

	Loss       float64       // independent loss behind the queue
	BurstStart float64       // probability to enter the lossy state of a Gilbert chain
	BurstEnd   float64       // probability to leave it
	Duplicate  float64       // probability that a packet arrives twice
	Reorder    float64       // probability that a packet is held back by ReorderBy
	ReorderBy  time.Duration // how long

	Outage bool // nothing gets in
}

// MeanRate is the IP-layer rate in the long run; 0: unlimited.
func (p Params) MeanRate() ippm.Rate {
	if p.Trace != nil {
		return p.Trace.Rate()
	}
	return p.Rate
}

// Counters is the truth about what one direction did. Packets in the queue or
// in flight are in Offered only.
type Counters struct {
	Offered        uint64        `json:"offered"`
	Delivered      uint64        `json:"delivered"`
	Duplicated     uint64        `json:"duplicated"`
	Reordered      uint64        `json:"reordered"`
	LostRandom     uint64        `json:"lost_random"`
	LostQueue      uint64        `json:"lost_queue"`
	LostOutage     uint64        `json:"lost_outage"`
	OfferedBytes   uint64        `json:"offered_bytes"`
	DeliveredBytes uint64        `json:"delivered_bytes"`
	MaxWait        time.Duration `json:"max_wait_ns"` // longest time from entering to leaving the queue

	// Packets counted apart; see CountSize and Probes.
	ProbesOffered uint64 `json:"-"`
	ProbesLost    uint64 `json:"-"`
}

// Lost is every packet that did not get through.
func (c Counters) Lost() uint64 { return c.LostRandom + c.LostQueue + c.LostOutage }
