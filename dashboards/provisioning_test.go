package dashboards_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// read decodes a YAML file; duplicate keys and wrong indentation are errors.
func read[T any](t *testing.T, path string) T {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out T
	if err := yaml.Unmarshal(data, &out); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return out
}

type composeFile struct {
	Services map[string]struct {
		Image                   string
		Build                   struct{ Context, Dockerfile string }
		Ports, Volumes, Command []string
		DependsOn               []string `yaml:"depends_on"`
	}
	Volumes map[string]any
}

const provisioning = "provisioning"

// layOut copies the rules and Prometheus' configuration as compose.yaml mounts them.
func layOut(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "rules"), os.DirFS("rules")); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(provisioning, "prometheus/prometheus.yml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "prometheus.yml"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// checkConfig runs the check that comes with the configuration.
func checkConfig(t *testing.T, dir string) (string, error) {
	t.Helper()
	script, err := filepath.Abs(provisioning + "/prometheus/check.sh")
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), tool(t, "sh"), script, "prometheus.yml")
	c.Dir, c.Env = dir, append(os.Environ(), "PROMTOOL="+tool(t, "promtool"))
	out, err := c.CombinedOutput()
	return string(out), err
}

func TestPrometheusTakesItsConfiguration(t *testing.T) {
	if testing.Short() {
		t.Skip("long: needs promtool")
	}
	t.Parallel()
	if out, err := checkConfig(t, layOut(t)); err != nil || !strings.Contains(out, "2 rule files found") {
		t.Errorf("%v\n%s\nexpected both files of rules", err, out)
	}
	c := read[struct {
		Scrape []struct {
			Job string `yaml:"job_name"`
		} `yaml:"scrape_configs"`
	}](t, filepath.Join(provisioning, "prometheus/prometheus.yml"))
	if !slices.ContainsFunc(c.Scrape, func(s struct {
		Job string `yaml:"job_name"`
	}) bool {
		return s.Job == "examlink-server"
	}) {
		t.Error("no job named examlink-server, which ExamlinkServerDown goes by")
	}
}

// TestCheckFindsMissingRules has the check find rules that are not there, which
// promtool accepts.
func TestCheckFindsMissingRules(t *testing.T) {
	if testing.Short() {
		t.Skip("long: needs promtool")
	}
	t.Parallel()
	promtool := tool(t, "promtool")
	write := func(text string) func(string) error {
		return func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "rules/alerts.yaml"), []byte(text), 0o600)
		}
	}
	for name, c := range map[string]struct {
		spoil func(dir string) error
		says  string
	}{
		"an empty file":           {write(""), "a rule file has no rules"},
		"comments only":           {write("# groups:\n#   - name: examlink-server-alerts\n"), "a rule file has no rules"},
		"no groups":               {write("groups: []\n"), "a rule file has no rules"},
		"a group without rules":   {write("groups: [{name: examlink-server-alerts, rules: []}]\n"), "a rule file has no rules"},
		"rules of something else": {write("groups: [{name: other, rules: [{record: a:b:c, expr: up}]}]\n"), "no rule file has the group examlink-server-alerts"},
		"a missing file":          {func(dir string) error { return os.Remove(filepath.Join(dir, "rules/recording.yaml")) }, "no rule file has the group examlink-exams"},
		"a pattern of nothing":    {func(dir string) error { return os.Rename(filepath.Join(dir, "rules"), filepath.Join(dir, "rule")) }, "no rule file has the group examlink-session-alerts"},
		"no rule_files whatsoever": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte("global: {}\n"), 0o600)
		}, "no rule file has the group examlink-clients"},
	} {
		dir := layOut(t)
		if err := c.spoil(dir); err != nil {
			t.Fatal(err)
		}
		run(t, dir, promtool, "check", "config", "prometheus.yml") // says that all is well
		if out, err := checkConfig(t, dir); err == nil || !strings.Contains(out, c.says) {
			t.Errorf("%s: %v\n%s\nexpected %q", name, err, out, c.says)
		}
	}
	dir := layOut(t)
	if err := write("groups: [{name: other, rules: [{record: a:b:c, expr: up +}]}]\n")(dir); err != nil {
		t.Fatal(err)
	}
	if out, err := checkConfig(t, dir); err == nil || !strings.Contains(out, "parse error") {
		t.Errorf("a mistake in a rule: %v\n%s", err, out)
	}
}

func TestAlertmanagerTakesItsConfiguration(t *testing.T) {
	if testing.Short() {
		t.Skip("long: needs amtool")
	}
	t.Parallel()
	amtool := tool(t, "amtool")
	const file = provisioning + "/alertmanager/alertmanager.yml"
	run(t, ".", amtool, "check-config", file)
	for labels, receivers := range map[string]string{
		"alertname=ExamlinkSessionDropped audience=proctor exam=a":                    "proctors",
		"alertname=ExamlinkSessionDropped audience=proctor exam=a notify=yes":         "proctors",
		"alertname=ExamlinkSessionDropped audience=proctor exam=a notify=no":          "nobody",
		"alertname=ExamlinkIncidentOnOurSide audience=proctor exam=a notify=no":       "nobody",
		"alertname=ExamlinkServerIncident audience=operator notify=no":                "operators",
		"alertname=ExamlinkIncidentOnOurSide audience=proctor exam=a":                 "proctors",
		"alertname=ExamlinkIncidentBelowMinimum audience=proctor exam=a direction=up": "proctors",
		"alertname=ExamlinkServerIncident audience=operator notify=yes":               "operators,proctors",
		"alertname=ExamlinkServerDown audience=operator":                              "operators",
		"alertname=ExamlinkCertificateExpiring audience=operator":                     "operators",
	} {
		args := append([]string{"config", "routes", "test", "--config.file=" + file, "--verify.receivers=" + receivers}, strings.Fields(labels)...)
		run(t, ".", amtool, args...)
	}
}

func TestComposeRefersToWhatIsThere(t *testing.T) {
	c := read[composeFile](t, provisioning+"/compose.yaml")
	for _, name := range []string{"examlink-server", "prometheus", "alertmanager", "grafana"} {
		if _, ok := c.Services[name]; !ok {
			t.Errorf("no service %s", name)
		}
	}
	pinned := regexp.MustCompile(`^[a-z/]+:v?\d+\.\d+\.\d+$`)
	for name, s := range c.Services {
		switch {
		case s.Build.Dockerfile != "":
			if _, err := os.Stat(filepath.Join(provisioning, s.Build.Context, s.Build.Dockerfile)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := os.Stat(filepath.Join(provisioning, s.Build.Context, "go.mod")); err != nil {
				t.Errorf("%s: the context is not the repository: %v", name, err)
			}
		case !pinned.MatchString(s.Image):
			t.Errorf("%s: image %q, expected one version", name, s.Image)
		}
		for _, v := range s.Volumes {
			source, _, _ := strings.Cut(v, ":")
			if !strings.HasPrefix(source, ".") {
				if _, ok := c.Volumes[source]; !ok {
					t.Errorf("%s: no volume %s", name, source)
				}
			} else if _, err := os.Stat(filepath.Join(provisioning, source)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		for _, p := range s.Ports {
			if !strings.HasPrefix(p, "127.0.0.1:") && !strings.HasPrefix(p, "8443:8443/") {
				t.Errorf("%s: port %s is open to everybody", name, p)
			}
		}
		for _, d := range s.DependsOn {
			if _, ok := c.Services[d]; !ok {
				t.Errorf("%s: no service %s", name, d)
			}
		}
	}
	for _, target := range []string{"examlink-server:9481", "alertmanager:9093"} { // as the containers address each other
		data, err := os.ReadFile(provisioning + "/prometheus/prometheus.yml")
		if err != nil || !strings.Contains(string(data), target) {
			t.Errorf("prometheus.yml has no %s, %v", target, err)
		}
	}
}

func TestGrafanaFindsItsFiles(t *testing.T) {
	source := read[struct {
		Datasources []struct{ Name, UID, Type, URL string }
	}](t, provisioning+"/grafana/datasources/examlink.yaml")
	if len(source.Datasources) != 1 || source.Datasources[0].Type != "prometheus" || source.Datasources[0].UID == "" {
		t.Errorf("%+v, expected one Prometheus with a uid", source)
	}
	provider := read[struct {
		Providers []struct {
			Options struct{ Path string }
		}
	}](t, provisioning+"/grafana/dashboards/examlink.yaml")
	if len(provider.Providers) != 1 {
		t.Fatalf("%+v, expected one provider", provider)
	}
	path := provider.Providers[0].Options.Path
	mounted := slices.ContainsFunc(read[composeFile](t, provisioning+"/compose.yaml").Services["grafana"].Volumes, func(v string) bool {
		return strings.HasPrefix(v, "../json:"+path+":")
	})
	if !mounted {
		t.Errorf("compose.yaml mounts no dashboards at %s", path)
	}
}

// TestImageBuildsWithTheGoWeNeed compares the Dockerfile with go.mod. It does not
// build the image, which needs a container runtime.
func TestImageBuildsWithTheGoWeNeed(t *testing.T) {
	docker, err := os.ReadFile(provisioning + "/server/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	wanted := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(mod)
	has := regexp.MustCompile(`(?m)^FROM golang:(\d+\.\d+)-`).FindSubmatch(docker)
	if wanted == nil || has == nil || string(wanted[1]) != string(has[1]) {
		t.Errorf("Dockerfile has Go %q, go.mod %q", has, wanted)
	}
	if !strings.Contains(string(docker), "CGO_ENABLED=0") {
		t.Error("the image has no C library: build without")
	}
}

func TestUnitIsAsSystemdWantsIt(t *testing.T) {
	t.Parallel()
	analyze := tool(t, "systemd-analyze")
	data, err := os.ReadFile(provisioning + "/systemd/examlink-server.service")
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	unit := strings.ReplaceAll(string(data), "/usr/local/bin/examlink-server", self) // the program must exist
	path := filepath.Join(t.TempDir(), "examlink-server.service")
	if err := os.WriteFile(path, []byte(unit), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(run(t, ".", analyze, "verify", "--man=no", path), "\n") {
		if strings.Contains(line, "examlink-server.service") { // messages about other units are not ours
			t.Error(line)
		}
	}
	run(t, ".", analyze, "security", "--offline=yes", "--threshold=20", "--no-pager", path)
}
