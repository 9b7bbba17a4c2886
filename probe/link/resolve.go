package link

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// resolutionDelay is how long IPv4 addresses wait for IPv6 addresses, as RFC 8305
// recommends in section 3.
const resolutionDelay = 50 * time.Millisecond

// rememberAfter is how long a look-up may take before the remembered address is tried
// beside it. Chosen by us: a resolver that got no answer retries only after seconds.
const rememberAfter = 500 * time.Millisecond

// Resolver looks names up; *net.Resolver implements it. It must return when ctx ends.
type Resolver interface {
	// LookupNetIP returns the addresses of host; network is ip4 or ip6.
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// finding holds some of the server's addresses, or the error of the look-up.
type finding struct {
	addrs      []netip.Addr // each family in order of preference; the families in any order
	remembered bool         // not looked up but kept from an earlier connection
	err        error        // the name could not be looked up
}

// target splits host:port. The host may be a name or an address.
func target(ctx context.Context, server string) (host string, port uint16, err error) {
	host, service, err := net.SplitHostPort(server)
	if err != nil {
		return "", 0, fmt.Errorf("%w, expected host:port", err)
	}
	n, err := net.DefaultResolver.LookupPort(ctx, "udp", service)
	if err != nil {
		return "", 0, err
	}
	return host, uint16(n), nil //nolint:gosec // LookupPort returns 0 to 65535
}

// resolve sends the server's addresses as they become known, and the error if there
// are none, then closes the channel; ctx bounds it. Both families are queried at once.
func (o DialOptions) resolve(ctx context.Context, host string) <-chan finding {
	out := make(chan finding, 4) // the most findings possible
	a, err := netip.ParseAddr(host)
	switch {
	case err == nil:
		out <- finding{addrs: []netip.Addr{reachable(a)}}
		close(out)
		return out
	case host == "":
		host = "localhost"
	}
	go func() { // ends when both look-ups have, which ctx bounds
		defer close(out)
		o.lookUp(ctx, host, out)
	}()
	return out
}

// reachable returns the address to dial for a literal address.
func reachable(a netip.Addr) netip.Addr {
	a = a.Unmap()
	switch a {
	case netip.IPv4Unspecified():
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	case netip.IPv6Unspecified():
		return netip.IPv6Loopback()
	}
	return a
}

// lookUp looks a name up in both families (RFC 8305, section 3): it sends IPv6
// addresses at once, and IPv4 addresses when the IPv6 result is known or
// resolutionDelay has passed.
func (o DialOptions) lookUp(ctx context.Context, host string, out chan<- finding) {
	var resolver Resolver = net.DefaultResolver
	if o.Resolver != nil {
		resolver = o.Resolver
	}
	ask := func(network string) chan finding {
		answer := make(chan finding, 1)
		go func() { // ends with the look-up
			addrs, err := resolver.LookupNetIP(ctx, network, host)
			f := finding{err: err}
			for _, a := range addrs {
				f.addrs = append(f.addrs, a.Unmap())
			}
			answer <- f
		}()
		return answer
	}
	six, four := ask("ip6"), ask("ip4")
	var held []netip.Addr // of IPv4
	var waited, tooLong <-chan time.Time
	remember := func() {
		tooLong = nil
		out <- finding{addrs: []netip.Addr{o.Known}, remembered: true}
	}
	if o.Known.IsValid() {
		tooLong = time.After(rememberAfter)
	}
	found := false
	tell := func(addrs []netip.Addr) {
		held, waited = nil, nil
		if len(addrs) > 0 {
			found, tooLong = true, nil
			out <- finding{addrs: addrs}
		}
	}
	var noSix, noFour error
	for six != nil || four != nil {
		select {
		case f := <-six:
			six, noSix = nil, f.err
			tell(append(f.addrs, held...))
		case f := <-four:
			four, noFour = nil, f.err
			if six == nil {
				tell(f.addrs)
			} else if len(f.addrs) > 0 {
				held, waited = f.addrs, time.After(resolutionDelay)
			}
		case <-waited:
			tell(held)
		case <-tooLong:
			remember()
		}
	}
	if found {
		return
	}
	if tooLong != nil && ctx.Err() == nil {
		remember()
	}
	out <- finding{err: whyNoName(noSix, noFour)}
}

// whyNoName returns the more informative error of two look-ups. A name without an
// address of one family is not an error of the name service.
func whyNoName(six, four error) error {
	for _, err := range []error{four, six} {
		var dns *net.DNSError
		if errors.As(err, &dns) && !dns.IsNotFound {
			return err
		}
	}
	for _, err := range []error{four, six} {
		if err != nil {
			return err
		}
	}
	return errors.New("the name has no address")
}
