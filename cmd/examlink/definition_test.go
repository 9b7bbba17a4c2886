package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/kardianos/service"
)

// awkward contains everything that is special in a unit or a property list.
const awkward = `--policy=a "b" 100% $HOME \x <c> & 'd'`

func TestSystemdUnit(t *testing.T) {
	unit, err := systemdUnit(`/opt/my $tools/100%/examlink`, []string{"watch", awkward, "@/home/u/token"})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\nExecStart=" + `"/opt/my $tools/100%%/examlink" "watch" "--policy=a \"b\" 100%% $$HOME \\x <c> & 'd'" "@/home/u/token"` + "\n",
		"\nRestart=on-failure\n", "\nRestartPreventExitStatus=11 12\n", "\nWantedBy=default.target\n",
	} {
		if !strings.Contains(unit, want) {
			t.Errorf("%q is missing from\n%s", want, unit)
		}
	}
	if _, err := systemdUnit("/opt/examlink", []string{"{{Name}}"}); err == nil {
		t.Error("a template's action is accepted")
	}
}

// systemd itself reads the unit.
func TestSystemdTakesTheUnit(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("there is no systemd-analyze")
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "my 100% tools", "examlink")
	if err := os.Mkdir(filepath.Dir(program), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"), 0o700); err != nil { //nolint:gosec // it must be executable
		t.Fatal(err)
	}
	unit, err := systemdUnit(program, []string{"watch", awkward})
	if err != nil {
		t.Fatal(err)
	}
	verify := func(text string) string {
		file := filepath.Join(dir, "examlink.service")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c := exec.Command(analyze, "verify", "--user", "--man=no", file)
		c.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+dir, "HOME="+dir)
		out, _ := c.CombinedOutput()
		var about []string
		for l := range strings.Lines(string(out)) {
			if strings.Contains(l, "examlink.service") {
				about = append(about, l)
			}
		}
		return strings.Join(about, "")
	}
	if verify(strings.Replace(unit, "Restart=on-failure", "Restart=now and then", 1)) == "" {
		t.Skip("systemd-analyze verify finds nothing wrong with a unit that is")
	}
	if out := verify(unit); out != "" {
		t.Errorf("%s\n%s", out, unit)
	}
}

// plist reads a property list's dictionary: texts, and words for the rest.
func plist(t *testing.T, text string) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	key := ""
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch start.Name.Local {
		case "plist", "dict", "array":
			continue
		}
		var content string
		if err := d.DecodeElement(&content, &start); err != nil {
			t.Fatal(err)
		}
		switch start.Name.Local {
		case "key":
			key = content
			out[key] = nil
		case "true", "false":
			out[key] = append(out[key], start.Name.Local)
		default:
			out[key] = append(out[key], content)
		}
	}
}

func TestLaunchdAgent(t *testing.T) {
	text, err := launchdAgent("/Applications/R&D/examlink", []string{"watch", awkward}, "/Users/u/Library/Logs/examlink.log")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		"Label":            {"examlink"},
		"ProgramArguments": {"/Applications/R&D/examlink", "watch", awkward},
		"RunAtLoad":        {"true"}, "KeepAlive": nil, "SuccessfulExit": {"false"},
		"ThrottleInterval": {"5"}, "ProcessType": {"Interactive"}, "Umask": {"63"},
		"StandardOutPath": {"/Users/u/Library/Logs/examlink.log"}, "StandardErrorPath": {"/Users/u/Library/Logs/examlink.log"},
	}
	if got := plist(t, text); !reflect.DeepEqual(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
	if _, err := launchdAgent("/opt/{{Name}}", nil, ""); err == nil {
		t.Error("a template's action is accepted")
	}
}

// The library writes our unit unchanged to the right place and uses the user's
// manager. Its systemctl is a script that records its arguments.
func TestLibraryInstallsForTheUser(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("systemd is there on Linux only")
	}
	home, bin := t.TempDir(), t.TempDir()
	notes := filepath.Join(bin, "notes")
	script := "#!/bin/sh\necho \"$@\" >> '" + notes + "'\n[ \"$1\" != is-active ] || echo active\n"
	if err := os.WriteFile(filepath.Join(bin, "systemctl"), []byte(script), 0o700); err != nil { //nolint:gosec // it must be executable
		t.Fatal(err)
	}
	t.Setenv("HOME", home)
	t.Setenv("PATH", bin)
	h := host{goos: "linux", platform: "linux-systemd", home: home, configDir: filepath.Join(home, ".config"), program: "/opt/examlink"}
	c, err := h.config([]string{"--policy=x"})
	if err != nil {
		t.Fatal(err)
	}
	systemd := service.AvailableSystems()[0]
	if systemd.String() != h.platform {
		t.Fatalf("the library calls systemd %q", systemd)
	}
	m, err := systemd.New(&managed{}, c)
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	s := &watchService{m, h.definition(), h.tokenFile(), &said}
	if err := s.install("a.b.c"); err != nil {
		t.Fatal(err)
	}
	unit, err := os.ReadFile(h.definition())
	if err != nil || string(unit) != c.Option["SystemdScript"] {
		t.Errorf("%v, the unit is\n%s", err, unit)
	}
	said.Reset()
	if err := s.status(); err != nil || said.String() != "running\n" {
		t.Errorf("%v, status %q", err, &said)
	}
	if err := s.uninstall(); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(notes)
	if err != nil {
		t.Fatal(err)
	}
	const want = `enable --user examlink.service
daemon-reload --user
start --user examlink.service
is-active examlink.service --user
stop --user examlink.service
disable --user examlink.service
daemon-reload --user
`
	if string(got) != want {
		t.Errorf("systemctl was asked\n%s\nwant\n%s", got, want)
	}
	for _, name := range []string{h.definition(), h.tokenFile()} {
		if _, err := os.Lstat(name); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is left: %v", name, err)
		}
	}
}
