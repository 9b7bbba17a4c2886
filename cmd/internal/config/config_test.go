package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"go.yaml.in/yaml/v3"

	"examlink/cmd/internal/config"
	"examlink/probe/ippm"
	"examlink/probe/verdict"
	"examlink/server/alert"
)

// documented is the configuration file that documents every key.
const documented = "../../../config.yaml"

// TestMain removes what the machine's own configuration would change.
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

// keysOf lists the leaves of a struct by the names they have in the file.
func keysOf(prefix string, t reflect.Type) (out []string) {
	for i := range t.NumField() {
		f := t.Field(i)
		key := prefix + f.Tag.Get("mapstructure")
		if f.Type.Kind() == reflect.Struct {
			out = append(out, keysOf(key+".", f.Type)...)
		} else {
			out = append(out, key)
		}
	}
	return out
}

func TestDocumentedFileHoldsTheDefaults(t *testing.T) {
	if got, want := load(t, documented), config.Default(); !reflect.DeepEqual(got, want) {
		t.Errorf("config.yaml\n%+v\nthe code's defaults\n%+v", got, want)
	}
}

func TestDocumentedFileHoldsEveryKey(t *testing.T) {
	b, err := os.ReadFile(documented)
	if err != nil {
		t.Fatal(err)
	}
	var tree map[string]any
	if err := yaml.Unmarshal(b, &tree); err != nil {
		t.Fatal(err)
	}
	keys := keysOf("", reflect.TypeFor[config.File]())
	if len(keys) < 40 {
		t.Fatalf("only %d keys: %q", len(keys), keys)
	}
	for _, key := range keys {
		node := any(tree)
		for _, part := range strings.Split(key, ".") {
			m, _ := node.(map[string]any)
			var ok bool
			if node, ok = m[part]; !ok {
				t.Errorf("%s is not in config.yaml", key)
				break
			}
		}
	}
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
	if !reflect.DeepEqual(again, f) {
		t.Errorf("read back\n%+v\nwant\n%+v\nfrom\n%s", again, f, text)
	}
}

func TestEveryValueIsRead(t *testing.T) {
	const second, ms = time.Second, time.Millisecond
	want := config.File{
		Log:    config.Log{Level: "debug", Format: "json"},
		Policy: "our-exam",
		Policies: []verdict.Policy{
			{
				Name: "our-exam", Version: "1", Source: "our handbook, section 4", Date: "2026-10-01",
				Minimum:     verdict.Bounds{Download: 1e6, Upload: 500e3, OneWayDelay: 400 * ms, DelayVariation: 100 * ms, Loss: 0.03, Outage: 30 * second},
				Recommended: verdict.Bounds{Download: 2e6, Upload: 1.25e6, OneWayDelay: 150 * ms, DelayVariation: 50 * ms, Loss: 0.001, Outage: 3 * second},
			},
			{Name: "rates-only", Version: "2", Minimum: verdict.Bounds{Download: 768123, Upload: 100e6}},
		},
		Client: config.Client{
			Server: "[2001:db8::1]:8443", Interval: 50 * ms, PacketSize: 200, LossAfter: 90 * second, TrainPacket: 600, QueueMax: 1e6, Notify: "off",
			Exam:  config.Exam{Start: "2026-11-30T09:00", End: "2026-11-30T16:50", Zone: "America/Denver"},
			Check: config.Check{IdleTime: 2500 * ms, IdleInterval: 10 * ms, LoadInterval: second, CapacityMax: 1.5e6, MaxBytes: 1.5e6},
			Watch: config.Watch{Window: 2 * second, FloorEvery: time.Minute, GlanceEvery: 6 * second, BudgetShare: 1, SilentAfter: second, RedialAfter: second, RetestAfter: ms, Record: "exam.jsonl"},
		},
		Server: config.Server{
			Listen: "127.0.0.1:0", Public: []string{"exam.example.edu:8443", "[2001:db8::1]:8443"}, DataDir: "/var/lib/examlink",
			AdminSystemdSocket: true, AdminWebConfig: "web.yaml",
			Certificate: "server.pem", Key: "server.key",
			Limits: config.Limits{
				Sessions: 1, SessionsPerToken: 1, HandshakeRate: 0.5, RetryRate: 1000, ProbeRate: 20, TrainBytes: 1, TrainRate: 3333333, TotalRate: 2e9,
			},
			Silence: config.Silence{Suspect: 500 * ms, Dropped: 2 * second, ExamRelevant: 45 * second, Forget: 2 * time.Hour},
			Alerts: config.Alerts{
				Incident: config.Incident{Sessions: 5, Share: 0.5, Window: 20 * second}, MaxAge: time.Hour, QueueMax: 1e6,
				Webhooks: []config.Webhook{
					{Name: "proctors", URL: "https://proctors.example.edu/hook?x=1", SecretFile: "hook.secret", Exams: []string{"e1", "e2"}, Kinds: []string{"dropped", "recovered"}, Timeout: 2 * second},
					{Name: "bridge", URL: "http://127.0.0.1:8080/", SecretFile: "bridge.secret", Exams: []string{"e3"}, Kinds: []string{}, Timeout: 10 * second},
				},
				Alertmanager: config.Alertmanager{URLs: []string{"http://am-0:9093", "https://am-1.example.edu/am"}, Resend: 30 * second, Timeout: 5 * second, GeneratorURL: "https://status.example.edu/"},
			},
		},
	}
	if got := load(t, "testdata/valid-full.yaml"); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
	if got := load(t, "testdata/valid-empty.yaml"); !reflect.DeepEqual(got, config.Default()) {
		t.Errorf("empty sections: got\n%+v\nwant the defaults", got)
	}
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

// Each file begins with the problems it must be refused for, one to a line; no
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
	want := []string{"log.level", "policies", "server.limits.sessions", "server.silence.forget"}
	if got := config.Changed(a, b); !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestTokenIsNotPrinted(t *testing.T) {
	f := config.Default()
	f.Client.Token = "eyJh.c2VjcmV0.c2ln"
	text, err := f.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text, f.Client.Token) || strings.Contains(text, "c2VjcmV0") {
		t.Errorf("the token is shown:\n%s", text)
	}
	if !strings.Contains(text, "set, not shown") {
		t.Errorf("that a token is set is not said:\n%s", text)
	}
	reload(t, f)
	if text, _ := config.Default().YAML(); strings.Contains(text, "not shown") {
		t.Errorf("a token is said to be set:\n%s", text)
	}
}

const hookSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

func TestSecretsOfWebhooks(t *testing.T) {
	f := config.Default()
	name := filepath.Join(t.TempDir(), "secret")
	f.Server.Alerts.Webhooks = []config.Webhook{
		{Name: "a", URL: "https://a.example/", Secret: hookSecret, Kinds: []string{"dropped"}}, {Name: "b", URL: "https://b.example/", SecretFile: name},
	}
	text, err := f.YAML()
	if err != nil || strings.Contains(text, hookSecret) || strings.Count(text, "set, not shown") != 1 {
		t.Errorf("%v\n%s", err, text)
	}
	if f.Server.Alerts.Webhooks[0].Secret != hookSecret {
		t.Error("printing has changed the configuration")
	}
	if _, err := f.AlertOptions(); err == nil || !strings.Contains(err.Error(), "webhook b: secret_file: ") {
		t.Errorf("a file that is not there: %v", err)
	}
	if err := os.WriteFile(name, []byte(hookSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := f.AlertOptions()
	if err != nil || o.Webhooks[0].Secret != hookSecret || o.Webhooks[1].Secret != hookSecret || o.MinimumUp != 384e3 || o.MinimumDown != 768e3 ||
		o.Dir != filepath.Join("examlink-data", "alerts") || o.Webhooks[0].Kinds[0] != alert.Dropped {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestRatesAndSizesReadAsTheyPrint(t *testing.T) {
	for _, r := range []ippm.Rate{0, 1, 999, 1000, 64e3, 768e3, 999999, 1e6, 1.5e6, 3333333, 1e9, 2e9, 1e12, 1e16, 0.1, 1e6 / 3.0, 768e3 * 0.985} {
		if got, err := config.ParseRate(config.FormatRate(r)); got != r || err != nil {
			t.Errorf("%v prints as %q and reads as %v, %v", float64(r), config.FormatRate(r), float64(got), err)
		}
	}
	for _, b := range []config.Bytes{0, 1, 999, 1000, 1500, 1500e3, 10e6, 512e6, 1e9, 1<<53 - 1} {
		if got, err := config.ParseBytes(b.String()); got != b || err != nil {
			t.Errorf("%d prints as %q and reads as %d, %v", int64(b), b, int64(got), err)
		}
	}
	for _, s := range []string{"", "5", "Mbit/s", "-1Mbit/s", "1 mbit/s", "1e3kbit/s", "1Mbps", "NaNbit/s", "1.2.3Mbit/s", "1Mbit/s 2"} {
		if r, err := config.ParseRate(s); err == nil {
			t.Errorf("rate %q reads as %v", s, r)
		}
	}
	for _, s := range []string{"", "5", "MB", "-1B", "1MiB", "1mb", "1b", "9223372036854775808B", "1e3kB"} {
		if b, err := config.ParseBytes(s); err == nil {
			t.Errorf("size %q reads as %d", s, int64(b))
		}
	}
	for s, want := range map[string]ippm.Rate{"1.5 Mbit/s": 1.5e6, " 768kbit/s ": 768e3, "1Gbit/s": 1e9} {
		if got, err := config.ParseRate(s); got != want || err != nil {
			t.Errorf("rate %q reads as %v, %v", s, got, err)
		}
	}
}

func FuzzLoad(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.yaml")
	for _, name := range append(files, documented) {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		name := filepath.Join(dir, fmt.Sprintf("%d.yaml", os.Getpid()))
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		file, _, err := config.Load(name, nil)
		if err != nil {
			return
		}
		if _, err := file.ProbeOptions(); err != nil {
			t.Errorf("accepted, but %v", err)
		}
		reload(t, file)
	})
}
