package server

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"
)

// Chosen by us.
const (
	reachedTime = 2 * time.Second // for a question to the DNS
	reachedMost = 4               // addresses of a name
)

// reached returns the addresses at which a page reaches this server: its own address as a
// browser shows it, host:port. A name is looked up only if the join token has it, so that a
// page cannot make the server ask for others.
func reached(ctx context.Context, page string, servers []string) (list []netip.AddrPort, err error) {
	host, text, err := net.SplitHostPort(page)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 {
		return nil, fmt.Errorf("the page is at port %.20q, expected 1 to 65535", text)
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.AddrPort{netip.AddrPortFrom(a.Unmap().WithZone(""), uint16(port))}, nil
	}
	named := slices.ContainsFunc(servers, func(s string) bool {
		h, _, err := net.SplitHostPort(s)
		return err == nil && h == host
	})
	if !named {
		return nil, fmt.Errorf("the page is at %.100q, which the join token does not name", host)
	}
	ctx, cancel := context.WithTimeout(ctx, reachedTime)
	defer cancel()
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, fmt.Errorf("this server cannot look up its own name: %w", err)
	}
	for _, a := range found[:min(len(found), reachedMost)] {
		list = append(list, netip.AddrPortFrom(a.Unmap(), uint16(port)))
	}
	return list, nil
}
