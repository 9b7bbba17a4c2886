package history_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"examlink/docs/schemas"
	"examlink/probe"
	"examlink/probe/history"
	"examlink/probe/ippm"
	"examlink/probe/verdict"
)

var monday = time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)

// known returns a rate of so many Mbit/s with an interval of 2 %.
func known(mbit float64) history.Rate {
	v, low, high := mbit*1e6, mbit*.98e6, mbit*1.02e6
	return history.Rate{Interval: ippm.Interval{Value: &v, Low: &low, High: &high}, Minimum: 768e3}
}

// least returns a lower bound.
func least(mbit float64) history.Rate {
	low := mbit * 1e6
	return history.Rate{Interval: ippm.Interval{Low: &low}, Minimum: 768e3}
}

func check(day, hour int, down history.Rate) history.Check {
	trip := .02
	return history.Check{
		Schema: history.LineSchema, At: monday.AddDate(0, 0, day).Add(time.Duration(hour) * time.Hour), Exam: "physics", Server: "exam.example:8443",
		Transport: "udp", Policy: "onvue", Outcome: verdict.Ready, Sentence: "Your link is ready.", Download: down, Upload: known(1), RoundTrip: &trip,
	}
}

func TestChecksAreKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "examlink", "checks.jsonl")
	if all, err := history.Read(file); err != nil || len(all) != 0 {
		t.Fatalf("without a file: %v, %v", all, err)
	}
	if n, err := history.Clear(file); err != nil || n != 0 {
		t.Fatalf("clear without a file: %d, %v", n, err)
	}
	for i := range history.Most + 5 {
		if err := history.Add(file, check(i, 10, least(float64(i)))); err != nil {
			t.Fatal(err)
		}
	}
	all, err := history.Read(file)
	if err != nil || len(all) != history.Most || *all[0].Download.Low != 5e6 || *all[len(all)-1].Download.Low != float64(history.Most+4)*1e6 {
		t.Fatalf("%d checks, %v", len(all), err)
	}
	if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if info, err := os.Stat(filepath.Dir(file)); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	// A torn line, and one of a later version.
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(f, `{"schema":"examlink.past-check/2"}`)
	fmt.Fprint(f, `{"schema":"examlink.past-ch`)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if again, err := history.Read(file); err != nil || len(again) != history.Most {
		t.Errorf("beside damaged lines: %d, %v", len(again), err)
	}
	if n, err := history.Clear(file); err != nil || n != history.Most+2 {
		t.Errorf("cleared %d, %v", n, err)
	}
	if left, err := os.ReadDir(filepath.Dir(file)); err != nil || len(left) != 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

// A line that a crash tore does not spoil the next one.
func TestCheckAfterTornLine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "checks.jsonl")
	if err := os.WriteFile(file, []byte(`{"schema":"exam`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := history.Add(file, check(0, 10, known(2))); err != nil {
		t.Fatal(err)
	}
	if all, err := history.Read(file); err != nil || len(all) != 1 {
		t.Errorf("%d checks, %v", len(all), err)
	}
}

// A check and a watch may finish at the same time.
func TestSeveralAddAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "checks.jsonl")
	var g sync.WaitGroup
	for i := range 20 {
		g.Go(func() {
			if err := history.Add(file, check(i, 10, known(2))); err != nil {
				t.Error(err)
			}
		})
	}
	g.Wait()
	if all, err := history.Read(file); err != nil || len(all) != 20 {
		t.Errorf("%d checks, %v", len(all), err)
	}
}

func TestWhatIsKept(t *testing.T) {
	v, low, high, trip := 2e6, 1.9e6, 2.1e6, .034
	c := history.FromReport(probe.Report{
		Started: monday, Exam: "physics", Server: "exam.example:8443", Session: "secret", Transport: "udp", Receipt: "secret",
		Verdict: verdict.Verdict{Outcome: verdict.Marginal, Sentence: "It will do.", Reasons: []verdict.Reason{
			{Criterion: verdict.Download, Value: &v, Low: &low, High: &high, Minimum: 768e3},
			{Criterion: verdict.Upload, Low: &low, Minimum: 384e3},
			{Criterion: verdict.RoundTripDelay, Value: &trip},
		}},
	}, true)
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(b), "secret") {
		t.Errorf("more is kept than is needed: %s", b)
	}
	if *c.Download.Value != v || c.Upload.Value != nil || *c.Upload.Low != low || c.Upload.Minimum != 384e3 || *c.RoundTrip != trip || !c.Planned {
		t.Errorf("%s", b)
	}
	schemas.Fields[history.Check](t, history.LineSchema)
	unknown, err := json.Marshal(history.FromReport(probe.Report{Started: monday}, false))
	if err != nil {
		t.Fatal(err)
	}
	schemas.Test(t, history.LineSchema, b, unknown)
}

// checks makes checks at the same hours of several days.
func checks(days int, byHour map[int]func(day int) history.Rate) (all []history.Check) {
	for day := range days {
		for hour := range 24 {
			if rate := byHour[hour]; rate != nil {
				all = append(all, check(day, hour, rate(day)))
			}
		}
	}
	return all
}

func TestTimesOfDay(t *testing.T) {
	always := func(r history.Rate) func(int) history.Rate { return func(int) history.Rate { return r } }
	slow, fast, atLeast := always(known(.9)), always(known(4)), always(least(1.5))
	for _, c := range []struct {
		name string
		all  []history.Check
		want []string // part and word
	}{
		{"none", nil, nil},
		{"the same all day", checks(9, map[int]func(int) history.Rate{8: fast, 14: fast, 20: fast}), nil},
		{"evenings are worse", checks(6, map[int]func(int) history.Rate{8: fast, 20: slow}), []string{"morning better", "evening worse"}},
		{"evenings are worse, the rest are bounds", checks(6, map[int]func(int) history.Rate{8: atLeast, 14: atLeast, 20: slow}), []string{"evening worse"}},
		{"bounds that may hide anything", checks(9, map[int]func(int) history.Rate{8: always(least(3)), 20: always(least(.8))}), nil},
		{"too few", checks(4, map[int]func(int) history.Rate{8: fast, 20: slow}), nil},
		{"one bad evening", append(checks(6, map[int]func(int) history.Rate{8: fast}), checks(1, map[int]func(int) history.Rate{18: slow, 19: slow, 20: slow, 21: slow, 22: slow, 23: slow})...), nil},
		{"evenings vary", checks(8, map[int]func(int) history.Rate{8: fast, 20: func(day int) history.Rate { return known([]float64{.9, 7}[day%2]) }}), nil},
		{"another network in the evenings", append(checks(6, map[int]func(int) history.Rate{8: fast}), elsewhere(checks(6, map[int]func(int) history.Rate{20: slow}))...), nil},
	} {
		got, compared := history.TimesOfDay(c.all, time.UTC)
		var words []string
		for _, f := range got {
			word := "better"
			if f.Worse {
				word = "worse"
			}
			words = append(words, string(f.Part)+" "+word)
			if f.Direction != "download" || f.Checks+f.Others != compared {
				t.Errorf("%s: %+v", c.name, f)
			}
		}
		if strings.Join(words, ", ") != strings.Join(c.want, ", ") {
			t.Errorf("%s: %q, want %q", c.name, words, c.want)
		}
	}
	found, _ := history.TimesOfDay(checks(6, map[int]func(int) history.Rate{8: atLeast, 20: slow}), time.UTC)
	if len(found) != 2 || found[1].Sentence != "Evenings are worse for your download: the median of 6 checks is 0.9 Mbit/s, that of 6 checks at other times at least 1.5 Mbit/s." {
		t.Errorf("%+v", found)
	}
	// In another zone these evenings are mornings.
	there := time.FixedZone("there", 12*3600)
	if found, _ := history.TimesOfDay(checks(6, map[int]func(int) history.Rate{8: fast, 20: slow}), there); len(found) != 2 || found[0].Part != history.Morning || !found[0].Worse {
		t.Errorf("in another zone: %+v", found)
	}
}

// elsewhere makes checks by another transport.
func elsewhere(all []history.Check) []history.Check {
	for i := range all {
		all[i].Transport = "websocket"
	}
	return all
}
