package main

import (
	"crypto/ed25519"
	"crypto/tls"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"examlink/cmd/internal/daemon"
	"examlink/probe"
	"examlink/probe/exporter"
	"examlink/probe/exporter/naming"
	"examlink/probe/outbox"
	"examlink/probe/verdict"
	"examlink/probe/wire"
	"examlink/server"
)

// programs are the registries of both programs, with every metric known.
func programs(t *testing.T) map[string]*prometheus.Registry {
	t.Helper()
	keys, err := server.LoadKeys(t.TempDir(), "", "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	srv, err := server.New(server.Options{
		Conn: conn, TLS: &tls.Config{Certificates: []tls.Certificate{keys.Certificate}, MinVersion: tls.VersionTLS13},
		TokenKey: keys.Token.Public().(ed25519.PublicKey), Secret: keys.Secret,
	})
	if err != nil {
		t.Fatal(err)
	}
	operator, err := registryOf(srv, newCertificate(keys.Certificate))
	if err != nil {
		t.Fatal(err)
	}
	student := daemon.Registry()
	e, err := exporter.New(student, verdict.BuiltIn()[0])
	if err != nil {
		t.Fatal(err)
	}
	q, err := outbox.Open(outbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Outbox(student, q); err != nil {
		t.Fatal(err)
	}
	rate := 1e6
	e.Floor(probe.FloorEvent{At: time.Now(), Floor: probe.Floor{Direction: wire.Up, Outcome: "meets", Rate: probe.Interval{Value: &rate, Low: &rate}}})
	a := &probe.Account{Sent: 2, Received: 2}
	a.OneWayUp.Add(time.Millisecond)
	e.Window(probe.WindowEvent{To: time.Now(), Account: a})
	return map[string]*prometheus.Registry{"examlink": student, "examlink-server": operator}
}

var (
	fqName = regexp.MustCompile(`fqName: "([^"]*)"`)
	quoted = regexp.MustCompile("`([^`]*)`")
)

// closed are the labels whose values are all known.
var closed = []string{"direction", "outcome", "kind", "state", "reason"}

// described lists our own metrics that a registry may ever show.
func described(r *prometheus.Registry) (names []string) {
	ch := make(chan *prometheus.Desc)
	go func() { // ends when everything is described
		defer close(ch)
		r.Describe(ch)
	}()
	for d := range ch {
		if n := fqName.FindStringSubmatch(d.String())[1]; strings.HasPrefix(n, naming.Prefix) {
			names = append(names, n)
		}
	}
	return names
}

// row is a metric as docs/METRICS.md has it.
type row struct {
	kind   string
	labels []string
}

// document reads the tables of docs/METRICS.md: metrics by name, and the
// values of labels by label, or by metric where they are a metric's own.
func document(t *testing.T) (text string, metrics map[string]row, values map[string][]string) {
	t.Helper()
	b, err := os.ReadFile("../../docs/METRICS.md")
	if err != nil {
		t.Fatal(err)
	}
	metrics, values = map[string]row{}, map[string][]string{}
	words := func(cell string) (out []string) {
		for _, m := range quoted.FindAllStringSubmatch(cell, -1) {
			out = append(out, m[1])
		}
		return out
	}
	for _, line := range strings.Split(string(b), "\n") {
		cells := strings.Split(strings.Trim(line, "|"), "|")
		switch {
		case !strings.HasPrefix(line, "| `"):
		case strings.HasPrefix(line, "| `"+naming.Prefix):
			if len(cells) != 5 {
				t.Errorf("%d cells, want 5: %s", len(cells), line)
				continue
			}
			name := words(cells[0])[0]
			if _, twice := metrics[name]; twice {
				t.Errorf("%s is there twice", name)
			}
			metrics[name] = row{strings.TrimSpace(cells[1]), words(cells[2])}
			if strings.TrimSpace(cells[3]) == "" || strings.TrimSpace(cells[4]) == "" {
				t.Errorf("%s has no unit or no definition", name)
			}
		default:
			head := words(cells[0])
			values[head[len(head)-1]] = words(cells[1]) // the label's, or the metric's it is of
		}
	}
	return string(b), metrics, values
}

func TestDocumentNamesEveryMetric(t *testing.T) {
	text, doc, values := document(t)
	exists := map[string]bool{}
	for program, r := range programs(t) {
		names := described(r)
		if len(names) < 10 {
			t.Fatalf("%s registers only %q", program, names)
		}
		families, err := r.Gather()
		if err != nil {
			t.Fatal(err)
		}
		gathered := map[string]bool{}
		for _, f := range families {
			name := f.GetName()
			if !strings.HasPrefix(name, naming.Prefix) {
				continue
			}
			gathered[name] = true
			d, ok := doc[name]
			if !ok {
				continue // said below
			}
			if kind := strings.ToLower(f.GetType().String()); kind != d.kind {
				t.Errorf("%s is a %s, in docs/METRICS.md it is a %s", name, kind, d.kind)
			}
			for _, m := range f.GetMetric() {
				var labels []string
				for _, l := range m.GetLabel() {
					labels = append(labels, l.GetName())
					known := values[name]
					if known == nil {
						known = values[l.GetName()]
					}
					if slices.Contains(closed, l.GetName()) && !slices.Contains(known, l.GetValue()) {
						t.Errorf("%s has %s=%q, docs/METRICS.md knows %q", name, l.GetName(), l.GetValue(), known)
					}
				}
				slices.Sort(labels)
				want := slices.Sorted(slices.Values(d.labels))
				if !slices.Equal(labels, want) {
					t.Errorf("%s has the labels %q, in docs/METRICS.md %q", name, labels, want)
				}
			}
		}
		for _, name := range names {
			exists[name] = true
			if _, ok := doc[name]; !ok {
				t.Errorf("%s of %s is not in docs/METRICS.md", name, program)
			}
			if !gathered[name] {
				t.Errorf("%s of %s was not shown: the test does not know how to make it known", name, program)
			}
		}
	}
	for _, m := range regexp.MustCompile(naming.Prefix+`[a-z0-9_]+`).FindAllString(text, -1) {
		if !exists[m] {
			t.Errorf("docs/METRICS.md names %s, which no program has", m)
		}
	}
}

// The values of the closed lists are all there from the start.
func TestDocumentedLabelValuesExist(t *testing.T) {
	_, _, values := document(t)
	seen := map[string]bool{}
	for _, r := range programs(t) {
		families, err := r.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			for _, m := range f.GetMetric() {
				for _, l := range m.GetLabel() {
					seen[l.GetName()+" "+l.GetValue()] = true
				}
			}
		}
	}
	for head, list := range values {
		label := head
		switch {
		case strings.HasPrefix(head, naming.Prefix):
			label = "reason"
			if strings.Contains(head, "_reports_") {
				label = "kind"
			}
		case !slices.Contains(closed, head):
			continue
		}
		for _, v := range list {
			if !seen[label+" "+v] {
				t.Errorf("docs/METRICS.md knows %s=%q, which no series has", label, v)
			}
		}
	}
}
