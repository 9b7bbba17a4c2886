package page

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"examlink/probe/plan"
	"examlink/probe/verdict"
)

// module evaluates an expression over a script of the page, m, with the catalogue loaded
// and a value, v.
func module[T any](p *tab, name, expression string, v any) T {
	p.t.Helper()
	b, err := json.Marshal(v)
	p.must(err)
	return eval[T](p, fmt.Sprintf(`(async () => {
		await (await import('/check/texts.js')).loadTexts();
		const m = await import('/check/%s'), v = %s;
		return %s;
	})()`, name, b, expression))
}

// The page's figures are those of the program, digit for digit.
func TestFiguresAreTheProgram(t *testing.T) {
	p := openTab(t, Options{}, nil)
	p.open("ready")
	type figure struct {
		V    float64 `json:"v"`
		Unit string  `json:"unit"`
	}
	all := []figure{{0.768e6, "bit/s"}, {1.125e6, "bit/s"}, {1.135e6, "bit/s"}, {12.25e6, "bit/s"}, {99.96e6, "bit/s"}, {100.5e6, "bit/s"}, {9.9996e6, "bit/s"}, {0, "bit/s"}, {400, "bit/s"}}
	for _, v := range []float64{0, 0.0001, 0.01225, 0.9994, 0.9996, 1, 1.225, 30, 0.4, 0.99951} {
		all = append(all, figure{v, "s"})
	}
	for _, v := range []float64{0, 0.001, 0.03, 0.0549, 1, 0.12345} {
		all = append(all, figure{v, "ratio"})
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		all = append(all, figure{float64(r.IntN(300_000_000)), "bit/s"}, figure{float64(r.IntN(50_000)) / 1e5, "s"}, figure{r.Float64() * 60, "s"}, figure{r.Float64(), "ratio"})
	}
	for i, got := range module[[]string](p, "figures.js", `v.map(f => m.format(f.v, f.unit))`, all) {
		if want := verdict.Format(all[i].V, all[i].Unit); got != want {
			t.Errorf("%v %s: %q, the program says %q", all[i].V, all[i].Unit, got, want)
		}
	}
}

// Each combination of statuses has the same words, and the order of reasons is the same.
func TestStandingsAreTheProgram(t *testing.T) {
	p := openTab(t, Options{}, nil)
	p.open("ready")
	all := standings()
	for i, got := range module[[]string](p, "figures.js", `v.map(m.standing)`, all) {
		if want := all[i].Standing(); got != want {
			t.Errorf("%+v: %q, the program says %q", all[i], got, want)
		}
	}
	order := module[[]verdict.Reason](p, "figures.js", `m.worstFirst(v)`, all)
	if want := verdict.WorstFirst(all); !slices.Equal(order, want) {
		t.Error("another order than the program's")
	}
	for _, r := range reports() {
		for i, got := range module[[]string](p, "figures.js", `v.map(m.formatValue)`, r.Verdict.Reasons) {
			if want := verdict.FormatValue(r.Verdict.Reasons[i]); got != want {
				t.Errorf("%s: %q, the program says %q", r.Verdict.Reasons[i].Criterion, got, want)
			}
		}
	}
}

// What browsers tell becomes the right system, and the right judgement.
func TestSystems(t *testing.T) {
	p := openTab(t, Options{}, nil)
	p.open("ready")
	hints := func(brand, platform, version string, more ...string) string {
		return fmt.Sprintf(`{deviceMemory: 8, userAgentData: {platform: %q, mobile: %v, brands: [], getHighEntropyValues: async () => ({
			platform: %q, platformVersion: %q, formFactors: %s, fullVersionList: [{brand: 'Not/A)Brand', version: '8.0'}, {brand: 'Chromium', version: '156.0.1'}, {brand: %q, version: '156.0.1'}]})}}`,
			platform, slices.Contains(more, "mobile"), platform, version, map[bool]string{true: `["Tablet"]`, false: `["Desktop"]`}[slices.Contains(more, "tablet")], brand)
	}
	text := func(s string, touch int) string { return fmt.Sprintf(`{userAgent: %q, maxTouchPoints: %d}`, s, touch) }
	const mac = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.4 Safari/605.1.15"
	for _, c := range []struct{ name, navigator, lines string }{
		{"Chrome on Windows 11", hints("Google Chrome", "Windows", "15.0.0"), "met This computer runs Windows 11.|met This is neither a tablet nor a phone.|met This computer has about 8 GB of memory.|met This browser is Chrome 156."},
		{"Chrome on Windows 10", hints("Google Chrome", "Windows", "10.0.0"), "met This computer runs Windows 10.|"},
		{"Chrome on Windows 7", hints("Google Chrome", "Windows", "0.1.0"), "only-just This computer runs Windows 7; 10 or newer is recommended.|"},
		{"Chrome on a Mac", hints("Google Chrome", "macOS", "14.6.1"), "met This computer runs macOS 14.6.1.|"},
		{"Chrome on an old Mac", hints("Google Chrome", "macOS", "10.9.0"), "only-just This computer runs macOS 10.9.0; 10.13 or newer"},
		{"Chrome on an ancient Mac", hints("Google Chrome", "macOS", "10.4.11"), "not-met This computer runs macOS 10.4.11; the exam needs 10.5 or newer.|"},
		{"Chrome on a Chromebook", hints("Google Chrome", "Chrome OS", "15.0"), "not-met This computer is a Chromebook"},
		{"Chrome on a tablet", hints("Google Chrome", "Android", "14.0", "tablet"), "|not-met This is a tablet or phone"},
		{"Chrome on a phone", hints("Google Chrome", "Android", "14.0", "mobile"), "|not-met This is a tablet or phone"},
		{"Edge", hints("Microsoft Edge", "Windows", "15.0.0"), "|not-met This browser is Edge. The exam accepts: Chrome, Firefox, Safari."},
		{"Chromium", hints("Chromium", "Windows", "15.0.0"), "|met This browser is Chromium 156."},
		{"Safari", text(mac, 0), "not-known This computer runs macOS, but its version is not known.|met This is neither a tablet nor a phone.|not-known The amount of memory could not be determined.|met This browser is Safari 26.4, which is accepted; Chrome is preferred."},
		{"iPad as a Mac", text(mac, 5), "|not-met This is a tablet or phone"},
		{"iPhone", text("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1", 5), "|not-met This is a tablet or phone"},
		{"Firefox on Windows", text("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", 0), "met This computer runs Windows 10.|"},
		{"Firefox on Linux", text("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", 0), "not-met This computer runs Linux, which the exam does not accept.|"},
		{"nothing known", text("", 0), "not-known The operating system could not be determined.|not-known Whether this is a tablet could not be determined.|not-known The amount of memory could not be determined.|not-known This browser does not say what it is."},
		{"little memory", `{userAgent: '', deviceMemory: 1}`, "|not-known The browser rounds the amount of memory to about 1 GB"},
	} {
		got := eval[string](p, fmt.Sprintf(`(async () => {
			await (await import('/check/texts.js')).loadTexts();
			const about = await (await import('/check/system.js')).aboutSystem(%s), { factsOf } = await import('/check/facts.js');
			const { Judge } = await import('/check/judge.js'), { sentenceOf } = await import('/check/findings.js');
			const findings = await new Judge(location.hash.slice(1)).judge(factsOf({ about }));
			return findings.filter(f => ['system', 'tablet', 'memory', 'browser'].includes(f.id)).map(f => f.status + ' ' + sentenceOf(f)).join('|') + '|';
		})()`, c.navigator))
		if !strings.Contains(got, c.lines) {
			t.Errorf("%s: %q, want %q", c.name, got, c.lines)
		}
	}
}

// A check is in time for an exam by the same rule as the program's, to the millisecond.
func TestTimeBeforeTheExamIsTheProgram(t *testing.T) {
	p := openTab(t, Options{}, nil)
	p.open("ready")
	starts := time.Date(2026, 11, 2, 16, 0, 0, 0, time.UTC)
	ends := starts.Add(2 * time.Hour)
	for _, before := range []time.Duration{
		200 * time.Hour, 72 * time.Hour, 72*time.Hour - time.Millisecond, 71 * time.Hour, time.Millisecond, 0, -time.Hour, -2*time.Hour + time.Millisecond, -2 * time.Hour,
	} {
		now := starts.Add(-before)
		got := module[[]string](p, "examtime.js", `m.aheadOfExam(v.token, v.now)`, map[string]any{
			"token": map[string]int64{"starts": starts.Unix(), "ends": ends.Unix()}, "now": now.UnixMilli(),
		})
		var want []string
		for _, said := range plan.Ahead(starts, ends, now) {
			want = append(want, said.String())
		}
		if !slices.Equal(got, want) {
			t.Errorf("%v before: %q, the program says %q", before, got, want)
		}
	}
}

// The best time of day is named only with enough checks in two parts of the day.
func TestBestTimeOfDay(t *testing.T) {
	p := openTab(t, Options{}, nil)
	p.open("ready")
	type check struct {
		At   string  `json:"at"`
		Down float64 `json:"down_times"`
		Up   float64 `json:"up_times"`
	}
	at := func(hour, n int, times float64) (all []check) {
		for day := range n {
			all = append(all, check{fmt.Sprintf("2026-11-%02dT%02d:30:00", day+1, hour), times, 10})
		}
		return all
	}
	for _, c := range []struct {
		name   string
		checks []check
		want   string
	}{
		{"none", nil, `{}`},
		{"one part of the day", at(9, 10, 4), `{}`},
		{"too few in the other", slices.Concat(at(9, 3, 4), at(20, 2, 1)), `{}`},
		{"evenings are worse", slices.Concat(at(9, 3, 4), at(20, 3, 1.5), at(14, 3, 2)), `{"best":"morning","worst":"evening"}`},
		{"no difference", slices.Concat(at(9, 3, 4), at(20, 3, 3.8)), `{"even":true}`},
	} {
		if got := module[string](p, "history.js", `JSON.stringify(m.bestTime(v ?? []))`, c.checks); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// What is kept is bounded, and what is damaged does no harm.
func TestHistoryIsBounded(t *testing.T) {
	p := openTab(t, Options{}, nil)
	p.open("ready")
	if n := module[int](p, "history.js", `(() => { for (let i = 0; i < 30; i++) m.remember({ outcome: 'ready' }, v, new Date(2026, 10, 1, i)); return m.readHistory().length })()`, reports()["ready"]); n != 20 {
		t.Errorf("%d checks are kept, want 20", n)
	}
	if at := module[string](p, "history.js", `m.readHistory()[0].at`, nil); !strings.HasPrefix(at, "2026-11-02T05") {
		t.Errorf("the first is of %s, want the latest", at)
	}
	for _, bad := range []string{`nonsense`, `{}`, `[null, 1, {"at":"x","outcome":"ready"}, {"at":"2026-11-01T00:00:00Z","outcome":"fine"}]`} {
		if n := module[int](p, "history.js", `(localStorage.setItem('examlink.checks', v), m.readHistory().length)`, bad); n != 0 {
			t.Errorf("%s: %d checks", bad, n)
		}
	}
}
