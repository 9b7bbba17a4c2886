// Package link connects the two ends: QUIC for control, with probe packets beside it
// on the same UDP socket, so that both share one NAT binding and one firewall rule;
// or, where UDP does not get through, both inside a WebSocket. It is the only
// importer of quic-go and of the WebSocket library.
// It does not know the meaning of the packets; it stamps them, distinguishes QUIC,
// probes and WebRTC by their first byte, and reports connection failures with a short
// closed list of reasons.
package link

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/ipv4"

	"examlink/probe/clock"
	"examlink/probe/wire"
)

// Chosen by us.
const (
	readBatch   = 32   // packets read with one system call where recvmmsg is available
	maxDatagram = 1500 // larger ones are not ours
	oobSize     = 256  // control messages: packet info, traffic class, time stamp
)

// Datagram is one received probe packet. Data is valid only during the Handler's
// call, and may be changed in place.
type Datagram struct {
	Data []byte
	From netip.AddrPort
	At   time.Duration // when it arrived, by the socket's clock
	Lag  time.Duration // how much later the process read it; 0 where the system does not stamp
}

// Sent is the time at which a probe packet left the host, by the socket's clock.
type Sent struct {
	Kind wire.Kind
	Flow wire.FlowID
	Seq  wire.Seq
	At   time.Duration
}

// Handler handles the probe packets of one read. It runs on the socket's read loop
// and must not block.
type Handler func([]Datagram)

// Outgoing is a probe packet to send.
type Outgoing struct {
	Data []byte
	To   netip.AddrPort
}

// Socket is a UDP socket that carries QUIC and probe packets, or the probe packets of
// one WebSocket or of one page. Reading happens inside quic-go's read loop, or the WebSocket's own;
// sending is safe for concurrent use.
type Socket struct {
	pc    net.PacketConn
	udp   *net.UDPConn // nil for a simulated socket
	queue *queue       // of a WebSocket; else nil
	// datagrams sends a packet as a datagram inside a connection; nil: not a page's
	datagrams func([]byte) error
	clock     clock.Clock
	handler   atomic.Pointer[Handler]
	leaving   atomic.Pointer[func([]Sent)]
	media     atomic.Pointer[MediaHandler] // nil: no WebRTC on this socket
	dropped   atomic.Uint64                // probe packets that arrived before there was a handler
	full      atomic.Uint32                // packets the system dropped because they were not read in time
	stamps    *stamper                     // nil where the system provides no send stamps

	watched  atomic.Int32 // addresses in watchers
	watchers sync.Map     // by netip.AddrPort: func(at time.Duration, size int)

	// Used only by the read loop.
	reader *ipv4.PacketConn
	msgs   []ipv4.Message
	batch  []Datagram
	quic   []int // indices of QUIC packets read and not yet handed over

	wmu    sync.Mutex
	writer *ipv4.PacketConn
	out    []ipv4.Message
	addrs  []net.UDPAddr
}

// NewSocket wraps a UDP socket, or a simulated one. The socket stamps packets
// with c.
func NewSocket(pc net.PacketConn, c clock.Clock) *Socket {
	s := &Socket{pc: pc, clock: c}
	if udp, ok := pc.(*net.UDPConn); ok {
		s.udp = udp
		s.reader, s.writer = ipv4.NewPacketConn(udp), ipv4.NewPacketConn(udp)
		if enableReceiveStamps(udp) {
			s.stamps = newStamper(udp)
		}
		s.msgs = make([]ipv4.Message, readBatch)
		for i := range s.msgs {
			s.msgs[i].Buffers = [][]byte{make([]byte, maxDatagram)}
			s.msgs[i].OOB = make([]byte, oobSize)
		}
		s.out = make([]ipv4.Message, readBatch)
		s.addrs = make([]net.UDPAddr, readBatch)
		for i := range s.out {
			s.out[i].Buffers = make([][]byte, 1)
			s.out[i].Addr = &s.addrs[i]
		}
	}
	s.batch = make([]Datagram, 0, readBatch)
	return s
}

// Handle sets the handler of probe packets; nil drops them.
func (s *Socket) Handle(h Handler) {
	if h == nil {
		s.handler.Store(nil)
		return
	}
	s.handler.Store(&h)
}

// HandleSent sets the handler of send stamps of probes and echoes, as far as the
// system provides them. It is called on the read loop, before the packets of the same
// read, and must not block.
func (s *Socket) HandleSent(h func([]Sent)) { s.leaving.Store(&h) }

// Overflow returns how many packets the system has dropped because this process did
// not read them in time; 0 where the system does not count them.
func (s *Socket) Overflow() uint64 { return uint64(s.full.Load()) }

// Refused returns how many packets Send has refused because TCP accepted no more; 0
// over UDP.
func (s *Socket) Refused() uint64 {
	if s.queue == nil {
		return 0
	}
	return s.queue.refused.Load()
}

// Clock returns the clock that stamps this socket's packets.
func (s *Socket) Clock() clock.Clock { return s.clock }

// Send sends one probe packet. An error means that it did not leave the host. It does
// not wait for the network: if TCP accepts no more, it returns ErrQueueFull. A
// WebSocket has one peer and ignores to.
func (s *Socket) Send(b []byte, to netip.AddrPort) error {
	if s.queue != nil {
		return s.queue.push(b)
	}
	if s.datagrams != nil {
		return s.datagrams(b)
	}
	if s.udp != nil {
		if k := wire.Kind(b[0]); s.stamps != nil && (k == wire.KindProbe || k == wire.KindEcho) && s.leaving.Load() != nil {
			return s.stamps.send(s.udp, b, to, s.clock.Now)
		}
		_, err := s.udp.WriteToUDPAddrPort(b, to)
		return err
	}
	_, err := s.pc.WriteTo(b, net.UDPAddrFromAddrPort(to))
	return err
}

// SendBatch sends probe packets with as few system calls as the system allows
// and returns how many did not leave the host.
func (s *Socket) SendBatch(out []Outgoing) (failed int) {
	if s.udp == nil || !batchWrites {
		for _, o := range out {
			if s.Send(o.Data, o.To) != nil {
				failed++
			}
		}
		return failed
	}
	s.wmu.Lock()
	defer s.wmu.Unlock()
	for len(out) > 0 {
		n := min(len(out), len(s.out))
		for i, o := range out[:n] {
			s.out[i].Buffers[0] = o.Data
			a := &s.addrs[i]
			ip := o.To.Addr().As16()
			a.IP = append(a.IP[:0], ip[:]...)
			if o.To.Addr().Is4() {
				a.IP = a.IP[12:]
			}
			a.Port = int(o.To.Port())
		}
		var ask []byte
		stamping := s.stamps != nil && s.leaving.Load() != nil
		if stamping {
			ask = s.stamps.begin(out[:n], s.clock.Now())
		}
		for i := range n {
			s.out[i].OOB = ask
		}
		out = out[n:]
		bad := 0
		for k := 0; k < n; {
			m, err := s.writer.WriteBatch(s.out[k:n], 0)
			if err != nil || m <= 0 {
				bad++ // the first of the rest could not be sent; continue behind it
				m = 1
			}
			k += m
		}
		if stamping {
			stamped := 0
			if ask != nil {
				stamped = n
			}
			s.stamps.end(stamped, bad)
		}
		failed += bad
	}
	return failed
}

// tell passes pending send stamps to their handler.
func (s *Socket) tell() {
	if h := s.leaving.Load(); s.stamps != nil && h != nil {
		if sent := s.stamps.drain(); len(sent) > 0 {
			(*h)(sent)
		}
	}
}

// deliver passes the collected probe packets to the handler.
func (s *Socket) deliver() {
	if len(s.batch) == 0 {
		return
	}
	if h := s.handler.Load(); h != nil {
		(*h)(s.batch)
	} else {
		s.dropped.Add(uint64(len(s.batch)))
	}
	s.batch = s.batch[:0]
}

// packetConn returns what quic-go reads from.
func (s *Socket) packetConn() net.PacketConn {
	if s.udp != nil {
		return &udpDemux{UDPConn: s.udp, s: s}
	}
	return &demux{PacketConn: s.pc, s: s}
}
