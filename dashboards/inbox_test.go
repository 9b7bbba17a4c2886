package dashboards_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// notification is one alert in a message to a receiver.
type notification struct {
	Status string
	Labels alertLabels
	at     time.Time
}

// key names an alert as proctors know it.
func (n notification) key() string {
	l := n.Labels
	return strings.Join([]string{l["alertname"], l["exam"], l["session"], l["direction"]}, " ")
}

// inbox is a receiver of Alertmanager's messages.
type inbox struct {
	url string
	mu  sync.Mutex
	all []notification
}

func newInbox(t *testing.T) *inbox {
	in := &inbox{}
	web := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var message struct{ Alerts []notification }
		if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
			t.Error(err)
		}
		in.mu.Lock()
		defer in.mu.Unlock()
		for _, n := range message.Alerts {
			n.at = time.Now()
			in.all = append(in.all, n)
		}
	}))
	t.Cleanup(web.Close)
	in.url = web.URL
	return in
}

func (in *inbox) list() []notification {
	in.mu.Lock()
	defer in.mu.Unlock()
	return slices.Clone(in.all)
}

// latest returns the latest status of each alert.
func (in *inbox) latest() map[string]string {
	out := map[string]string{}
	for _, n := range in.list() {
		out[n.key()] = n.Status
	}
	return out
}

// count counts the alerts whose latest status is status and whose name matches.
func (in *inbox) count(status, name string) (k int) {
	for key, s := range in.latest() {
		if s == status && strings.HasPrefix(key, name+" ") {
			k++
		}
	}
	return k
}

// soon waits until a condition holds.
func soon(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not seen: %s", what)
		}
	}
}

// recoveries counts the alerts that were resolved. Called locked.
func (in *inbox) recoveries() (k int) {
	for _, n := range in.all {
		if n.Status == "resolved" {
			k++
		}
	}
	return k
}
