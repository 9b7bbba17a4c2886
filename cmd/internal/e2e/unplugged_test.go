//go:build linux

package e2e

import (
	"bufio"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A computer whose cable is pulled is no noisy instrument: its probes count as without
// a route, which ExamlinkInstrumentNoisy leaves out, not as the host's failure.
func TestUnpluggedIsNoNoise(t *testing.T) {
	need(t, "ip", "tc", "nft")
	h := newTestbed(t)
	h.shape(10, 5)
	h.run(h.student, filepath.Join(bin, "examlink"), "watch", "--record", "none", "--metrics-listen", "127.0.0.1:9482", "--notify", "off", h.token)
	client := caller(h.student)
	value := func(series string) (v float64) {
		t.Helper()
		r, err := client.Get("http://127.0.0.1:9482/metrics")
		if err != nil {
			return -1
		}
		defer r.Body.Close()
		if r.StatusCode != http.StatusOK {
			t.Fatal(r.Status)
		}
		for lines := bufio.NewScanner(r.Body); lines.Scan(); {
			if rest, ok := strings.CutPrefix(lines.Text(), series+" "); ok {
				if _, err := fmt.Sscan(rest, &v); err != nil {
					t.Fatal(err)
				}
				return v
			}
		}
		return -1
	}
	reached := func(series string, least float64) {
		t.Helper()
		for end := time.Now().Add(time.Minute); value(series) < least; time.Sleep(200 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s is %v, expected %v", series, value(series), least)
			}
		}
	}
	const sent, unsent = "examlink_client_probes_sent_total", "examlink_client_probes_unsent_total"
	reached(sent, 100)
	before := value(unsent + `{reason="host"}`)
	sh(t, "ip -n %s link set veth0 down", h.student)
	time.Sleep(20 * time.Second)
	sh(t, "ip -n %s link set veth0 up", h.student)
	reached(sent, value(sent)+100)
	host, noRoute := value(unsent+`{reason="host"}`)-before, value(unsent+`{reason="no-route"}`)
	t.Logf("in 20 s without a cable: %v probes without a route, %v by the host", noRoute, host)
	if noRoute < 100 || host > 5 {
		t.Errorf("%v probes without a route and %v unsent by the host, expected about 200 and hardly any", noRoute, host)
	}
}
