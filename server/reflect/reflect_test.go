package reflect

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"examlink/probe/clock"
	"examlink/probe/link"
	"examlink/probe/wire"
	"examlink/server/session"
)

// noTrains is a session without trains.
type noTrains struct{}

func (noTrains) Packet(wire.TrainPacket, []byte, link.Datagram, int64) (f wire.Feedback, send, ok bool) {
	return f, false, false
}
func (noTrains) Feedback(wire.Feedback) {}
func (noTrains) Running() bool          { return false }

// bench returns a read loop with one flow, fed without a network.
func bench(tb testing.TB) (*Loop, *link.Flow) {
	tb.Helper()
	up, down := bytes.Repeat([]byte{1}, wire.KeySize), bytes.Repeat([]byte{2}, wire.KeySize)
	far, err := link.NewFlow(7, up, down)
	if err != nil {
		tb.Fatal(err)
	}
	near, err := link.NewFlow(7, down, up)
	if err != nil {
		tb.Fatal(err)
	}
	t := NewTable(clock.NewSystem())
	t.Add(&Flow{Session: new(session.Session), Link: near, trains: noTrains{}, grant: rate.NewLimiter(rate.Inf, 1)}, nil)
	return t.loop(nil, batchUDP), far
}

// one makes and reflects one probe, and forgets the reply.
func one(tb testing.TB, l *Loop, far *link.Flow, buf []byte, from netip.AddrPort) {
	b, err := far.Seal(buf, wire.KindProbe, far.Next(wire.KindProbe), wire.MinPacketSize, func(b []byte) []byte {
		return wire.AppendProbe(b, wire.Probe{Sent: 1})
	})
	if err != nil {
		tb.Fatal(err)
	}
	l.packet(link.Datagram{Data: b, From: from, At: time.Second})
	if len(l.replies) != 1 {
		tb.Fatal("not reflected")
	}
	l.replies = l.replies[:0]
}

func TestReflectingAllocatesNothing(t *testing.T) {
	l, far := bench(t)
	buf, from := make([]byte, 0, wire.MaxPacketSize), netip.MustParseAddrPort("127.0.0.1:9")
	if n := testing.AllocsPerRun(1000, func() { one(t, l, far, buf, from) }); n != 0 {
		t.Errorf("%v allocations for each probe", n)
	}
}

// BenchmarkReflect measures one probe: sealed by the student, opened and
// counted, and its echo sealed by the server; no system calls.
func BenchmarkReflect(b *testing.B) {
	l, far := bench(b)
	buf, from := make([]byte, 0, wire.MaxPacketSize), netip.MustParseAddrPort("127.0.0.1:9")
	b.ReportAllocs()
	for b.Loop() {
		one(b, l, far, buf, from)
	}
}
