package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/tls"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"examlink/cmd/internal/daemon"
	"examlink/probe"
	"examlink/probe/exporter"
	"examlink/probe/exporter/naming"
	"examlink/probe/ippm"
	"examlink/probe/outbox"
	"examlink/probe/verdict"
	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/acme"
	"examlink/server/delivery"
	"examlink/server/store/memory"
)

var update = flag.Bool("update", false, "rewrite docs/METRICS.md and docs/roles.md")

const (
	documentFile = "../../docs/METRICS.md"
	templateFile = documentFile + ".tmpl"
	// withSessions holds the metrics of a server with sessions; the tests of
	// package server compare it with the code.
	withSessions = "../../server/testdata/metrics.txt"
)

// programs returns the registries of both programs, with every metric except
// those that need a session.
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
		Conn: conn, Certificate: server.NewCertificate(keys.Certificate), TokenKey: keys.Token.Public().(ed25519.PublicKey), Secret: keys.Secret,
		Notify: &delivery.Options{Dir: t.TempDir(), Webhooks: []delivery.Webhook{{Name: "proctors", URL: "https://proctors.example.edu/", Secret: hookSecret}}, Alertmanager: delivery.Alertmanager{URLs: []string{"http://alertmanager.example.edu"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	operator := daemon.Registry()
	if err := srv.Register(operator); err != nil {
		t.Fatal(err)
	}
	orders, err := acme.New(acme.Options{Hosts: []string{"exam.example.edu"}, Agreed: true, Values: memory.New().Values(), Use: func(tls.Certificate) {}})
	if err != nil {
		t.Fatal(err)
	}
	operator.MustRegister(orders.Collectors()...)
	if _, err := daemon.NewReloader(operator, "examlink_server", slog.New(slog.DiscardHandler), func() ([]string, error) { return nil, nil }); err != nil {
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
	e.Floor(probe.FloorEvent{At: time.Now(), Floor: probe.Floor{Direction: wire.Up, Outcome: probe.FloorMeets, Rate: ippm.Interval{Value: &rate, Low: &rate, High: &rate}}})
	e.Record(nil)
	a := &probe.Account{Sent: 2, Received: 2}
	a.OneWayUp.Add(time.Millisecond)
	e.Window(probe.WindowEvent{To: time.Now(), Account: a})
	return map[string]*prometheus.Registry{"examlink": student, "examlink-server": operator}
}

// described lists our metrics that a registry describes.
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

var fqName = regexp.MustCompile(`fqName: "([^"]*)"`)

// families returns our metrics of both programs, as scraped.
func families(t *testing.T, registries map[string]*prometheus.Registry) map[string]*dto.MetricFamily {
	t.Helper()
	b, err := os.ReadFile(withSessions)
	if err != nil {
		t.Fatal(err)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	out, err := parser.TextToMetricFamilies(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range registries {
		gathered, err := r.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range gathered {
			if strings.HasPrefix(f.GetName(), naming.Prefix) {
				out[f.GetName()] = f
			}
		}
	}
	return out
}

// closed are the labels whose values are all known.
var closed = []string{"peer", "part", "direction", "purpose", "bound", "outcome", "kind", "state", "reason", "transport", "criterion", "finding"}

// document generates docs/METRICS.md. Its template gives the order of the metrics
// and the units of counts; the rest comes from the metrics.
type document struct {
	families map[string]*dto.MetricFamily
	shown    map[string]bool     // metrics with a row
	values   map[string][]string // by label, or by metric and label where they are its own
}

func (d *document) head() string {
	return "| metric | type | labels | unit | definition |\n|---|---|---|---|---|"
}

// metric returns the row of a metric. A metric without a base unit needs the name
// of what it counts.
func (d *document) metric(name string, counts ...string) (string, error) {
	f := d.families[name]
	switch {
	case f == nil:
		return "", fmt.Errorf("%s: no program has it", name)
	case d.shown[name]:
		return "", fmt.Errorf("%s: a second row", name)
	case f.GetHelp() == "":
		return "", fmt.Errorf("%s: no help", name)
	}
	d.shown[name] = true
	unit := unitOf(name)
	if (unit == "") != (len(counts) == 1) {
		return "", fmt.Errorf("%s: its name gives the unit %q, the template %q, expected one of them", name, unit, counts)
	}
	if unit == "" {
		unit = counts[0]
	}
	row := fmt.Sprintf("| `%s` | %s | %s | %s | %s |", name, strings.ToLower(f.GetType().String()), quote(labelsOf(f)), unit, prose(f.GetHelp()))
	return strings.ReplaceAll(row, "|  |", "| |"), nil
}

func unitOf(name string) string {
	for _, u := range []struct{ suffix, unit string }{
		{"_timestamp_seconds", "seconds since 1970"}, {"_seconds", "seconds"}, {"_bytes_per_second", "bytes per second"},
		{"_bytes_total", "bytes"}, {"_ratio", "ratio, 0 to 1"}, {"_info", "1"},
	} {
		if strings.HasSuffix(name, u.suffix) {
			return u.unit
		}
	}
	return ""
}

func labelsOf(f *dto.MetricFamily) (out []string) {
	for _, l := range f.GetMetric()[0].GetLabel() {
		out = append(out, l.GetName())
	}
	return out
}

func quote(words []string) string {
	for i, w := range words {
		words[i] = "`" + w + "`"
	}
	return strings.Join(words, ", ")
}

var code = regexp.MustCompile(`\b(client|server)(\.[a-z_]+)+\b|\bexamlink_[a-z0-9_]+`)

// prose converts a help text to Markdown.
func prose(help string) string {
	return code.ReplaceAllStringFunc(strings.ReplaceAll(help, "|", "\\|"), func(s string) string { return "`" + s + "`" })
}

// list gives the values of a label in some metrics: first those that are named,
// in their order and with what they mean, then the others.
func (d *document) list(label, metrics string, named []string) (string, []string, error) {
	var left []string
	for _, name := range strings.Fields(metrics) {
		if d.families[name] == nil {
			return "", nil, fmt.Errorf("%s: no program has it", name)
		}
		for _, m := range d.families[name].GetMetric() {
			for _, l := range m.GetLabel() {
				if l.GetName() == label && !slices.Contains(left, l.GetValue()) {
					left = append(left, l.GetValue())
				}
			}
		}
	}
	all := slices.Clone(left)
	var out []string
	for _, n := range named {
		value, meaning, _ := strings.Cut(n, ": ")
		i := slices.Index(left, value)
		if i < 0 {
			return "", nil, fmt.Errorf("%s %q is in none of %s", label, value, metrics)
		}
		left = slices.Delete(left, i, i+1)
		cell := "`" + value + "`"
		if meaning != "" {
			cell += " (" + meaning + ")"
		}
		out = append(out, cell)
	}
	slices.Sort(left)
	if len(left) > 0 {
		out = append(out, quote(left))
	}
	return strings.Join(out, ", "), all, nil
}

// valuesOf are a label's values in every metric without its own values.
func (d *document) valuesOf(label, metrics string, named ...string) (string, error) {
	text, all, err := d.list(label, metrics, named)
	d.values[label] = all
	return text, err
}

// own are the values a label has in one metric alone.
func (d *document) own(label, metric string, named ...string) (string, error) {
	text, all, err := d.list(label, metric, named)
	d.values[metric+" "+label] = all
	return text, err
}

func TestDocument(t *testing.T) {
	registries := programs(t)
	d := &document{families: families(t, registries), shown: map[string]bool{}, values: map[string][]string{}}
	b, err := os.ReadFile(templateFile)
	if err != nil {
		t.Fatal(err)
	}
	tmpl, err := template.New("METRICS.md").Funcs(template.FuncMap{"head": d.head, "metric": d.metric, "values": d.valuesOf, "own": d.own}).Parse(string(b))
	if err != nil {
		t.Fatal(err)
	}
	var made bytes.Buffer
	if err := tmpl.Execute(&made, nil); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(documentFile, made.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(documentFile)
	if err != nil {
		t.Fatal(err)
	}
	got, want := strings.Split(string(written), "\n"), strings.Split(made.String(), "\n")
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("line %d of docs/METRICS.md differs from what the programs register (`make metrics-doc` rewrites it):\n%s\nwant\n%s",
				i+1, strings.Join(got[min(i, len(got)):min(i+1, len(got))], ""), strings.Join(want[min(i, len(want)):min(i+1, len(want))], ""))
		}
	}

	// Every metric is documented.
	for program, r := range registries {
		names := described(r)
		if len(names) < 10 {
			t.Fatalf("%s registers only %q", program, names)
		}
		for _, name := range names {
			switch {
			case d.families[name] == nil:
				t.Errorf("%s of %s was not shown: the tests do not know how to make it known", name, program)
			case !d.shown[name]:
				t.Errorf("%s of %s has no row in %s", name, program, templateFile)
			}
		}
	}
	for name, f := range d.families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				known := d.values[name+" "+l.GetName()]
				if known == nil {
					known = d.values[l.GetName()]
				}
				if slices.Contains(closed, l.GetName()) && !slices.Contains(known, l.GetValue()) {
					t.Errorf("%s has %s=%q, the template knows %q", name, l.GetName(), l.GetValue(), known)
				}
			}
		}
	}
	for _, name := range regexp.MustCompile(naming.Prefix+`[a-z0-9_]+`).FindAllString(made.String(), -1) {
		if d.families[name] == nil {
			t.Errorf("docs/METRICS.md names %s, which no program has", name)
		}
	}
}

// The template cannot contradict the metrics.
func TestDocumentRefusesWhatIsNotSo(t *testing.T) {
	d := &document{families: families(t, programs(t)), shown: map[string]bool{}, values: map[string][]string{}}
	for what, err := range map[string]error{
		"a metric nobody has":     second(d.metric("examlink_client_nonesuch_total", "packets")),
		"no unit":                 second(d.metric("examlink_client_probes_sent_total")),
		"a unit beside another":   second(d.metric("examlink_client_ipdv_seconds", "packets")),
		"a value no series has":   second(d.valuesOf("state", "examlink_server_sessions", "asleep")),
		"values of none":          second(d.own("state", "examlink_server_nonesuch")),
		"what is given once more": func() error { _, _ = d.metric("examlink_build_info"); return second(d.metric("examlink_build_info")) }(),
	} {
		if err == nil {
			t.Errorf("%s: accepted", what)
		}
	}
}

func second(_ string, err error) error { return err }
