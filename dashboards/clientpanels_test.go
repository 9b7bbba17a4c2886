package dashboards_test

import (
	"bufio"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"examlink/dashboards/grafana"
	"examlink/probe/netsim"
)

// look evaluates every query of every panel.
func look(t *testing.T, base, uid string, c choice, until time.Time, span time.Duration) view {
	t.Helper()
	v := view{strings.TrimSpace(fmt.Sprintf("%s %s%s", uid, c.exam, c.instance)), base, until, span, map[string][]cell{}}
	d := page(t, committed(t), uid)
	for i := range d.Panels {
		p := &d.Panels[i]
		for _, target := range p.Targets {
			key := p.Title + " / " + target.RefID
			v.cells[key] = nil
			for _, s := range askOver(t, base, target, fillOver(target.Expr, p.Interval, c, span), until, span) {
				if !math.IsNaN(s.value) {
					v.cells[key] = append(v.cells[key], shownAs(p, target.RefID, s))
				}
			}
		}
	}
	return v
}

// alarming returns the panels that show something in a colour of trouble. Lines over
// time have no colour of their own.
func (v view) alarming() (out []string) {
	for _, key := range slices.Sorted(maps.Keys(v.cells)) {
		for _, c := range v.cells[key] {
			if c.color == grafana.Bad || c.color == grafana.Uneasy || c.color == "yellow" {
				out = append(out, fmt.Sprintf("%s: %s %v %s is %s", v.name, key, c.sample, c.text, c.color))
			}
		}
	}
	return out
}

// empty returns the queries without any known value.
func (v view) empty() (out []string) {
	for _, key := range slices.Sorted(maps.Keys(v.cells)) {
		if len(v.cells[key]) == 0 {
			out = append(out, key)
		}
	}
	return out
}

// has checks one value of a query, of the series with these labels: its text, or its
// number within bounds, and its colour. An absent one is not known.
func (v view) has(t *testing.T, key, labels string, want expectedCell) {
	t.Helper()
	cells, ok := v.cells[key]
	if !ok {
		t.Errorf("%s has no query %s", v.name, key)
		return
	}
	for _, c := range cells {
		if !(expectation{labels: labels}).matches(c.labels) {
			continue
		}
		if want.absent {
			t.Errorf("%s: %s shows %v, expected nothing known", v.name, key, c.sample)
		} else if c.text != want.text || c.color != want.color || c.value < want.least || c.value > want.most {
			t.Errorf("%s: %s shows %v %q %s, expected %+v", v.name, key, c.sample, c.text, c.color, want)
		}
		return
	}
	if !want.absent {
		t.Errorf("%s: %s shows nothing like %q among %v, expected %+v", v.name, key, labels, cells, want)
	}
}

// expectedCell is what a panel must show.
type expectedCell struct {
	text, color string
	least, most float64
	absent      bool
}

var unknownCell = expectedCell{absent: true}

// says expects a text, and counts a number between two.
func says(code float64, text, color string) expectedCell {
	return expectedCell{text: text, color: color, least: code, most: code}
}

func counts(least, most float64, color string) expectedCell {
	return expectedCell{color: color, least: least, most: most}
}

// quiet lists the queries that have no value while all is well, and why. It says
// nothing of those whose panel is not in the dashboard.
var quiet = map[string]string{
	"Firing alerts / A":              "no alert fires",
	"Criteria missed / A":            "no check missed one",
	"Criteria undecided / A":         "every check could tell",
	"Criteria below recommended / A": "every check met what is recommended",
	"Notifications undelivered / A":  "the simulation has no receiver",
	"Notifications sent / A":         "the simulation has no receiver",
	"Failed delivery attempts / A":   "the simulation has no receiver",
	"Notifications waiting / A":      "the simulation has no receiver",
	"Alertmanager / A":               "the simulation has no Alertmanager",
	"Never connected / A":            "the simulation has no roster",
	"Students of exams ahead / A":    "the simulation has no roster",
	"Students of exams ahead / B":    "the simulation has no roster",
	"Students of exams ahead / C":    "the simulation has no roster",
	"Students of exams ahead / D":    "the simulation has no roster",
	"Students by exam ahead / A":     "the simulation has no roster",
	"Students by exam ahead / B":     "the simulation has no roster",
	"Students by exam ahead / C":     "the simulation has no roster",
	"Students by exam ahead / D":     "the simulation has no roster",
	"Students by exam ahead / E":     "the simulation has no roster",
	"Sessions, worst first / E":      "a healthy link has no upper bound",
	"Sessions, worst first / H":      "a healthy link has no upper bound",
	"Upload rate / A":                "a healthy link is not filled",
	"Upload rate / C":                "a healthy link has no upper bound",
	"Download rate / A":              "a healthy link is not filled",
	"Download rate / C":              "a healthy link has no upper bound",
}

// students is how many healthy watches a simulation has.
const students = 8

// simulated is a Prometheus that has scraped a server and its clients.
type simulated struct {
	base     string
	first    time.Time         // there were healthy links only
	second   time.Time         // and others beside them
	sessions map[string]string // by student
}

// simulate runs a server with healthy links alone, then with a marginal, a failing and
// a silent one and with a check that is broken off beside them.
func simulate(t *testing.T) simulated {
	t.Helper()
	tool(t, "promtool")
	tool(t, "prometheus")
	var (
		samples       []string
		first, second time.Time
		sessions      = map[string]string{}
	)
	synctest.Test(t, func(t *testing.T) {
		s, stop := newSimulation(t)
		defer stop()
		for i := range students {
			s.watch(fmt.Sprintf("healthy/%d", i), 10, 5)
		}
		s.run(time.Minute)
		for i := range 5 {
			s.check(fmt.Sprintf("healthy/check%d", i), 10, 5)
			s.run(time.Minute)
		}
		s.run(time.Minute)
		first = time.Now()

		s.alarmed = true
		s.watch("mixed/marginal", 1.2, .6)
		s.watch("mixed/failing", .5, .25)
		silent := s.watch("mixed/silent", 10, 5)
		s.check("mixed/slow", .5, .25)
		s.run(5 * time.Minute)
		broken, _ := s.check("mixed/broken", 10, 5)
		time.Sleep(3 * time.Second)
		for _, host := range []*netsim.Client{silent, broken} {
			for _, way := range []*netsim.Pipe{host.Up, host.Down} {
				way.Update(func(p *netsim.Params) { p.Outage = true })
			}
		}
		s.run(3 * time.Minute)
		second = time.Now()
		for _, x := range s.server.Sessions() {
			sessions[x.Student] = x.Session
		}
		samples = s.samples
	})
	if t.Failed() {
		t.FailNow()
	}
	// Prometheus marks what a scrape no longer has; blocks made of text have no such
	// marks, so that a value must not outlive its scrape.
	base := prometheusOf(t, func(w *bufio.Writer) {
		for _, line := range samples {
			fmt.Fprintln(w, line)
		}
	}, "--query.lookback-delta=14s")
	return simulated{base, first, second, sessions}
}

// TestPanelsOnRealClients has a real server and real clients on simulated links, and
// asks every query of every panel of a real Prometheus that has scraped them: first of
// healthy links alone, then of a marginal, a failing and a silent one and of a check
// that was broken off beside them.
func TestPanelsOnRealClients(t *testing.T) {
	if testing.Short() {
		t.Skip("long: needs a Prometheus")
	}
	t.Parallel()
	x := simulate(t)
	base, first, second, sessions := x.base, x.first, x.second, x.sessions
	onServer := choice{job: "examlink-server"}
	of := func(exam, student string) choice {
		return choice{job: "examlink-server", exam: exam, session: sessions[student]}
	}
	client := func(name string) choice { return choice{job: "examlink-client", instance: name} }

	t.Run("healthy", func(t *testing.T) {
		const span = 5 * time.Minute
		for _, v := range []view{
			look(t, base, "examlink-fleet", onServer, first, span), look(t, base, "examlink-checks", onServer, first, span),
			look(t, base, "examlink-health", onServer, first, span), look(t, base, "examlink-exam", of("healthy", ""), first, span),
			look(t, base, "examlink-session", of("healthy", "healthy/0"), first, span), look(t, base, "examlink-client", client("healthy/0"), first, span),
		} {
			for _, a := range v.alarming() {
				t.Errorf("on healthy links, %s", a)
			}
			for _, key := range v.empty() {
				if quiet[key] == "" {
					t.Errorf("on healthy links, %s: %s shows nothing", v.name, key)
				}
			}
			n := 0
			for _, cells := range v.cells {
				n += len(cells)
			}
			t.Logf("%s: %d queries, %d of them without a value, %d values, all in the colours of health", v.name, len(v.cells), len(v.empty()), n)
		}
		// What made panels of the measured rate blank.
		measured := grafana.Target{Instant: true}
		if got := askOver(t, base, measured, `{__name__=~"examlink_session_(up|down)load_bytes_per_second"}`, first, span); len(got) > 0 {
			t.Errorf("healthy links have a measured rate: %v; links that have none are not tested", got)
		}
		v := look(t, base, "examlink-checks", onServer, first, span)
		for _, title := range []string{"Upload meets minimum", "Upload meets recommended", "Download meets minimum", "Download meets recommended", "Ready or marginal"} {
			v.has(t, title+" / A", "", counts(1, 1, grafana.Good))
		}
		v = look(t, base, "examlink-exam", of("healthy", ""), first, span)
		for i := range students {
			id := "session=" + sessions[fmt.Sprintf("healthy/%d", i)]
			v.has(t, "Sessions, worst first / C", id, says(2, "meets minimum", grafana.Good))
			v.has(t, "Sessions, worst first / D", id, counts(1.2*384e3, 10e6, grafana.Unknown))
			v.has(t, "Sessions, worst first / F", id, says(2, "meets minimum", grafana.Good))
			v.has(t, "Sessions, worst first / G", id, counts(1.2*768e3, 10e6, grafana.Unknown))
		}
	})
	t.Run("mixed", func(t *testing.T) {
		const span = 7 * time.Minute
		v := look(t, base, "examlink-fleet", onServer, second, span)
		v.has(t, "Live sessions / A", "", counts(students+2, students+2, grafana.Unknown))
		v.has(t, "Silent sessions / A", "", counts(1, 1, grafana.Uneasy)) // without the check
		v.has(t, "Below minimum / A", "direction=up", counts(1, 1, grafana.Uneasy))
		v.has(t, "Below minimum / A", "direction=down", counts(1, 1, grafana.Uneasy))
		v.has(t, "Rates not known / A", "direction=up", counts(1, 1, grafana.Uneasy))
		v.has(t, "Exams now / B", "exam=mixed", counts(1, 1, grafana.Uneasy))
		v.has(t, "Exams now / C", "exam=mixed", counts(1, 1, grafana.Uneasy))
		v.has(t, "Exams now / C", "exam=healthy", counts(0, 0, grafana.Good))
		v.has(t, "Sessions below minimum / A", "", counts(.1, .1, grafana.Unknown)) // 1 of 10, whose rates are known
		v.has(t, "Checks running / A", "", counts(0, 0, grafana.Unknown))
		v.has(t, "Alerts firing / A", "", counts(2, 2, grafana.Bad))
		v.has(t, "Firing alerts / A", "alertname=ExamlinkServerSaturated", counts(60, 60, grafana.Unknown))

		v = look(t, base, "examlink-checks", onServer, second, 15*time.Minute) // of all checks
		for _, title := range []string{"Upload meets minimum", "Upload meets recommended", "Download meets minimum", "Download meets recommended"} {
			v.has(t, title+" / A", "", counts(.83, .84, grafana.Uneasy)) // 5 of 6
		}

		v = look(t, base, "examlink-exam", of("mixed", ""), second, span)
		v.has(t, "Live sessions / A", "", counts(2, 2, grafana.Unknown))
		v.has(t, "Silent sessions / A", "", counts(1, 1, grafana.Uneasy))
		v.has(t, "Silent for 30 s or more / A", "", counts(1, 1, grafana.Bad))
		v.has(t, "Upload below minimum / A", "", counts(1, 1, grafana.Uneasy))
		v.has(t, "Download below minimum / A", "", counts(1, 1, grafana.Uneasy))
		meets, below := says(2, "meets minimum", grafana.Good), says(0, "below minimum", grafana.Bad)
		for student, want := range map[string]map[string]expectedCell{
			"marginal": {"A": says(1, "live", grafana.Good), "B": counts(0, 1, grafana.Good), "C": meets, "D": counts(5e5, 6e5, grafana.Unknown), "F": meets, "G": counts(1.1e6, 1.2e6, grafana.Unknown)},
			"failing": {"A": says(1, "live", grafana.Good), "C": below, "D": counts(2.4e5, 2.5e5, grafana.Unknown), "E": counts(2.5e5, 2.6e5, grafana.Unknown),
				"F": below, "G": counts(4.9e5, 5e5, grafana.Unknown), "H": counts(5e5, 5.1e5, grafana.Unknown), "L": counts(1, 4, grafana.Unknown)},
			"silent": {"A": says(4, "exam-relevant", grafana.Bad), "B": counts(170, 190, grafana.Bad), "C": unknownCell, "D": unknownCell, "E": unknownCell,
				"F": unknownCell, "G": unknownCell, "H": unknownCell, "I": unknownCell, "J": unknownCell, "K": unknownCell, "L": unknownCell},
			"broken": {"A": unknownCell, "C": unknownCell},
		} {
			id := sessions["mixed/"+student]
			if id == "" {
				t.Fatalf("mixed/%s has no session", student)
			}
			for ref, cell := range want {
				v.has(t, "Sessions, worst first / "+ref, "session="+id, cell)
			}
		}

		for student, want := range map[string]map[string]expectedCell{
			"marginal": {"State / A": says(1, "live", grafana.Good), "Upload / A": meets, "Download / A": meets,
				"Time below minimum / A": counts(0, 0, grafana.Good), "Time below minimum / B": counts(0, 0, grafana.Good),
				"Upload rate / B": counts(5e5, 6e5, grafana.Unknown), "Download rate / B": counts(1.1e6, 1.2e6, grafana.Unknown)},
			"failing": {"State / A": says(1, "live", grafana.Good), "Upload / A": below, "Download / A": below,
				"Time below minimum / A": counts(.9, 1, grafana.Bad), "Time below minimum / B": counts(.9, 1, grafana.Bad),
				"Upload rate / C": counts(2.5e5, 2.6e5, grafana.Unknown), "Active warnings (claimed) / A": counts(1, 2, grafana.Uneasy)},
			"silent": {"State / A": says(4, "exam-relevant", grafana.Bad), "Last packet / A": counts(170, 190, grafana.Bad), "Upload / A": unknownCell, "Download / A": unknownCell,
				"Upload rate / B": unknownCell, "Download rate / B": unknownCell, "Active warnings (claimed) / A": unknownCell, "Round-trip delay / A": unknownCell,
				// Of the time before the silence it is known; the silence is no time below.
				"Time below minimum / A": counts(0, 0, grafana.Good), "Time below minimum / B": counts(0, 0, grafana.Good)},
		} {
			v := look(t, base, "examlink-session", of("mixed", "mixed/"+student), second, span)
			for key, cell := range want {
				v.has(t, key, "", cell)
			}
		}
		answering, away := says(1, "answering", grafana.Good), says(0, "not answering", grafana.Bad)
		for student, want := range map[string]map[string]expectedCell{
			"marginal": {"Server connection / A": answering, "Upload / A": meets, "Download / A": meets},
			"failing":  {"Server connection / A": answering, "Upload / A": below, "Download / A": below, "Upload rate / C": counts(2.5e5, 2.6e5, grafana.Unknown)},
			"silent":   {"Server connection / A": away, "Upload / A": unknownCell, "Download / A": unknownCell, "Upload rate / B": unknownCell},
		} {
			v := look(t, base, "examlink-client", client("mixed/"+student), second, span)
			for key, cell := range want {
				v.has(t, key, "", cell)
			}
		}
	})
}
