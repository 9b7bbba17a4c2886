# Every target needs only Go; tests skip if another tool they need is missing.

GOLANGCI = go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
TARGETS = linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64

.PHONY: build test short race lint fuzz bench metrics-doc roles config cross imports lab demo dashboards test-dashboards check-rules pictures grafana screenshots

# What the programs print as their version. Go's own build information has no commit where
# it is told not to ask git, or finds no repository.
DAEMON = examlink/cmd/internal/daemon
COMMIT = $(shell git rev-parse HEAD 2>/dev/null)$(shell test -z "$$(git status --porcelain 2>/dev/null)" || echo -modified)
LDFLAGS = -X $(DAEMON).version=$(VERSION) -X $(DAEMON).commit=$(COMMIT) -X $(DAEMON).date=$(shell git show -s --format=%cI HEAD 2>/dev/null)

build: ## both programs, in bin/; VERSION=... names a release
	go build -ldflags "$(LDFLAGS)" -o bin/ ./cmd/examlink ./cmd/examlink-server

test: ## every test
	go test -shuffle=on ./...

short: ## the short tests, about a minute
	go test -short -shuffle=on ./...

race: ## every test under the race detector, which needs a C compiler
	go test -race -shuffle=on ./...

lint: ## format, vet, linter, import rules
	@test -z "$$(gofmt -l .)" || { gofmt -l .; exit 1; }
	go vet ./...
	$(GOLANGCI) run ./...

FUZZTIME = 5s
fuzz: ## each fuzz target for a short time
	@for p in $$(go list ./...); do for f in $$(go test -list '^Fuzz' $$p | grep '^Fuzz'); do \
		echo "$$p $$f"; go test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$p || exit 1; done; done

BENCHTIME = 1s
bench: ## every benchmark
	go test -run '^$$' -bench . -benchtime $(BENCHTIME) ./...

metrics-doc: ## docs/METRICS.md and the golden files of the metrics tests, from the code
	go test ./probe/exporter ./server -run '^TestMetricsOf' -update
	go test ./cmd/examlink-server -run '^TestDocument$$' -update

roles: ## docs/roles.md, from the operations and commands
	go test ./cmd/examlink-server -run '^TestRolesDocument$$' -update

config: ## config.yaml, from the tags that declare its keys
	go test ./cmd/internal/config -run '^TestDocument$$' -update

imports: ## the linter's import rules, from the table in cmd/internal/house
	go test ./cmd/internal/house -run '^TestLinterHasTheTable$$' -update

cross: ## build for every supported system, without cgo
	@for t in $(TARGETS); do echo $$t; CGO_ENABLED=0 GOOS=$${t%/*} GOARCH=$${t#*/} go build -o /dev/null ./cmd/examlink && \
		CGO_ENABLED=0 GOOS=$${t%/*} GOARCH=$${t#*/} go build -o /dev/null ./cmd/examlink-server || exit 1; done

lab: ## examlink and its peers on emulated links, side by side; needs root
	go run ./cmd/internal/lab $(LABFLAGS)

demo: ## run a server and a client on this machine
	go run ./cmd/examlink-server demo

check-rules: ## whether the shipped Prometheus configuration is valid and loads every rule; needs promtool
	@d=$$(mktemp -d) && cp -r dashboards/rules dashboards/provisioning/prometheus/prometheus.yml $$d && \
		(cd $$d && sh $(abspath dashboards/provisioning/prometheus/check.sh) prometheus.yml); s=$$?; rm -r $$d; exit $$s

dashboards: ## the JSON of the dashboards, from their code
	go run ./dashboards/generate

test-dashboards: ## test dashboards, rules and provisioning; skips without promtool, prometheus and amtool
	go test -count=1 ./dashboards/...

PICTURES = dashboards/pictures/out
pictures: ## the dashboards as pictures, drawn with Perses; needs node, npm, chromium and prometheus
	cd dashboards/pictures && npm ci
	CI=1 go test ./dashboards -run '^TestPictures$$' -count=1 -v -args -pictures $(abspath $(PICTURES))

SCREENSHOTS = docs/images
screenshots: ## the pages as pictures, for the documents, one of a real measurement; needs chromium
	CI=1 go test ./server/page -run '^TestScreenshots$$' -count=1 -args -screenshots $(abspath $(SCREENSHOTS))/page
	CI=1 EXAMLINK_SCREENSHOTS=$(abspath $(SCREENSHOTS))/page go test ./cmd/examlink-server -run '^TestCheckPageOverLink$$' -count=1
	CI=1 EXAMLINK_SCREENSHOTS=$(abspath $(SCREENSHOTS))/board go test ./server -run '^TestBoardPage$$' -count=1
	CI=1 EXAMLINK_SCREENSHOTS=$(abspath $(SCREENSHOTS))/window go test ./server/browser -run '^TestWatchInATab$$' -count=1
	CI=1 EXAMLINK_SCREENSHOTS=$(abspath $(SCREENSHOTS))/window go test ./cmd/examlink -run '^TestWindowScreenshots$$' -count=1

grafana: ## what Grafana's own data engine makes of the dashboards' results; needs node, npm and prometheus
	cd dashboards/engine && npm ci
	CI=1 go test ./dashboards -run '^TestGrafanaShowsRealClients$$' -count=1 -v -args -engine
