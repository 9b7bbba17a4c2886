package server

import (
	"net/netip"
	"sync"

	"golang.org/x/time/rate"

	"examlink/server/event"
)

// addressTable is the maximum number of addresses with a handshake limiter.
const addressTable = 4096

// handshakes limits the rate at which addresses open connections. It is safe
// for concurrent use.
type handshakes struct {
	limits func() Limits

	mu        sync.Mutex
	addresses map[netip.Addr]*rate.Limiter
	retry     *rate.Limiter
}

func newHandshakes(limits func() Limits) *handshakes {
	r := limits().RetryRate
	return &handshakes{limits: limits, addresses: map[netip.Addr]*rate.Limiter{}, retry: rate.NewLimiter(rate.Limit(r), int(r)+1)}
}

// suspicious reports whether an address must be validated before its handshake
// counts: when the total rate or the address's own rate is high.
func (h *handshakes) suspicious(a netip.Addr) bool {
	if !h.retry.Allow() {
		return true
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	l := h.limiter(a)
	return l.Tokens() < float64(l.Burst())/2
}

// limiter returns the limiter of an address. Called locked.
func (h *handshakes) limiter(a netip.Addr) *rate.Limiter {
	l := h.addresses[a]
	if l == nil {
		if len(h.addresses) >= addressTable {
			clear(h.addresses) // forgets fast addresses; Retry still limits the total
		}
		most := h.limits().HandshakeRate
		l = rate.NewLimiter(rate.Limit(most), int(most)+1)
		h.addresses[a] = l
	}
	return l
}

// admit charges a handshake to its address. An address that is not validated is
// never refused, because its handshakes may be spoofed.
func (h *handshakes) admit(a netip.Addr, proved bool) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.limiter(a).Allow() || !proved
}

// reload puts limits in force; swap does so for the rest of the server and
// returns the previous limits.
func (h *handshakes) reload(l Limits, swap func() Limits) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if before := swap(); l.HandshakeRate != before.HandshakeRate {
		clear(h.addresses) // they are recreated at the new rate
	}
	h.retry.SetLimit(rate.Limit(l.RetryRate))
	h.retry.SetBurst(int(l.RetryRate) + 1)
}

// admitHandshake charges a handshake to its source address.
func (s *Server) admitHandshake(a netip.Addr, proved bool) bool {
	ok := s.handshakes.admit(a, proved)
	if !ok {
		s.events.Publish(event.Event{At: s.o.Clock.Wall(), Payload: event.Refused{Reason: "handshake-rate"}})
	}
	return ok
}
