package delivery

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"examlink/server/alert"
	"examlink/server/store/memory"
)

// byHost is receivers by the host of their address.
type byHost map[string]*receiver

func (h byHost) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if r := h[host]; r != nil {
		return r.dial(ctx, network, address)
	}
	return nil, net.ErrClosed
}

// running runs a notifier until stop.
func running(t *testing.T, o Options) (n *Notifier, stop func()) {
	t.Helper()
	n, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	return n, func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func hookTo(name, host string) Webhook {
	return Webhook{Name: name, URL: "http://" + host + "/hook", Secret: secret}
}

func kindsTo(r *receiver) (out []alert.Kind) {
	for _, x := range r.taken() {
		out = append(out, x.event.Data.Kind)
	}
	return out
}

// What is queued for a webhook that moves goes to its new address, signed with its new
// secret, once; what is queued for another stays with it.
func TestReloadKeepsWhatIsQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := func(got) int { return http.StatusServiceUnavailable }
		hosts := byHost{"127.0.0.1": newReceiver(t, down), "127.0.0.2": newReceiver(t, nil), "127.0.0.3": newReceiver(t, nil)}
		o := Options{Dir: t.TempDir(), Hold: -1, Dial: hosts.dial, Webhooks: []Webhook{hookTo("moves", "127.0.0.1"), hookTo("stays", "127.0.0.3")}}
		n, stop := running(t, o)
		defer stop()
		n.State(sessionNamed("a", "live"))
		n.State(sessionNamed("a", "suspect"))
		n.State(sessionNamed("b", "live"))
		n.State(sessionNamed("b", "suspect"))
		time.Sleep(time.Minute)
		before := hosts["127.0.0.1"].attempts()
		moved := hookTo("moves", "127.0.0.2")
		moved.Secret = strings.Replace(secret, "M", "N", 1)
		o.Webhooks[0] = moved
		if err := n.Reload(o); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		n.State(sessionNamed("a", "live"))
		time.Sleep(time.Minute)
		if got := hosts["127.0.0.1"].attempts(); got != before || before == 0 {
			t.Errorf("%d attempts at the old address, %d before the reload", got, before)
		}
		if got := kindsTo(hosts["127.0.0.2"]); !slices.Equal(got, []alert.Kind{alert.Suspect, alert.Suspect, alert.Recovered}) {
			t.Errorf("the new address got %v", got)
		}
		if got := kindsTo(hosts["127.0.0.3"]); !slices.Equal(got, []alert.Kind{alert.Suspect, alert.Suspect, alert.Recovered}) {
			t.Errorf("the other webhook got %v", got)
		}
		verify, err := webhooks.NewWebhook(moved.Secret)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range hosts["127.0.0.2"].taken() {
			if err := verify.Verify(x.body, x.header); err != nil {
				t.Errorf("the new secret: %v", err)
			}
		}
	})
}

// A reload takes a webhook away, with its series but not what waits for it, and another
// brings it back.
func TestReloadRemovesAndAdds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := false
		hosts := byHost{"127.0.0.1": newReceiver(t, func(got) int {
			if up {
				return http.StatusNoContent
			}
			return http.StatusServiceUnavailable
		})}
		kept := memory.New()
		o := Options{Queues: queuesOf(kept), Hold: -1, Dial: hosts.dial, Webhooks: []Webhook{hookTo("one", "127.0.0.1")}}
		n, stop := running(t, o)
		defer stop()
		n.State(sessionNamed("a", "live"))
		n.State(sessionNamed("a", "suspect"))
		time.Sleep(5 * time.Second)
		without := o
		without.Webhooks = nil
		if err := n.Reload(without); err != nil {
			t.Fatal(err)
		}
		if len(n.waiting()) > 0 || hasSeries(t, n, "one") {
			t.Errorf("the webhook that is gone still has series: %v", n.waiting())
		}
		q, err := kept.Queue(t.Context(), "one")
		if err != nil {
			t.Fatal(err)
		}
		if list, err := q.Waiting(t.Context()); err != nil || len(list) != 1 || q.Close() != nil {
			t.Errorf("its queue: %v, %v", list, err)
		}
		before := hosts["127.0.0.1"].attempts()
		n.State(sessionNamed("a", "dropped")) // not for it
		time.Sleep(time.Minute)
		if got := hosts["127.0.0.1"].attempts(); got != before {
			t.Errorf("%d attempts after it was removed", got-before)
		}
		hosts["127.0.0.1"].mu.Lock()
		up = true
		hosts["127.0.0.1"].mu.Unlock()
		if err := n.Reload(o); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		n.State(sessionNamed("a", "exam-relevant"))
		synctest.Wait()
		if got := kindsTo(hosts["127.0.0.1"]); !slices.Equal(got, []alert.Kind{alert.Suspect, alert.ExamRelevant}) {
			t.Errorf("after it came back it got %v", got)
		}
	})
}

// Filters, time-outs and bounds are in force after a reload; an invalid one changes
// nothing.
func TestReloadAppliesAndRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts := byHost{"127.0.0.1": newReceiver(t, nil)}
		o := Options{Dir: t.TempDir(), Hold: -1, Dial: hosts.dial, Webhooks: []Webhook{hookTo("one", "127.0.0.1")}}
		n, stop := running(t, o)
		defer stop()
		filtered := o
		filtered.Webhooks = []Webhook{hookTo("one", "127.0.0.1")}
		filtered.Webhooks[0].Kinds = []alert.Kind{alert.Dropped}
		filtered.MaxAge, filtered.QueueMax, filtered.Hold = time.Hour, 1234, time.Second
		if err := n.Reload(filtered); err != nil {
			t.Fatal(err)
		}
		d := n.receivers.deliverers[0]
		if d.maxAge != time.Hour || d.queue.max != 1234 || n.Options().Hold != time.Second {
			t.Errorf("max age %v, queue %d, hold %v", d.maxAge, d.queue.max, n.Options().Hold)
		}
		for name, change := range map[string]func(*Options){
			"a name twice": func(o *Options) { o.Webhooks = append(o.Webhooks, hookTo("one", "127.0.0.1")) },
			"no secret":    func(o *Options) { o.Webhooks = []Webhook{{Name: "two", URL: "http://127.0.0.1/"}} },
			"a bad third":  func(o *Options) { o.Webhooks = []Webhook{hookTo("two", "127.0.0.1"), hookTo("", "127.0.0.1")} },
			"ftp":          func(o *Options) { o.Alertmanager.URLs = []string{"ftp://x"} },
		} {
			bad := filtered
			bad.Webhooks = slices.Clone(filtered.Webhooks)
			change(&bad)
			if err := n.Reload(bad); err == nil || n.receivers.deliverers[0] != d || len(n.receivers.deliverers) != 1 || hasSeries(t, n, "two") {
				t.Errorf("%s: %v, %d webhooks", name, err, len(n.receivers.deliverers))
			}
		}
		n.State(sessionNamed("a", "live"))
		n.State(sessionNamed("a", "suspect"))
		n.State(sessionNamed("a", "dropped"))
		synctest.Wait()
		if got := kindsTo(hosts["127.0.0.1"]); !slices.Equal(got, []alert.Kind{alert.Dropped}) {
			t.Errorf("by the new filter it got %v", got)
		}
	})
}

// A new Alertmanager gets what is active, one that stays keeps what it has, and one that
// goes gets no more.
func TestReloadOfAlertmanagers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts := byHost{"127.0.0.1": newReceiver(t, nil), "127.0.0.2": newReceiver(t, nil)}
		o := Options{Hold: -1, Dial: hosts.dial, Alertmanager: Alertmanager{URLs: []string{"http://127.0.0.1"}, Resend: time.Hour}}
		n, stop := running(t, o)
		defer stop()
		synctest.Wait() // for the first push, of nothing
		n.State(sessionNamed("a", "live"))
		n.State(sessionNamed("a", "suspect"))
		synctest.Wait()
		o.Alertmanager.URLs = []string{"http://127.0.0.1", "http://127.0.0.2"}
		if err := n.Reload(o); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if a, b := hosts["127.0.0.1"].attempts(), hosts["127.0.0.2"].attempts(); a != 2 || b != 1 {
			t.Errorf("%d requests to the one that stays, %d to the new one, want 2 and 1", a, b)
		}
		o.Alertmanager.URLs = []string{"http://127.0.0.2"}
		o.Alertmanager.Username, o.Alertmanager.Password = "me", "new"
		o.Alertmanager.Resend, o.Alertmanager.GeneratorURL = 10*time.Second, "https://status.example.edu"
		if err := n.Reload(o); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute + time.Second)
		took := hosts["127.0.0.2"].taken()
		if a, b := hosts["127.0.0.1"].attempts(), hosts["127.0.0.2"].attempts(); a != 2 || b != 1+1+6 {
			t.Errorf("%d requests to the one that is gone, %d to the other, want 2 and 8", a, b)
		}
		if user, password, ok := basicAuth(took[len(took)-1]); !ok || user != "me" || password != "new" {
			t.Errorf("%q, %q, %v, want the name and the password of the reload", user, password, ok)
		}
		if last := string(took[len(took)-1].body); !strings.Contains(last, `"generatorURL":"https://status.example.edu"`) {
			t.Errorf("%s", last)
		}
	})
}

func basicAuth(x got) (user, password string, ok bool) {
	return (&http.Request{Header: x.header}).BasicAuth()
}

// hasSeries says whether a receiver has series.
func hasSeries(t *testing.T, n *Notifier, name string) bool {
	t.Helper()
	for _, f := range gather(t, n) {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if l.GetName() == "receiver" && l.GetValue() == name {
					return true
				}
			}
		}
	}
	return false
}
