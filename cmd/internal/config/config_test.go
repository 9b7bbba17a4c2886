package config_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"examlink/cmd/internal/config"
	"examlink/probe/equipment"
	"examlink/probe/ippm"
	"examlink/probe/verdict"
	"examlink/server/alert"
)

// documented is the configuration file that documents every key.
const documented = "../../../config.yaml"

// TestMain shields the tests from the machine's own configuration.
func TestMain(m *testing.M) {
	for _, e := range os.Environ() {
		if name, _, _ := strings.Cut(e, "="); strings.HasPrefix(name, config.EnvPrefix+"_") {
			_ = os.Unsetenv(name)
		}
	}
	os.Exit(m.Run())
}

func load(t *testing.T, path string) config.File {
	t.Helper()
	f, src, err := config.Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if src.File != path {
		t.Errorf("source %q, want %q", src.File, path)
	}
	return f
}

func write(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), config.FileName)
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// same reports the keys in which two configurations differ.
func same(t *testing.T, what string, got, want config.File) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: keys that differ: %v", what, config.Changed(got, want))
	}
}

func TestDocumentedFileHoldsTheDefaults(t *testing.T) {
	same(t, "config.yaml", load(t, documented), config.Default())
}

func TestNoFile(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "AppData"} {
		t.Setenv(name, t.TempDir())
	}
	f, src, err := config.Load("", nil)
	if err != nil || src.File != "" || !reflect.DeepEqual(f, config.Default()) {
		t.Errorf("%+v from %q, %v, want the defaults", f, src.File, err)
	}
	if err := os.WriteFile(config.FileName, []byte("log: {level: warn}"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, src, err = config.Load("", nil)
	if err != nil || src.File != config.FileName || f.Log.Level != "warn" {
		t.Errorf("%q from %q, %v, want the file of the working directory", f.Log.Level, src.File, err)
	}
	if _, _, err := config.Load("nonesuch.yaml", nil); err == nil || !strings.Contains(err.Error(), "nonesuch.yaml") {
		t.Errorf("a file that is named but not there: %v", err)
	}
}

func TestValidFiles(t *testing.T) {
	files, _ := filepath.Glob("testdata/valid-*.yaml")
	if len(files) < 4 {
		t.Fatalf("only %q", files)
	}
	for _, name := range append(files, documented) {
		t.Run(filepath.Base(name), func(t *testing.T) {
			f := load(t, name)
			reload(t, f)
			p, err := f.SelectedPolicy()
			if err != nil {
				t.Fatal(err)
			}
			o, err := f.ProbeOptions()
			if err != nil || !reflect.DeepEqual(o.Policy, p) {
				t.Errorf("options judge by %+v, %v, want %+v", o.Policy, err, p)
			}
		})
	}
}

// reload checks that what is printed is the configuration itself.
func reload(t *testing.T, f config.File) {
	t.Helper()
	text, err := f.YAML()
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := config.Load(write(t, text), nil)
	if err != nil {
		t.Fatalf("what is printed does not load: %v\n%s", err, text)
	}
	f.Client.Token = "" // left out on purpose
	same(t, "printed and read back", again, f)
}

func TestEveryValueIsRead(t *testing.T) {
	const second, ms = time.Second, time.Millisecond
	want := config.Default()
	nothing := equipment.Requirements{Browsers: []string{}, Systems: []equipment.Accepted{}, Refused: []equipment.Refusal{}}
	want.Log = config.Log{Level: "debug", Format: "json"}
	want.Policy = "our-exam"
	want.Policies = []verdict.Policy{
		{
			Name: "our-exam", Version: "1", Source: "our handbook, section 4", Date: "2026-10-01",
			Minimum:     verdict.Bounds{Download: 1e6, Upload: 500e3, OneWayDelay: 400 * ms, DelayVariation: 100 * ms, Loss: 0.03, Outage: 30 * second},
			Recommended: verdict.Bounds{Download: 2e6, Upload: 1.25e6, OneWayDelay: 150 * ms, DelayVariation: 50 * ms, Loss: 0.001, Outage: 3 * second},
			Equipment: equipment.Requirements{
				Source: "our handbook", Date: "2026", Webcam: "640x480", WebcamRecommended: "1280x720", Microphone: true, Memory: 1024, MemoryRecommended: 4096,
				Browsers: []string{"chrome"}, Systems: []equipment.Accepted{{Name: "windows", Minimum: "vista", Recommended: "10"}}, Refused: []equipment.Refusal{"linux"},
			},
		},
		{Name: "rates-only", Version: "2", Minimum: verdict.Bounds{Download: 768123, Upload: 100e6}, Equipment: nothing},
	}
	c := &want.Client
	c.Server, c.MetricsListen, c.Interval, c.PacketSize, c.LossAfter, c.TrainPacket = "[2001:db8::1]:8443", "", 50*ms, 200, 90*second, 600
	c.QueueMax, c.Notify = 1e6, "off"
	c.Exam = config.Exam{Start: "2026-11-30T09:00", End: "2026-11-30T16:50", Zone: "America/Denver"}
	k := &c.Check
	k.IdleTime, k.IdleInterval, k.LoadInterval, k.CapacityMax, k.MaxBytes = 2500*ms, 10*ms, second, 1.5e6, 1.5e6
	w := &c.Watch
	w.Window, w.FloorEvery, w.GlanceEvery, w.BudgetShare = 2*second, time.Minute, 6*second, 1
	w.SilentAfter, w.RedialAfter, w.RetestAfter, w.Record = second, second, ms, "exam.jsonl"
	s := &want.Server
	s.Listen, s.Public, s.DataDir = "127.0.0.1:0", []string{"exam.example.edu:8443", "[2001:db8::1]:8443"}, "/var/lib/examlink"
	s.AdminListen, s.AdminSystemdSocket, s.AdminWebConfig, s.Certificate, s.Key = "", true, "web.yaml", "server.pem", "server.key"
	s.Metrics.SessionSeries = 0
	l := &s.Limits
	l.Sessions, l.SessionsPerToken, l.HandshakeRate, l.RetryRate, l.ProbeRate = 1, 1, 0.5, 1000, 20
	l.TrainBytes, l.TrainBitRate, l.TotalBitRate = 1, 3333333, 3e9
	q := &s.Silence
	q.Suspect, q.Dropped, q.ExamRelevant, q.Forget = 500*ms, 2*second, 45*second, 2*time.Hour
	a := &s.Alerts
	a.Hold, a.MaxAge, a.QueueMax = 0, time.Hour, 1e6
	a.Incident.Sessions, a.Incident.Share, a.Incident.Window = 5, 0.5, 20*second
	proctors := load(t, write(t, `server: {alerts: {webhooks: [{name: bridge, url: "http://127.0.0.1:8080/", secret_file: bridge.secret}]}}`)).Server.Alerts.Webhooks[0]
	bridge := proctors
	bridge.Exams = []string{"e3"}
	proctors.Name, proctors.URL, proctors.SecretFile, proctors.Timeout = "proctors", "https://proctors.example.edu/hook?x=1", "hook.secret", 2*second
	proctors.Exams, proctors.Kinds = []string{"e1", "e2"}, []alert.Kind{alert.Dropped, alert.Recovered}
	a.Webhooks = []config.Webhook{proctors, bridge}
	m := &a.Alertmanager
	m.Username, m.PasswordFile = "examlink", "am.password"
	m.URLs, m.Resend, m.Timeout, m.GeneratorURL = []string{"http://am-0:9093", "https://am-1.example.edu/am"}, 30*second, 5*second, "https://status.example.edu/"
	same(t, "every value", load(t, "testdata/valid-full.yaml"), want)
	same(t, "empty sections", load(t, "testdata/valid-empty.yaml"), config.Default())
	if got := load(t, "testdata/valid-one-address.yaml").Server.Public; !reflect.DeepEqual(got, []string{"exam.example.edu:8443"}) {
		t.Errorf("one address: %q", got)
	}
	p, _ := load(t, "testdata/valid-policy-overrides-built-in.yaml").SelectedPolicy()
	if p.Version != "9" || p.Minimum.Download != 5*ippm.MbitPerSecond {
		t.Errorf("a policy of the file is outranked by the built-in one: %+v", p)
	}
}

func TestExamWindow(t *testing.T) {
	if w, err := config.Default().ExamWindow(); err != nil || !w.IsZero() {
		t.Errorf("the default is %v, %v, want none", w, err)
	}
	for name, want := range map[string]string{"valid-full": "2026-11-30T09:00:00-07:00", "valid-exam-with-offsets": "2026-11-01T01:30:00-06:00"} {
		w, err := load(t, "testdata/"+name+".yaml").ExamWindow()
		if got := w.Start.Format(time.RFC3339); err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", name, got, err, want)
		}
	}
}

// Each file begins with the problems that must be found in it, one per line; no
// others may be found.
func TestInvalidFiles(t *testing.T) {
	files, _ := filepath.Glob("testdata/invalid-*.yaml")
	if len(files) < 30 {
		t.Fatalf("only %q", files)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var wants []string
			for _, line := range strings.Split(string(b), "\n") {
				w, ok := strings.CutPrefix(line, "# want: ")
				if !ok {
					break
				}
				wants = append(wants, w)
			}
			if len(wants) == 0 {
				t.Fatal("the file does not say what is wrong with it")
			}
			_, _, err = config.Load(name, nil)
			if err == nil {
				t.Fatalf("accepted, want %q", wants)
			}
			if !strings.Contains(err.Error(), name) {
				t.Errorf("the error does not name the file: %v", err)
			}
			for _, w := range wants {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%q is missing from\n%v", w, err)
				}
			}
			if lines := strings.Split(err.Error(), "\n")[1:]; len(lines) > 0 && len(lines) != len(wants) {
				t.Errorf("%d problems, want %d:\n%v", len(lines), len(wants), err)
			}
		})
	}
}

func TestChanged(t *testing.T) {
	a, b := config.Default(), config.Default()
	if got := config.Changed(a, b); len(got) > 0 {
		t.Errorf("the same twice: %q", got)
	}
	b.Log.Level, b.Policies, b.Server.Limits.Sessions, b.Server.Silence.Forget = "debug", verdict.BuiltIn(), 7, time.Hour
	b.Client.Interval, b.Server.DataDir, b.Server.Alerts.Hold, b.Server.Alerts.MaxAge = time.Second, "elsewhere", 0, time.Hour
	want := []config.Change{
		{Key: "client.interval", Reload: config.Unused}, {Key: "log.level", Reload: config.Live}, {Key: "policies", Reload: config.Live},
		{Key: "server.alerts.hold", Reload: config.Live}, {Key: "server.alerts.max_age", Reload: config.Live}, {Key: "server.data_dir", Reload: config.Restart},
		{Key: "server.limits.sessions", Reload: config.Live}, {Key: "server.silence.forget", Reload: config.Live},
	}
	if got := config.Changed(a, b); !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
