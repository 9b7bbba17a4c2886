package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"

	"github.com/prometheus/client_golang/prometheus"

	"examlink/cmd/internal/daemon"
	"examlink/cmd/internal/window"
)

// watchPage serves the metrics of a watch and, beside them, its page.
type watchPage struct {
	feed     *windowFeed
	listen   string // where; empty: nowhere
	registry *prometheus.Registry
	log      *slog.Logger
	stderr   io.Writer
	verbose  bool

	address string // of the page, once it is served; empty: it is not
}

// serve serves until the returned function is called, and opens the page in the browser
// if asked to. If it cannot listen, the watch goes on without: the exam matters more.
func (p *watchPage) serve(ctx context.Context, open bool) (stop func()) {
	if p.listen == "" {
		return func() {}
	}
	l, err := net.Listen("tcp", p.listen)
	if err != nil {
		fmt.Fprintf(p.stderr, "examlink: metrics listener: %v; watching without metrics and without a page\n", err)
		return func() {}
	}
	admin := daemon.NewAdminOn([]net.Listener{l}, daemon.AdminOptions{Gatherer: p.registry, Ready: func() bool { return true }, Log: p.log})
	if p.verbose {
		fmt.Fprintf(p.stderr, "metrics on http://%s/metrics\n", admin.Address())
	}
	page, err := window.New(window.Options{Listener: l.Addr(), State: p.feed.state, Record: p.feed.recordFile, Report: reportPage})
	if err != nil {
		fmt.Fprintf(p.stderr, "examlink: the page of this watch is not served: client.metrics_listen: %v\n", err)
	} else {
		admin.Handle(window.Prefix, page)
		p.address = page.Address()
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { // ends with ctx
		defer close(done)
		_ = admin.Run(ctx)
	}()
	if p.address != "" {
		p.introduce(open)
	}
	return func() { cancel(); <-done }
}

// show shows a notification on the desktop.
func (p *watchPage) show(title, text string) error { return showOnDesktop(title, p.notice(text)) }

// notice adds the address of the page to the text of a notification: the library has no
// links and no actions, so it is written out.
func (p *watchPage) notice(text string) string {
	if p.address == "" {
		return text
	}
	return text + "\nDetails: " + p.address
}

// introduce says where the page is, once.
func (p *watchPage) introduce(open bool) {
	fmt.Fprintf(p.stderr, "The same as a page, for this computer only:\n  %s\n", p.address)
	if !open {
		return
	}
	if err := openInBrowser(p.address); err != nil {
		fmt.Fprintf(p.stderr, "examlink: %v\n", err)
	}
}
