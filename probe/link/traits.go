package link

// Traits say what a transport hides and adds, so that its users widen an interval
// or make a bound of it without knowing which transport it is.
type Traits struct {
	// HidesLoss: lost packets are sent again, so that a loss shows as delay.
	HidesLoss bool
	// CongestionControlled: something below paces what is sent, so that a rate that
	// is read is its own, and at most the link's.
	CongestionControlled bool
	// Streams: further streams can be opened beside the control stream.
	Streams bool
	// Stamps: packets are stamped where they leave and enter this host, by the
	// system where it can. Without, a stamp is when a program wrote or read.
	Stamps bool
}

// Traits are those of the connection's transport.
func (c *Conn) Traits() Traits {
	if c.Transport() == UDP {
		return Traits{Streams: true, Stamps: true}
	}
	return Traits{HidesLoss: true, CongestionControlled: true}
}
