package netenv

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"
)

func addrs(list ...string) (out []netip.Addr) {
	for _, s := range list {
		out = append(out, netip.MustParseAddr(s))
	}
	return out
}

func TestSameNetwork(t *testing.T) {
	home := State{Interface: "wlan0", Kind: WiFi, Addresses: addrs("192.168.1.7", "2001:db8::1"), Gateway: netip.MustParseAddr("192.168.1.1")}
	for name, c := range map[string]struct {
		change func(*State)
		same   bool
	}{
		"nothing":                    {func(*State) {}, true},
		"another IPv6 of the prefix": {func(s *State) { s.Addresses = addrs("192.168.1.7", "2001:db8::abcd", "2001:db8::1") }, true},
		"another prefix":             {func(s *State) { s.Addresses = addrs("192.168.1.7", "2001:db8:1::1") }, false},
		"another address":            {func(s *State) { s.Addresses = addrs("192.168.1.8", "2001:db8::1") }, false},
		"another gateway":            {func(s *State) { s.Gateway = netip.MustParseAddr("192.168.1.254") }, false},
		"another interface":          {func(s *State) { s.Interface = "eth0" }, false},
	} {
		other := home
		c.change(&other)
		if home.SameNetwork(other) != c.same || other.SameNetwork(home) != c.same {
			t.Errorf("%s: not %v", name, c.same)
		}
	}
}

func TestUsefulAddresses(t *testing.T) {
	got := useful(addrs("fe80::1", "127.0.0.1", "10.0.0.2", "::ffff:10.0.0.1", "10.0.0.2", "0.0.0.0", "169.254.3.4"))
	if len(got) != 2 || got[0] != netip.MustParseAddr("10.0.0.1") || got[1] != netip.MustParseAddr("10.0.0.2") {
		t.Errorf("%v", got)
	}
}

// The loopback refuses an unused port, which is an answer.
func TestRefusalIsAnAnswer(t *testing.T) {
	begun := time.Now()
	answers, known := GatewayAnswers(t.Context(), netip.MustParseAddr("127.0.0.1"))
	if !answers || !known {
		t.Errorf("answers %v, known %v", answers, known)
	}
	if d := time.Since(begun); d > gatewayWait {
		t.Errorf("took %v", d)
	}
	if answers, known := GatewayAnswers(t.Context(), netip.Addr{}); answers || known {
		t.Error("no gateway answers")
	}
}

func TestReach(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().(*net.TCPAddr).AddrPort()
	brief, stop := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer stop()
	if got := reach(brief, at); got != Mute {
		t.Errorf("a program that hangs %v", got)
	}
	served := make(chan struct{})
	go func() { // ends with the listener
		for {
			c, err := l.Accept()
			if err != nil {
				close(served)
				return
			}
			_, _ = c.Write([]byte("HTTP/1.0 400 Bad Request\r\n\r\n"))
			_ = c.Close()
		}
	}()
	if got := reach(t.Context(), at); got != Answers {
		t.Errorf("a server %v", got)
	}
	_ = l.Close()
	<-served
	if got := reach(t.Context(), at); got != Refuses {
		t.Errorf("a port that is closed %v", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := reach(ctx, at); got != Silent {
		t.Errorf("no time to answer: %v", got)
	}
	if got := reach(t.Context(), netip.AddrPort{}); got != NotKnown {
		t.Errorf("no address: %v", got)
	}
}

func TestLookUp(t *testing.T) {
	if got := lookUp(t.Context(), "192.0.2.1:8443"); got != NotKnown {
		t.Errorf("an address %v", got)
	}
	if got := lookUp(t.Context(), "localhost:8443"); got != Answers {
		t.Errorf("localhost %v", got)
	}
	if got := lookUp(t.Context(), "nobody.invalid:8443"); got != Silent {
		t.Errorf("a name that is not there %v", got)
	}
}

// The silence of a gateway that never answered proves nothing; that of one that did
// shows that it is gone.
func TestAskerRemembers(t *testing.T) {
	var a Asker
	gateway := netip.MustParseAddr("127.0.0.1")
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if got := a.gateway(done, gateway); got != NotKnown {
		t.Errorf("before: %v", got)
	}
	if got := a.gateway(t.Context(), gateway); got != Answers {
		t.Errorf("now: %v", got)
	}
	if got := a.gateway(done, gateway); got != Silent {
		t.Errorf("after: %v", got)
	}
}
