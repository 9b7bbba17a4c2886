package agent

import (
	"testing"

	"examlink/probe"
)

// The loopback is no link: its traffic competes with nothing.
func TestDeviceToLoopback(t *testing.T) {
	for _, server := range []string{"127.0.0.1:8443", "[::1]:8443", "", "no port"} {
		if got := deviceTo(t.Context(), server); got != "" {
			t.Errorf("packets to %q leave through %q, want none", server, got)
		}
	}
	traffic := NewTraffic(probe.Options{Server: "127.0.0.1:1"})
	if _, _, ok := traffic.Read(); ok {
		t.Error("the loopback has counters")
	}
	traffic.Close()
	if _, _, ok := traffic.Read(); ok {
		t.Error("counters are known after Close")
	}
}
