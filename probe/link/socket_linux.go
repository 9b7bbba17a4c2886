package link

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"examlink/probe/wire"
)

// batchWrites reports that the system can send several packets with one call.
const batchWrites = true

// Chosen by us.
const (
	// Send stamps cost a system call each, so a busy socket has only some of
	// its packets stamped: this many in each span.
	stampSpan = 100 * time.Millisecond
	stampMost = 200
	// stampRing is how many packets may wait for their send stamp.
	stampRing = 1024
	// stampLate is the longest time a packet may take to leave the host; a stamp
	// further off was spoilt by a step of the wall clock.
	stampLate = time.Second
)

// timestamping requests software stamps on receipt, and numbered software stamps on
// sending for packets that request one by a control message.
const timestamping = unix.SOF_TIMESTAMPING_SOFTWARE | unix.SOF_TIMESTAMPING_RX_SOFTWARE |
	unix.SOF_TIMESTAMPING_OPT_TSONLY | unix.SOF_TIMESTAMPING_OPT_ID | unix.SOF_TIMESTAMPING_OPT_CMSG

// enableReceiveStamps makes the kernel stamp packets as they arrive and count those it
// drops for lack of room. It reports whether send stamps are available too. Without
// kernel stamps, the process takes them.
func enableReceiveStamps(c *net.UDPConn) (sending bool) {
	raw, err := c.SyscallConn()
	if err != nil {
		return false
	}
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1)
		if unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPING, timestamping) == nil {
			sending = true
			return
		}
		_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	})
	return sending
}

// controls reads the control messages of a received packet: the kernel's receive
// stamp, and how many packets the socket has dropped so far. others are the remaining
// messages, in place.
func controls(oob []byte) (stamp time.Time, stamped bool, overflow uint32, others []byte) {
	others = oob[:0]
	for rest := oob; len(rest) > 0; {
		h, body, next, err := unix.ParseOneSocketControlMessage(rest)
		if err != nil {
			break
		}
		whole := rest[:len(rest)-len(next)]
		switch {
		case h.Level == unix.SOL_SOCKET && (h.Type == unix.SCM_TIMESTAMPING || h.Type == unix.SCM_TIMESTAMPNS) && len(body) >= 16:
			stamp, stamped = timespec(body), true
		case h.Level == unix.SOL_SOCKET && h.Type == unix.SO_RXQ_OVFL && len(body) >= 4:
			overflow = binary.NativeEndian.Uint32(body)
		default:
			others = append(others, whole...)
		}
		rest = next
	}
	return stamp, stamped, overflow, others
}

func timespec(b []byte) time.Time {
	return time.Unix(int64(binary.NativeEndian.Uint64(b)), int64(binary.NativeEndian.Uint64(b[8:])))
}

// stamper requests send stamps from the kernel and matches them, as they arrive on the
// socket's error queue, with the packets. The kernel numbers packets in the order of
// the calls, so the calls are made one at a time.
type stamper struct {
	raw interface{ Control(func(uintptr)) error }
	ask []byte // the control message that requests a stamp

	mu      sync.Mutex
	next    uint32
	asked   [stampRing]asked
	waiting int
	span    time.Time
	inSpan  int

	oob [512]byte // of the reader's
	out []Sent
}

type asked struct {
	id    uint32
	sent  Sent // At is the process's own reading before the call
	wall  time.Time
	valid bool
}

func newStamper(c *net.UDPConn) *stamper {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil
	}
	ask := make([]byte, unix.CmsgSpace(4))
	binary.NativeEndian.PutUint64(ask, uint64(unix.CmsgLen(4))) // cmsghdr: a size_t, two ints
	binary.NativeEndian.PutUint32(ask[8:], unix.SOL_SOCKET)
	binary.NativeEndian.PutUint32(ask[12:], unix.SO_TIMESTAMPING)
	binary.NativeEndian.PutUint32(ask[16:], unix.SOF_TIMESTAMPING_TX_SOFTWARE)
	return &stamper{raw: raw, ask: ask}
}

// wants reports whether n more packets should be stamped now. Called locked.
func (t *stamper) wants(n int, now time.Time) bool {
	if now.Sub(t.span) >= stampSpan {
		t.span, t.inSpan = now, 0
	}
	if t.inSpan+n > stampMost || t.waiting+n > stampRing {
		return false
	}
	t.inSpan += n
	return true
}

// note records the k-th packet of the next call. Called locked.
func (t *stamper) note(k int, b []byte, at time.Duration, wall time.Time) {
	id := t.next + uint32(k)
	h, err := wire.ParseHeader(b)
	t.asked[id%stampRing] = asked{id: id, wall: wall, valid: err == nil, sent: Sent{Kind: h.Kind, Flow: h.Flow, Seq: h.Seq, At: at}}
}

// resync restarts the numbering after a failed call, which may or may not have used up
// a number. Called locked.
func (t *stamper) resync() {
	_ = t.raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPING, timestamping&^unix.SOF_TIMESTAMPING_OPT_ID)
		_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPING, timestamping)
	})
	t.next, t.waiting, t.asked = 0, 0, [stampRing]asked{}
}

// send sends one packet and requests its send stamp.
func (t *stamper) send(c *net.UDPConn, b []byte, to netip.AddrPort, now func() time.Duration) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	wall := time.Now()
	if !t.wants(1, wall) {
		_, err := c.WriteToUDPAddrPort(b, to)
		return err
	}
	t.note(0, b, now(), wall)
	if _, _, err := c.WriteMsgUDPAddrPort(b, t.ask, to); err != nil {
		t.resync()
		return err
	}
	t.next++
	t.waiting++
	return nil
}

// begin records a batch to be sent and returns the control message to send with each
// packet, nil if none is to be stamped. end must follow.
func (t *stamper) begin(out []Outgoing, at time.Duration) (ask []byte) {
	t.mu.Lock()
	wall := time.Now()
	if !t.wants(len(out), wall) {
		return nil
	}
	for k, o := range out {
		t.note(k, o.Data, at, wall)
	}
	return t.ask
}

// end records how many packets of a batch were stamped and how many calls failed.
func (t *stamper) end(stamped, failed int) {
	defer t.mu.Unlock()
	t.next += uint32(stamped)
	t.waiting += stamped
	if failed > 0 {
		t.resync()
	}
}

// drain reads the available stamps. The result is valid until the next call. It runs
// on the read loop.
func (t *stamper) drain() []Sent {
	t.out = t.out[:0]
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waiting == 0 {
		return nil
	}
	_ = t.raw.Control(func(fd uintptr) {
		for range stampRing {
			_, n, _, _, err := unix.Recvmsg(int(fd), nil, t.oob[:], unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
			if errors.Is(err, unix.EINTR) {
				continue
			}
			if err != nil {
				return
			}
			t.take(t.oob[:n])
		}
	})
	return t.out
}

// take handles one message of the error queue.
func (t *stamper) take(oob []byte) {
	var at time.Time
	var id uint32
	var stamped, numbered bool
	for len(oob) > 0 {
		h, body, rest, err := unix.ParseOneSocketControlMessage(oob)
		if err != nil {
			return
		}
		switch {
		case h.Level == unix.SOL_SOCKET && h.Type == unix.SCM_TIMESTAMPING && len(body) >= 16:
			at, stamped = timespec(body), true
		case (h.Level == unix.SOL_IP && h.Type == unix.IP_RECVERR || h.Level == unix.SOL_IPV6 && h.Type == unix.IPV6_RECVERR) && len(body) >= 16:
			// struct sock_extended_err: errno, origin, type, code, pad, info, data.
			if body[4] == unix.SO_EE_ORIGIN_TIMESTAMPING {
				id, numbered = binary.NativeEndian.Uint32(body[12:]), true
			}
		}
		oob = rest
	}
	if !stamped || !numbered {
		return
	}
	a := &t.asked[id%stampRing]
	if !a.valid || a.id != id {
		return
	}
	a.valid = false
	t.waiting--
	if took := at.Sub(a.wall.Round(0)); took >= 0 && took <= stampLate {
		a.sent.At += took
		t.out = append(t.out, a.sent)
	}
}

// segmentSize returns into packets of which size the system cuts what is written with
// these control messages; 0: it does not cut.
func segmentSize(oob []byte) int {
	if len(oob) == 0 {
		return 0
	}
	list, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return 0
	}
	for _, m := range list {
		if m.Header.Level == unix.IPPROTO_UDP && m.Header.Type == unix.UDP_SEGMENT && len(m.Data) >= 2 {
			return int(binary.NativeEndian.Uint16(m.Data))
		}
	}
	return 0
}
