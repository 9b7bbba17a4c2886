// Package ippm computes the IETF's IP performance metrics: delay (RFC 2681,
// 7679), delay variation (RFC 3393, 5481, 3550), loss and loss runs (RFC 7680,
// 3357), reordering (RFC 4737), duplication (RFC 5560), rates at the IP layer
// (RFC 9097), and the statistics to judge them with.
//
// It is arithmetic only: it does no I/O, starts no goroutine, reads no clock,
// and does not know whether a value is good enough.
package ippm

import (
	"fmt"
	"math"
	"time"
)

// Rate is a rate in bits per second at the IP layer: IP headers count, link
// headers do not.
type Rate float64

// Common multiples of a Rate.
const (
	BitPerSecond  Rate = 1
	KbitPerSecond      = 1000 * BitPerSecond
	MbitPerSecond      = 1000 * KbitPerSecond
)

// Mbit returns the rate in Mbit/s.
func (r Rate) Mbit() float64 { return float64(r) / 1e6 }

// BytesPerSecond returns the rate in bytes per second.
func (r Rate) BytesPerSecond() float64 { return float64(r) / 8 }

// Time returns the time n bytes take at this rate.
func (r Rate) Time(n int) time.Duration {
	return time.Duration(float64(n) * 8 / float64(r) * float64(time.Second))
}

// String formats the rate in Mbit/s with at least three significant digits.
func (r Rate) String() string {
	switch m := r.Mbit(); {
	case math.IsNaN(m):
		return "unknown"
	case m >= 100:
		return fmt.Sprintf("%.0f Mbit/s", m)
	case m >= 10:
		return fmt.Sprintf("%.1f Mbit/s", m)
	default:
		return fmt.Sprintf("%.3g Mbit/s", math.Round(m*1000)/1000)
	}
}

// IPSize returns the size at the IP layer of a UDP datagram with n bytes of
// payload: 28 bytes of headers over IPv4, 48 over IPv6.
func IPSize(n int, ipv6 bool) int {
	if ipv6 {
		return n + 48
	}
	return n + 28
}
