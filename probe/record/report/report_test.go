package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"examlink/probe/record"
	"examlink/probe/record/report"
	"examlink/probe/warning"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func account(t testing.TB, name string) report.Account {
	t.Helper()
	r, err := record.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	a, err := report.Make(r)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func text(t testing.TB, a report.Account) string {
	t.Helper()
	var b bytes.Buffer
	if err := a.Text(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; -update rewrites it. Got\n%s", path, got)
	}
}

func TestText(t *testing.T) { golden(t, "three-hours.txt", text(t, account(t, threeHours(t).name))) }

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if d := got - want; d > 0.01 || d < -0.01 {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func TestAccount(t *testing.T) {
	a := account(t, threeHours(t).name)
	// 3 h less 4 min 30 s asleep and 77 s killed.
	near(t, "watched", a.Watched, 10800-270-77)
	near(t, "away", a.Away, 270+77)
	near(t, "below the minimum down", *a.Down.BelowFor, 590)
	near(t, "share", *a.Down.BelowShare, 590/a.Watched)
	near(t, "below the minimum up", *a.Up.BelowFor, 0)
	near(t, "interrupted", a.Interrupted, 40)
	near(t, "watched of the exam", a.Window.Watched, a.Watched)
	near(t, "share of the exam", a.Window.Share, a.Watched/(215*60))
	near(t, "longest gap", a.Longest.Duration, 270)
	if len(a.Gaps) != 3 || a.Gaps[0].Cause != record.Network || a.Gaps[1].Cause != record.Suspended || a.Gaps[2].Cause != record.ClientStopped || len(a.Warnings) != 3 {
		t.Errorf("gaps %+v, warnings %+v", a.Gaps, a.Warnings)
	}
	f := a.Figures
	if f.Sent != f.Received+f.LostUp+f.LostDown+f.LostUnknown || f.Sent < 104000 {
		t.Errorf("%+v", f)
	}
	if f.LostInGaps < 400 || f.LossUp.Worst > 0.2 || a.Student != "s-0017" {
		t.Errorf("%d lost in interruptions, worst loss %v of %s", f.LostInGaps, f.LossUp, a.Student)
	}
	if *a.Down.Lowest > 530e3 || *a.Down.Lowest < 480e3 || a.Down.Below < 5 || a.Up.Lowest != nil || a.Up.AtLeast == nil {
		t.Errorf("down %+v, up %+v", a.Down, a.Up)
	}
	b, err := json.Marshal(a)
	if err != nil || !strings.Contains(string(b), `"schema":"examlink.record-report/2"`) || strings.Contains(string(b), "NaN") {
		t.Errorf("%s, %v", b, err)
	}
}

func TestHeadlines(t *testing.T) {
	for name, c := range map[string]struct {
		write func(s *script)
		want  string
		also  string // in the text
	}{
		"good": {func(s *script) { s.minutes(10 * min1); s.end(10 * min1) },
			"During the 10 min 0 s watched, the link met the minimum and was not interrupted.", "The record is intact: 3"},
		"nothing": {func(s *script) { s.end(sec) }, "Nothing was measured in this record.", "one-way delay up, median"},
		"no tests": {func(s *script) { s.next = hour; s.minutes(2 * min1); s.end(2 * min1) },
			"During the 2 min 0 s watched, the link was not interrupted. No test could tell whether the download and upload met the minimum.", "unknown"},
		"single test below": {func(s *script) {
			s.minutes(10 * min1)
			s.floor(10*min1, "down", 700e3, 768e3)
			s.end(10 * min1)
		}, "measured less than the minimum, but too few in a row for a warning.", ""},
		"interrupted": {func(s *script) {
			s.minutes(10 * min1)
			s.gap(min1, min1+5*sec, record.Network, "")
			s.gap(2*min1, 2*min1+20*sec, record.ServerGone, "closed")
			s.end(10 * min1)
		}, "During the 10 min 0 s watched, the connection was interrupted 2 times, for 25 s in total and for up to 20 s at a time.", "the server did not answer"},
		"stands at the end": {func(s *script) {
			s.minutes(10 * min1)
			s.warn(warning.UploadBelowMinimum, 4*min1, 5*min1, "0.2 Mbit/s")
			s.end(10 * min1)
		}, "the upload was below the minimum of 0.384 Mbit/s for 6 min 0 s (60 % of the time watched)", "active"},
		"killed": {func(s *script) { s.minutes(10 * min1); _ = s.w.Close() }, "During the 10 min 0 s watched,", "no end line, so the client was still running or was killed"},
		"clock set back": {func(s *script) {
			s.minutes(10 * min1)
			s.gap(10*min1, 5*min1, record.ClockStep, "by -5m0s")
			s.at = 5 * min1
			s.minutes(12 * min1)
			s.end(12 * min1)
		}, "During the 12 min 0 s watched,", "set back"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			c.write(s)
			a := account(t, s.name)
			if !strings.Contains(a.Headline, c.want) || !strings.Contains(text(t, a), c.also) {
				t.Errorf("%s\nwant %q and %q", text(t, a), c.want, c.also)
			}
			html(t, a) // whatever it is, it can be drawn
		})
	}
}

func TestDamaged(t *testing.T) {
	s := threeHours(t)
	b, _ := os.ReadFile(s.name)
	b = bytes.Replace(b, []byte(`"outcome":"below"`), []byte(`"outcome":"meets"`), 1)
	if err := os.WriteFile(s.name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	a := account(t, s.name)
	if a.Chain.Whole() || !strings.HasPrefix(a.Integrity, "The record is NOT intact: ") || !strings.Contains(text(t, a), "was changed after it was written") ||
		!strings.Contains(html(t, a), `class="panel bad"`) {
		t.Error(a.Integrity)
	}
}

// html returns the page after checking that it is well formed and
// self-contained.
func html(t testing.TB, a report.Account) string {
	t.Helper()
	var b bytes.Buffer
	if err := a.HTML(&b); err != nil {
		t.Fatal(err)
	}
	d := xml.NewDecoder(bytes.NewReader(b.Bytes()))
	d.Entity = xml.HTMLEntity
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("not well formed: %v", err)
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch e.Name.Local {
		case "script", "link", "img", "iframe", "object", "base", "form":
			t.Errorf("the page has a <%s>", e.Name.Local)
		}
		for _, attr := range e.Attr {
			switch n := attr.Name.Local; {
			case strings.HasPrefix(n, "on"), n == "src", n == "href", n == "style":
				t.Errorf("<%s %s=%q>", e.Name.Local, n, attr.Value)
			case attr.Name.Local == "d" && !regexp.MustCompile(`^[MLHVZmlhvaz0-9. -]+$`).MatchString(attr.Value):
				t.Errorf("path %q", attr.Value)
			}
		}
	}
	if s := b.String(); strings.Contains(s, "://") || strings.Contains(s, "@import") || strings.Contains(s, "NaN") || strings.Contains(s, "ZgotmplZ") || strings.Contains(s, "Inf") {
		t.Error("the page has an address of elsewhere, or what is no number")
	}
	return b.String()
}

func TestPage(t *testing.T) {
	page := html(t, account(t, threeHours(t).name))
	for _, want := range []string{
		"<title>Record of exam msds-5001, 2026-06-15</title>", `role="img" aria-labelledby="chart-title chart-desc"`,
		"below the minimum of 0.768 Mbit/s for 9 min 50 s", "G1 network, 40 s", "G2 asleep, 4 min 30 s", "G3 examlink off, 1 min 17 s",
		"W1 download below the minimum", "W3 connection interrupted", "minimum 0.768", "recommended 1.5", ">09:00<", ">12:00<",
		"@media print", "size: A4", "prefers-color-scheme: dark", "(cut short)", report.Disclaimer,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if n := len(page); n > 400e3 {
		t.Errorf("%d bytes", n)
	}
}

// Outside text is harmless in a page and a terminal.
func TestEscaped(t *testing.T) {
	s := newScript(t)
	s.minutes(5 * min1)
	evil := `<script>alert(1)</script>"'&` + "\x1b[31m\u202e"
	s.gap(min1, 2*min1, record.Cause(`x" onload="alert(1)`), evil)
	s.warn(warning.Kind(evil), 3*min1, 3*min1, evil)
	s.end(5 * min1)
	a := account(t, s.name)
	if page := html(t, a); strings.Contains(page, "<script") || strings.Contains(page, `x" onload`) {
		t.Error("not escaped in the page")
	}
	if got := text(t, a); strings.ContainsAny(got, "\x1b\u202e") {
		t.Errorf("not plain in text:\n%s", got)
	}
}

// A record of several days makes a page of reasonable size.
func TestManyMinutes(t *testing.T) {
	s := newScript(t)
	s.next = 365 * 24 * hour
	s.loss = 0.01
	s.minutes(5 * 24 * hour)
	s.end(5 * 24 * hour)
	if n := len(html(t, account(t, s.name))); n > 2e6 {
		t.Errorf("%d bytes", n)
	}
}

func TestWritePage(t *testing.T) { // for looking at: REPORT_PAGE=page.html go test -run TestWritePage
	out := os.Getenv("REPORT_PAGE")
	if out == "" {
		t.Skip("REPORT_PAGE names no file")
	}
	if err := os.WriteFile(out, []byte(html(t, account(t, threeHours(t).name))), 0o644); err != nil {
		t.Fatal(err)
	}
}
