package acme_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"examlink/server/acme"
	"examlink/server/acme/acmetest"
	"examlink/server/store"
	"examlink/server/store/memory"
	"examlink/server/store/storetest"
)

// A certificate is ordered by TLS-ALPN-01, is what a browser accepts for its names only,
// and is in a file for other listeners. Later runs take it from the store.
func TestOrder(t *testing.T) {
	if testing.Short() {
		t.Skip("long: an order and its renewal take seconds of real time")
	}
	p, s, file := listen(t), memory.New(), filepath.Join(t.TempDir(), "acme.pem")
	a := acmetest.New(t, acmetest.Options{TLSPort: p.number()})
	both := func(o *acme.Options) { o.Hosts, o.File = []string{"exam.example.edu", "exam2.example.edu"}, file }
	h := newHost(t, a, s.Values(), both)
	p.serve(h)
	if err := p.verify(a, "exam.example.edu"); err == nil {
		t.Fatal("a handshake without a certificate")
	}
	if h.Trouble() == "" {
		t.Error("no trouble without a certificate")
	}
	h.Step(t.Context())
	for name, ok := range map[string]bool{"exam.example.edu": true, "exam2.example.edu": true, "exam3.example.edu": false} {
		err := p.verify(a, name)
		var wrong x509.HostnameError
		if ok && err != nil || !ok && !errors.As(err, &wrong) {
			t.Errorf("%s: %v\n%s", name, err, h.log.String())
		}
	}
	if h.Trouble() != "" || h.certificate() == nil {
		t.Fatalf("trouble: %q", h.Trouble())
	}
	third := h.certificate().NotAfter.Add(-h.certificate().NotAfter.Sub(h.certificate().NotBefore) / 3)
	if d := h.Due(); d.Before(third.Add(-48*time.Hour)) || d.After(third.Add(48*time.Hour)) {
		t.Errorf("due %v, want about %v", d, third)
	}
	pair, err := tls.LoadX509KeyPair(file, file)
	if err != nil || !pair.Leaf.Equal(h.certificate()) {
		t.Errorf("the file: %v", err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v", info.Mode(), err)
	}

	a.Away(true)
	again := newHost(t, a, s.Values(), both)
	if err := again.Load(t.Context()); err != nil || !again.certificate().Equal(h.certificate()) {
		t.Fatalf("another run: %v", err)
	}
	again.Step(t.Context())
	if a.Orders() != 1 || strings.Contains(again.log.String(), "level=ERROR") || again.Trouble() != "" {
		t.Errorf("%d orders, want 1; trouble %q\n%s", a.Orders(), again.Trouble(), again.log.String())
	}
}

// By HTTP-01 nothing is answered on the students' port.
func TestOrderByHTTP(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := listen(t)
	a := acmetest.New(t, acmetest.Options{HTTPPort: l.Addr().(*net.TCPAddr).Port, TLSPort: p.number()})
	h := newHost(t, a, memory.New().Values(), func(o *acme.Options) { o.HTTP = l })
	p.serve(h)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); h.Run(ctx) }()
	for range 300 {
		if h.certificate() != nil {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if err := p.verify(a, "exam.example.edu"); err != nil {
		t.Errorf("%v\n%s", err, h.log.String())
	}
	cancel()
	<-done
	if _, err := net.Dial("tcp", l.Addr().String()); err == nil {
		t.Error("the listener for challenges is open after the end")
	}
}

// Of servers that share a store one orders, and another answers for it.
func TestSeveralServers(t *testing.T) {
	p, s := listen(t), memory.New()
	a := acmetest.New(t, acmetest.Options{TLSPort: p.number()})
	one, two := newHost(t, a, s.Values(), nil), newHost(t, a, s.Values(), nil)
	p.serve(two)
	one.Step(t.Context())
	if one.certificate() == nil {
		t.Fatalf("no certificate:\n%s", one.log.String())
	}
	two.Step(t.Context())
	if two.certificate() == nil || !two.certificate().Equal(one.certificate()) || a.Orders() != 1 {
		t.Errorf("%d orders, want 1\n%s", a.Orders(), two.log.String())
	}
	// Another secret is another certificate: neither touches what it cannot read.
	stranger := newHost(t, a, s.Values(), func(o *acme.Options) { o.Seal = [32]byte{2} })
	p.serve(stranger)
	stranger.Step(t.Context())
	one.Step(t.Context())
	if stranger.certificate() == nil || stranger.certificate().Equal(one.certificate()) || a.Orders() != 2 {
		t.Errorf("%d orders, want 2\n%s", a.Orders(), stranger.log.String())
	}
}

// A turn that another server has taken is waited for.
func TestTurnOfAnother(t *testing.T) {
	p, s := listen(t), memory.New()
	a := acmetest.New(t, acmetest.Options{TLSPort: p.number()})
	values := &held{Values: s.Values(), turn: make(chan struct{}), goOn: make(chan struct{})}
	one, two := newHost(t, a, values, nil), newHost(t, a, s.Values(), nil)
	p.serve(one)
	done := make(chan struct{})
	go func() { defer close(done); one.Step(t.Context()) }()
	<-values.turn // it has taken the turn
	if wait := two.Step(t.Context()); wait != 5*time.Second || two.certificate() != nil || a.Orders() != 0 {
		t.Errorf("waits %v, %d orders, want 5 s and none", wait, a.Orders())
	}
	close(values.goOn)
	<-done
	two.Step(t.Context())
	if two.certificate() == nil || a.Orders() != 1 {
		t.Errorf("%d orders, want 1", a.Orders())
	}
}

// held is a store whose user is held up once it has taken the turn.
type held struct {
	store.Values
	turn, goOn chan struct{}
	taken      bool
	killed     func() // instead of being held up, it writes nothing any more
}

func (h *held) Put(ctx context.Context, name string, body []byte, over uint64) (uint64, error) {
	if h.killed != nil && h.taken {
		return 0, errors.New("killed")
	}
	v, err := h.Values.Put(ctx, name, body, over)
	if strings.Contains(name, "turn") && !h.taken {
		h.taken = true
		if h.killed != nil {
			h.killed()
			return v, err
		}
		close(h.turn)
		<-h.goOn
	}
	return v, err
}

// After a change of the hosts the earlier certificate stays in force until there is
// another.
func TestEarlierCertificate(t *testing.T) {
	p, file := listen(t), filepath.Join(t.TempDir(), "acme.pem")
	a := acmetest.New(t, acmetest.Options{TLSPort: p.number()})
	h := newHost(t, a, memory.New().Values(), func(o *acme.Options) { o.File = file })
	p.serve(h)
	h.Step(t.Context())
	a.Away(true)
	both := newHost(t, a, memory.New().Values(), func(o *acme.Options) {
		o.Hosts, o.File = []string{"exam.example.edu", "exam2.example.edu"}, file
	})
	if err := both.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.serve(both)
	both.Step(t.Context())
	if err := p.verify(a, "exam.example.edu"); err != nil {
		t.Error(err)
	}
	if !strings.Contains(both.Trouble(), "only to those of the earlier one") {
		t.Errorf("trouble %q", both.Trouble())
	}
	a.Away(false)
	again := newHost(t, a, memory.New().Values(), func(o *acme.Options) {
		o.Hosts, o.File = []string{"exam.example.edu", "exam2.example.edu"}, file
	})
	p.serve(again)
	again.Step(t.Context())
	if err := p.verify(a, "exam2.example.edu"); err != nil || again.Trouble() != "" {
		t.Errorf("%v, %q\n%s", err, again.Trouble(), again.log.String())
	}
}

// A store that loses the certificate changes nothing, and is given the next one.
func TestStoreLosesCertificate(t *testing.T) {
	p, s := listen(t), &replaced{Values: memory.New().Values()}
	a := acmetest.New(t, acmetest.Options{TLSPort: p.number()})
	h := newHost(t, a, s, nil)
	p.serve(h)
	h.Step(t.Context())
	first := h.certificate()
	s.Values = memory.New().Values()
	h.Step(t.Context())
	if first == nil || !h.certificate().Equal(first) || h.Trouble() != "" || strings.Contains(h.log.String(), "level=ERROR") {
		t.Errorf("trouble %q\n%s", h.Trouble(), h.log.String())
	}
}

// replaced is a store that becomes another one.
type replaced struct{ store.Values }

// The turn of a run that was killed is taken over at once by a server that is alone, and
// not by one of several.
func TestTurnOfTheDead(t *testing.T) {
	p, s := listen(t), memory.New()
	a := acmetest.New(t, acmetest.Options{TLSPort: p.number()})
	ctx, kill := context.WithCancel(t.Context())
	dead := newHost(t, a, &held{Values: s.Values(), turn: make(chan struct{}), goOn: make(chan struct{}), killed: kill}, nil)
	p.serve(dead)
	dead.Step(ctx)
	one := newHost(t, a, s.Values(), nil)
	p.serve(one)
	if wait := one.Step(t.Context()); wait != 5*time.Second || a.Orders() != 0 {
		t.Errorf("one of several: waits %v, %d orders", wait, a.Orders())
	}
	alone := newHost(t, a, s.Values(), func(o *acme.Options) { o.Alone = true })
	p.serve(alone)
	if alone.Step(t.Context()); alone.certificate() == nil {
		t.Errorf("alone:\n%s", alone.log.String())
	}
}

// The authority's advice to renew is followed, by a run that has not just ordered.
func TestAdvice(t *testing.T) {
	p, s := listen(t), memory.New()
	a := acmetest.New(t, acmetest.Options{TLSPort: p.number()})
	h := newHost(t, a, s.Values(), nil)
	p.serve(h)
	h.Step(t.Context())
	first := h.certificate()
	if first == nil {
		t.Fatal(h.log.String())
	}
	now := time.Now()
	a.Advise(t, first.SerialNumber, now.Add(-2*time.Hour), now.Add(-time.Hour))
	h.Step(t.Context())
	if d := h.Due(); d.Before(now.Add(50*time.Minute)) || d.After(now.Add(70*time.Minute)) {
		t.Errorf("due %v after an order and advice to renew at once, want an hour later", d)
	}
	again := newHost(t, a, s.Values(), nil)
	p.serve(again)
	again.Step(t.Context())
	if c := again.certificate(); c == nil || c.SerialNumber.Cmp(first.SerialNumber) == 0 || a.Orders() != 2 {
		t.Errorf("not renewed\n%s", again.log.String())
	}
	h.Step(t.Context())
	if !h.certificate().Equal(again.certificate()) {
		t.Error("the other server goes on with the earlier certificate")
	}
}

// What fails is logged with its reason, waits, and is tried again by another run.
func TestFailure(t *testing.T) {
	p, s := listen(t), memory.New()
	a := acmetest.New(t, acmetest.Options{TLSPort: 1}) // nobody answers there
	h := newHost(t, a, s.Values(), nil)
	for range 3 {
		h.Step(t.Context())
	}
	if text := h.log.String(); a.Orders() != 1 || !strings.Contains(text, "students cannot connect") || !strings.Contains(text, "Failed to connect") {
		t.Errorf("%d orders, want 1 and then a pause; the log: %s", a.Orders(), text)
	}
	again := newHost(t, a, s.Values(), nil)
	p.serve(again)
	again.Step(t.Context())
	if a.Orders() != 2 {
		t.Errorf("%d orders after a new start, want 2", a.Orders())
	}
	if wait := again.Step(t.Context()); wait != time.Minute {
		t.Errorf("waits %v, want a minute until it looks again", wait)
	}
}

// A store that is away is a reason, and costs no order.
func TestStoreAway(t *testing.T) {
	p, s := listen(t), &storetest.Absence{Store: memory.New()}
	a := acmetest.New(t, acmetest.Options{TLSPort: p.number()})
	s.Away(true)
	h := newHost(t, a, s.Values(), nil)
	p.serve(h)
	h.Step(t.Context())
	if text := h.log.String(); a.Orders() != 0 || !strings.Contains(text, "the store is away") {
		t.Errorf("%d orders, the log: %s", a.Orders(), text)
	}
	s.Away(false)
	h.Step(t.Context())
	if h.certificate() == nil {
		t.Error(h.log.String())
	}
}

// Nothing in the store tells a key.
func TestStoreIsSealed(t *testing.T) {
	p, s := listen(t), memory.New()
	a := acmetest.New(t, acmetest.Options{TLSPort: p.number()})
	h := newHost(t, a, s.Values(), nil)
	p.serve(h)
	h.Step(t.Context())
	for _, name := range h.Names() {
		v, err := s.Values().Get(t.Context(), name)
		if err != nil || strings.Contains(string(v.Body), "PRIVATE") || strings.Contains(string(v.Body), `"`+"key") {
			t.Errorf("%s: %v, %q", name, err, v.Body)
		}
	}
	// A value that was moved to another name does not open.
	moved, err := s.Values().Get(t.Context(), h.Names()[3])
	if err == nil {
		_, err = s.Values().Put(t.Context(), h.Names()[0], moved.Body, 1)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := newHost(t, a, s.Values(), nil).Load(t.Context()); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("%v", err)
	}
}

// An authority that knows the account no more gets another one; one that demands an
// external account gets that.
func TestAccounts(t *testing.T) {
	p, s := listen(t), memory.New()
	const key = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
	bound := acmetest.Options{TLSPort: p.number(), Bindings: map[string]string{"kid-1": key}}
	a := acmetest.New(t, bound)
	h := newHost(t, a, s.Values(), nil)
	p.serve(h)
	h.Step(t.Context())
	if !strings.Contains(h.log.String(), "externalAccountRequired") {
		t.Errorf("without a binding: %s", h.log.String())
	}
	h = newHost(t, a, s.Values(), func(o *acme.Options) { o.Binding = &acme.Binding{ID: "kid-1", Key: key} })
	p.serve(h)
	h.Step(t.Context())
	if h.certificate() == nil {
		t.Errorf("with a binding: %s", h.log.String())
	}
	a.Forget(t)
	other := newHost(t, a, s.Values(), func(o *acme.Options) {
		o.Hosts, o.Binding = []string{"exam2.example.edu"}, &acme.Binding{ID: "kid-1", Key: key}
	})
	p.serve(other)
	other.Step(t.Context())
	if other.certificate() == nil {
		t.Errorf("with an account that is forgotten: %s", other.log.String())
	}
}
