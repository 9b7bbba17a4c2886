package server_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestImportsRunOneWay holds the house to its rules: see docs/ARCHITECTURE.md.
func TestImportsRunOneWay(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "examlink/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	standard := func(p string) bool {
		return !strings.Contains(strings.SplitN(p, "/", 2)[0], ".") && !strings.HasPrefix(p, "examlink/")
	}
	within := func(p string, trees ...string) bool {
		for _, tree := range trees {
			if p == tree || strings.HasPrefix(p, tree+"/") {
				return true
			}
		}
		return false
	}
	pure := map[string][]string{ // what each may import beyond the standard library
		"examlink/probe/ippm": nil, "examlink/probe/clock": nil, "examlink/probe/wire": nil, "examlink/probe/warning": nil, "examlink/probe/plan": nil,
		"examlink/probe/verdict":  {"examlink/probe/ippm"},
		"examlink/probe/train":    {"examlink/probe/ippm", "examlink/probe/clock", "examlink/probe/wire"},
		"examlink/probe/netsim":   {"examlink/probe/ippm"},
		"examlink/probe/host":     {"golang.org/x/net", "golang.org/x/sys"},
		"examlink/probe/lockfile": nil,
		"examlink/probe/journal":  {"examlink/probe/lockfile"},
		"examlink/probe/outbox":   {"examlink/probe/journal", "examlink/probe/lockfile", "examlink/probe/wire"},
		"examlink/server/alert":   {"examlink/probe/ippm", "examlink/probe/verdict", "examlink/probe/warning"},
		"examlink/server/delivery": { // it subscribes to events, and knows no server
			"examlink/probe/journal", "examlink/probe/lockfile", "examlink/probe/link", "examlink/probe/wire", "examlink/server/alert", "examlink/server/event", "examlink/server/session",
			"github.com/cenkalti/backoff", "github.com/standard-webhooks/standard-webhooks", "github.com/prometheus/client_golang",
		},
		"examlink/probe/record":        {"examlink/probe/lockfile", "examlink/probe/warning", "examlink/probe/ippm", "examlink/probe/wire"},
		"examlink/probe/record/report": {"examlink/probe/record", "examlink/probe/warning", "examlink/probe/ippm", "examlink/probe/wire"},
	}
	noIO := []string{"examlink/server/alert"} // what happens, and when, is handed to these
	io := []string{"context", "io", "log", "net", "os", "sync", "syscall"}
	homes := map[string]string{ // the one package that may import it
		"github.com/quic-go/quic-go":   "examlink/probe/link",
		"github.com/coder/websocket":   "examlink/probe/link",
		"github.com/spf13/viper":       "examlink/cmd/internal/config",
		"github.com/golang-jwt/jwt":    "examlink/server/exam",
		"github.com/kardianos/service": "examlink/cmd/examlink",
		"github.com/gen2brain/beeep":   "examlink/cmd/examlink",
		"github.com/cenkalti/backoff":  "examlink/server/delivery",

		"github.com/standard-webhooks/standard-webhooks": "examlink/server/delivery",
		"github.com/prometheus/exporter-toolkit":         "examlink/cmd/internal/web",
	}
	seen := 0
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		words := strings.Fields(line)
		pkg := words[0]
		seen++
		for _, imp := range words[1:] {
			if allowed, isPure := pure[pkg]; isPure && !standard(imp) && !within(imp, allowed...) {
				t.Errorf("%s imports %s: it is pure", pkg, imp)
			}
			if slices.Contains(noIO, pkg) && within(imp, io...) {
				t.Errorf("%s imports %s: it does no I/O and starts no goroutine", pkg, imp)
			}
			for dep, home := range homes {
				if within(imp, dep) && pkg != home {
					t.Errorf("%s imports %s: only %s may", pkg, imp, home)
				}
			}
			switch {
			case pkg == "examlink/cmd/examlink" && imp == "examlink/cmd/internal/web":
				t.Errorf("%s imports %s: the student's program does without it", pkg, imp)
			case within(pkg, "examlink/probe") && within(imp, "examlink/server", "examlink/cmd"),
				within(pkg, "examlink/server") && (imp == "examlink/probe" || within(imp, "examlink/cmd")):
				t.Errorf("%s imports %s: arrows run the other way", pkg, imp)
			case pkg == "examlink/cmd/internal/lab/emulator" && within(imp, "examlink") && !within(imp, "examlink/probe/netsim", "examlink/probe/ippm"):
				t.Errorf("%s imports %s: the emulator knows neither examlink nor its peers", pkg, imp)
			case within(imp, "examlink/probe/netsim") && !within(pkg, "examlink/cmd/examlink-server", "examlink/cmd/internal/lab", "examlink/probe/netsim"):
				t.Errorf("%s imports %s: simulated links are for tests, the demo and the lab", pkg, imp)
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d packages seen", seen)
	}
}
