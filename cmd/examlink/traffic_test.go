package main

import "testing"

// The loopback is no link: what goes over it is nobody's video.
func TestWayToLoopback(t *testing.T) {
	for _, server := range []string{"127.0.0.1:8443", "[::1]:8443", "", "no port"} {
		if got := wayTo(server); got != "" {
			t.Errorf("the way to %q is %q, want none", server, got)
		}
	}
	if _, _, ok := (&ownTraffic{server: "127.0.0.1:1"}).read(); ok {
		t.Error("the loopback has counters")
	}
}
