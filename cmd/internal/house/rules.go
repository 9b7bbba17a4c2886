// Package house declares which package may import which. The linter's rules are
// generated from it, and a test checks the code against it.
package house

// Rule lists what a package may import besides the standard library.
type Rule struct {
	Package string   // without "examlink/"
	May     []string // packages of this module
	Deps    []string // modules of others; nil: see Homes only
	Pure    bool     // only May and Deps, not even dependencies without a home
}

// Rules are listed from the top down: imports go one way.
var Rules = []Rule{
	{Package: "cmd/examlink", May: []string{
		"cmd/internal/cli", "cmd/internal/config", "cmd/internal/daemon", "probe", "probe/agent", "probe/computer", "probe/equipment", "probe/ippm", "probe/link",
		"probe/plan", "probe/receipt", "probe/record", "probe/record/proof", "probe/record/report", "probe/verdict", "probe/warning", "probe/wire",
		"cmd/internal/window", "probe/history", "probe/view",
	}},
	{Package: "cmd/examlink-server", May: []string{
		"cmd/internal/cli", "cmd/internal/config", "cmd/internal/daemon", "cmd/internal/web", "probe", "probe/exporter", "probe/ippm", "probe/netsim",
		"probe/plan", "probe/receipt", "probe/record", "probe/record/proof", "probe/verdict", "probe/warning", "probe/wire", "server", "server/alert", "server/api", "server/auth", "server/event", "server/exam", "server/page", "server/session", "server/store", "server/store/sql", "server/acme", "server/board",
	}},
	{Package: "cmd/internal/lab", May: []string{
		"cmd/internal/lab/emulator", "cmd/internal/lab/stage", "probe/clock", "probe/ippm", "probe/link", "probe/netsim", "probe/record", "probe/warning", "probe/wire",
	}},
	{Package: "cmd/internal/lab/stage", May: []string{"cmd/internal/lab/emulator", "probe/netsim", "probe/record", "probe/warning", "probe/wire"}},
	{Package: "cmd/internal/lab/emulator", May: []string{"probe/ippm", "probe/netsim"}, Deps: []string{"golang.org/x/sys"}, Pure: true},
	{Package: "cmd/internal/cli", May: []string{"cmd/internal/config", "cmd/internal/daemon"}},
	{Package: "cmd/internal/config", May: []string{"probe", "probe/ippm", "probe/plan", "probe/verdict", "server", "server/alert", "server/delivery", "server/exam", "server/store", "server/acme", "server/media", "server/signin"}},
	{Package: "cmd/internal/daemon"},
	{Package: "cmd/internal/house", Pure: true},
	{Package: "cmd/internal/web"},
	{Package: "cmd/internal/window", May: []string{"probe/ui", "probe/view"}, Pure: true},

	{Package: "server", May: []string{
		"probe", "probe/agent", "probe/clock", "probe/equipment", "probe/ippm", "probe/link", "probe/plan", "probe/receipt", "probe/record", "probe/verdict", "probe/view", "probe/warning", "probe/watch", "probe/wire",
		"server/alert", "server/api", "server/auth", "server/browser", "server/cluster", "server/delivery", "server/durable", "server/event", "server/exam", "server/page", "server/reflect", "server/session", "server/store", "server/store/memory", "server/trains", "server/watchpage", "server/acme", "probe/rehearsal", "server/media", "server/signin", "server/board",
	}},
	{Package: "server/api", May: []string{"probe/verdict", "server/alert", "server/auth", "server/cluster", "server/delivery", "server/exam", "server/session", "server/store", "server/board"}},
	{Package: "server/cluster", May: []string{"server/event", "server/store"}, Deps: []string{"github.com/prometheus/client_golang"}, Pure: true},
	{Package: "server/watchpage", May: []string{"probe/ui", "probe/view"}, Pure: true},
	{Package: "server/acme", May: []string{"server/durable", "server/store"}, Deps: []string{"github.com/mholt/acmez", "github.com/prometheus/client_golang"}, Pure: true},
	{Package: "server/media", May: []string{"probe/ippm", "probe/link", "probe/rehearsal", "probe/wire"}, Deps: []string{"github.com/pion", "github.com/prometheus/client_golang"}, Pure: true},
	{Package: "server/signin", May: []string{"server/auth", "server/exam", "server/store"}, Deps: []string{"github.com/coreos/go-oidc", "golang.org/x/oauth2"}, Pure: true},
	{Package: "server/board", May: []string{"probe/ippm", "probe/link", "probe/ui", "probe/verdict", "probe/warning", "probe/wire", "server/alert", "server/event", "server/session"}},
	{Package: "server/page", May: []string{"probe/ui"}, Pure: true},
	{Package: "server/auth", May: []string{"server/durable"}, Pure: true},
	{Package: "server/delivery", May: []string{"probe/ippm", "probe/journal", "probe/link", "probe/wire", "server/alert", "server/durable", "server/event", "server/session", "server/store", "server/store/memory"}, Deps: []string{
		"github.com/cenkalti/backoff", "github.com/standard-webhooks/standard-webhooks", "github.com/prometheus/client_golang",
	}, Pure: true},
	{Package: "server/alert", May: []string{"probe/ippm", "probe/verdict", "probe/warning"}, Pure: true},
	{Package: "server/browser", May: []string{"probe", "probe/clock", "probe/ippm", "probe/link", "probe/monitor", "probe/session", "probe/train", "probe/verdict", "probe/warning", "probe/watch", "probe/wire"}},
	{Package: "server/trains", May: []string{"probe/clock", "probe/ippm", "probe/link", "probe/train", "probe/wire", "server/event", "server/reflect", "server/session"}},
	{Package: "server/reflect", May: []string{"probe/clock", "probe/ippm", "probe/link", "probe/wire", "server/session"}},
	{Package: "server/session", May: []string{"probe/clock", "probe/ippm", "probe/link", "probe/record", "probe/verdict", "probe/warning", "probe/wire", "server/event", "server/exam"}},
	{Package: "server/exam", May: []string{"probe/plan", "probe/verdict", "probe/wire", "server/store"}},
	{Package: "server/store/sql", May: []string{"probe/lockfile", "probe/verdict", "server/store"}, Deps: []string{"github.com/jackc/pgx", "modernc.org/sqlite"}, Pure: true},
	{Package: "server/store/memory", May: []string{"server/store"}, Pure: true},
	{Package: "server/store", May: []string{"probe/verdict"}, Pure: true},
	{Package: "server/durable", Pure: true},
	{Package: "server/event", May: []string{"probe/ippm", "probe/verdict", "probe/warning", "probe/wire"}, Pure: true},

	{Package: "probe/agent", May: []string{
		"probe", "probe/exporter", "probe/link", "probe/netenv", "probe/outbox", "probe/plan", "probe/receipt", "probe/record", "probe/verdict", "probe/warning", "probe/wire",
	}, Deps: []string{"github.com/prometheus/client_golang"}, Pure: true},
	{Package: "probe/view", May: []string{"probe", "probe/history", "probe/ippm", "probe/plan", "probe/ui", "probe/verdict", "probe/warning", "probe/wire"}, Pure: true},
	{Package: "probe/history", May: []string{"probe", "probe/ippm", "probe/journal", "probe/lockfile", "probe/verdict"}, Pure: true},
	{Package: "probe/exporter", May: []string{"probe", "probe/ippm", "probe/link", "probe/outbox", "probe/verdict", "probe/warning", "probe/wire"}},
	{Package: "probe", May: []string{
		"probe/clock", "probe/equipment", "probe/ippm", "probe/link", "probe/monitor", "probe/outbox", "probe/plan", "probe/ratetest", "probe/record", "probe/session",
		"probe/train", "probe/verdict", "probe/warning", "probe/watch", "probe/wire",
	}, Pure: true},
	{Package: "probe/watch", May: []string{
		"probe/clock", "probe/ippm", "probe/link", "probe/monitor", "probe/netenv", "probe/outbox", "probe/ratetest", "probe/record", "probe/session",
		"probe/verdict", "probe/warning", "probe/wire",
	}, Pure: true},
	{Package: "probe/record/proof", May: []string{"probe/receipt", "probe/record", "probe/wire"}, Pure: true},
	{Package: "probe/receipt", May: []string{"probe/ippm", "probe/verdict", "probe/wire"}, Deps: []string{"github.com/golang-jwt/jwt"}, Pure: true},
	{Package: "probe/session", May: []string{"probe/clock", "probe/ippm", "probe/link", "probe/monitor", "probe/outbox", "probe/train", "probe/verdict", "probe/wire"}, Pure: true},
	{Package: "probe/ratetest", May: []string{"probe/ippm", "probe/link", "probe/train", "probe/verdict", "probe/wire"}, Pure: true},
	{Package: "probe/monitor", May: []string{"probe/clock", "probe/ippm", "probe/wire"}, Pure: true},
	{Package: "probe/record/report", May: []string{"probe/ippm", "probe/record", "probe/ui", "probe/warning", "probe/wire"}, Pure: true},
	{Package: "probe/record", May: []string{"probe/ippm", "probe/lockfile", "probe/warning", "probe/wire"}, Pure: true},
	{Package: "probe/outbox", May: []string{"probe/journal", "probe/lockfile", "probe/wire"}, Pure: true},
	{Package: "probe/journal", May: []string{"probe/lockfile"}, Pure: true},
	{Package: "probe/lockfile", Deps: []string{"golang.org/x/sys"}, Pure: true},
	{Package: "probe/netenv", Deps: []string{"golang.org/x/net", "golang.org/x/sys"}, Pure: true},
	{Package: "probe/ui", Pure: true},
	{Package: "probe/netsim", May: []string{"probe/ippm"}},
	{Package: "probe/link", May: []string{"probe/clock", "probe/ippm", "probe/wire"}},
	{Package: "probe/train", May: []string{"probe/clock", "probe/ippm", "probe/wire"}, Pure: true},
	{Package: "probe/clock", Pure: true},
	{Package: "probe/plan", Pure: true},
	{Package: "probe/warning", Pure: true},
	{Package: "probe/rehearsal", May: []string{"probe/equipment", "probe/ippm", "probe/verdict"}, Pure: true},
	{Package: "probe/wire", May: []string{"probe/verdict"}, Pure: true},
	{Package: "probe/verdict", May: []string{"probe/equipment", "probe/ippm"}, Pure: true},
	{Package: "probe/computer", May: []string{"probe/equipment"}, Deps: []string{"github.com/shirou/gopsutil", "golang.org/x/sys"}, Pure: true},
	{Package: "probe/equipment", Pure: true},
	{Package: "probe/ippm", Pure: true},

	{Package: "dashboards/generate", May: []string{"dashboards"}, Pure: true},
	{Package: "dashboards/lint", May: []string{"dashboards/grafana"}},
	{Package: "dashboards", May: []string{"dashboards/grafana"}, Pure: true},
	{Package: "dashboards/grafana", Pure: true},
}

// TestOnly are packages that only tests import; they may import anything.
var TestOnly = []string{"server/acme/acmetest", "docs", "cmd/internal/e2e", "cmd/internal/script", "docs/schemas", "probe/exporter/naming", "probe/ui/uitest", "server/store/storetest"}

// Home lists the only importers of a dependency: packages, or trees that end in "/...".
type Home struct {
	Dep string
	In  []string
	Why string
}

// Homes of the big dependencies.
var Homes = []Home{
	{"github.com/quic-go", []string{"probe/link"}, "only probe/link imports quic-go"},
	{"github.com/coder/websocket", []string{"probe/link", "cmd/internal/lab"}, "only probe/link imports the WebSocket library, and the lab for its peer"},
	{"github.com/spf13/viper", []string{"cmd/internal/config"}, "only cmd/internal/config imports viper"},
	{"github.com/spf13/cobra", []string{"cmd/..."}, "only the programs know their command line"},
	{"github.com/golang-jwt/jwt", []string{"server/exam", "probe/receipt"}, "only server/exam and probe/receipt import jwt"},
	{"github.com/kardianos/service", []string{"cmd/examlink"}, "only cmd/examlink talks to service managers"},
	{"github.com/shirou/gopsutil", []string{"probe/computer"}, "only probe/computer reads what the computer is"},
	{"github.com/gen2brain/beeep", []string{"cmd/examlink"}, "only cmd/examlink talks to desktops"},
	{"github.com/chromedp", []string{"probe/ui/uitest", "cmd/internal/lab"}, "only probe/ui/uitest and the lab drive a browser"},
	{"github.com/cenkalti/backoff", []string{"server/delivery"}, "only server/delivery retries deliveries"},
	{"github.com/standard-webhooks", []string{"server/delivery"}, "only server/delivery signs webhooks"},
	{"modernc.org/sqlite", []string{"server/store/sql"}, "only server/store/sql imports SQL drivers"},
	{"github.com/jackc/pgx", []string{"server/store/sql"}, "only server/store/sql imports SQL drivers"},
	{"github.com/prometheus/exporter-toolkit", []string{"cmd/internal/web"}, "only cmd/internal/web imports the exporter toolkit, which the student's program does without"},
	{"github.com/mholt/acmez", []string{"server/acme"}, "only server/acme speaks ACME"},
	{"github.com/pion", []string{"server/media"}, "only server/media imports pion"},
	{"github.com/coreos/go-oidc", []string{"server/signin"}, "only server/signin talks to OpenID Connect providers"},
	{"golang.org/x/oauth2", []string{"server/signin"}, "only server/signin talks to OpenID Connect providers"},
	{"github.com/prometheus/prometheus", []string{"dashboards/lint"}, "only dashboards/lint reads PromQL"},
}
