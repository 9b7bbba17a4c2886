package link

// Traits describes what a transport hides and adds, so that callers can widen an
// interval or report a bound without knowing the transport.
type Traits struct {
	// HidesLoss: lost packets are retransmitted, so a loss shows as delay.
	HidesLoss bool
	// CongestionControlled: a lower layer paces the data, so a measured rate is that
	// layer's, and at most the link's.
	CongestionControlled bool
	// Streams: further streams can be opened beside the control stream.
	Streams bool
	// Stamps: packets are stamped where they leave and enter this host, by the system
	// if possible. Otherwise a stamp is when a program wrote or read.
	Stamps bool
}

// Traits returns the traits of the connection's transport.
func (c *Conn) Traits() Traits {
	if c.Transport() == UDP {
		return Traits{Streams: true, Stamps: true}
	}
	return Traits{HidesLoss: true, CongestionControlled: true}
}
