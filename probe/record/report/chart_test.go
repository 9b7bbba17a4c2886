package report_test

import (
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"examlink/probe/record"
	"examlink/probe/warning"
)

// drawn is one chart of a page.
type drawn struct {
	width float64
	texts []drawnText
	paths map[string][]string // by class
}

type drawnText struct {
	x      float64
	anchor string
	text   string
}

// charts reads the charts of a page, without the icons of its legend.
func charts(t *testing.T, page string) (out []drawn) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(page))
	d.Entity = xml.HTMLEntity
	var now *drawn
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e := token.(type) {
		case xml.EndElement:
			if e.Name.Local == "svg" {
				now = nil
			}
		case xml.StartElement:
			a := map[string]string{}
			for _, x := range e.Attr {
				a[x.Name.Local] = x.Value
			}
			switch {
			case e.Name.Local == "svg" && a["role"] == "img":
				width, err := strconv.ParseFloat(strings.Fields(a["viewBox"])[2], 64)
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, drawn{width: width, paths: map[string][]string{}})
				now = &out[len(out)-1]
			case now != nil && e.Name.Local == "path":
				now.paths[a["class"]] = append(now.paths[a["class"]], a["d"])
			case now != nil && e.Name.Local == "text":
				var text string
				if err := d.DecodeElement(&text, &e); err != nil {
					t.Fatal(err)
				}
				x, err := strconv.ParseFloat(a["x"], 64)
				if err != nil {
					t.Fatal(err)
				}
				now.texts = append(now.texts, drawnText{x, a["text-anchor"], text})
			}
		}
	}
}

// Nothing in a chart is cut, in neither of the two: all texts and lines lie within it.
func TestNothingIsCut(t *testing.T) {
	exam, busy, near := threeHours(t), newScript(t), newScript(t)
	near.rtt = 4e-6
	near.minutes(10 * min1)
	near.end(10 * min1)
	busy.minutes(10 * min1)
	for i, k := range warning.Kinds() { // bars at both ends of the chart
		busy.warn(k, 0, 0, "at its beginning")
		busy.gap(10*min1-sec, 10*min1, record.Causes()[i%len(record.Causes())], "")
	}
	busy.end(10 * min1)
	for _, s := range []*script{exam, busy, near} {
		all := charts(t, html(t, account(t, s.name)))
		if len(all) != 2 || all[0].width <= all[1].width || all[1].width > 390 {
			t.Fatalf("%d charts, want a wide and a narrow one", len(all))
		}
		for _, c := range all {
			for _, x := range c.texts {
				length := float64(len([]rune(x.text))) * 6.1
				from := x.x
				switch x.anchor {
				case "middle":
					from -= length / 2
				case "end":
					from -= length
				}
				if from < -1 || from+length > c.width+1 {
					t.Errorf("%q is cut: %.0f to %.0f of %.0f", x.text, from, from+length, c.width)
				}
			}
			for class, paths := range c.paths {
				for _, p := range paths {
					for _, m := range regexp.MustCompile(`[MLH](-?[0-9.]+)`).FindAllStringSubmatch(p, -1) {
						if x, err := strconv.ParseFloat(m[1], 64); err != nil || x < -3 || x > c.width {
							t.Errorf("%s is cut at %s of %.0f", class, m[1], c.width)
						}
					}
				}
			}
		}
	}
	if page := html(t, account(t, exam.name)); strings.Contains(page, "min-width:") || !strings.Contains(page, `<td data-label="Cause">`) {
		t.Error("a narrow page has what is wider than it")
	}
}

// Tests without a result are crosses at the edge: whatever bound they had, the axis is
// that of the others.
func TestCrossesDoNotStretchTheAxis(t *testing.T) {
	lines := func(crosses bool) []string {
		s := newScript(t)
		s.minutes(10 * min1)
		if crosses {
			s.add(10*min1, record.Floor{Direction: "down", Target: 768e3, Outcome: "inconclusive", Low: ptr(1e3), Trains: 1})
			s.add(10*min1, record.Floor{Direction: "down", Target: 768e3, Outcome: "inconclusive", Rate: ptr(900e6), Low: ptr(1e3), High: ptr(1e9), Trains: 1})
		}
		s.end(10*min1 + sec)
		c := charts(t, html(t, account(t, s.name)))[0]
		if crosses && len(c.paths["tick unclear"]) == 0 {
			t.Error("there is no cross")
		}
		return c.paths["minimum"]
	}
	with, without := lines(true), lines(false)
	if len(with) != 2 || with[0] != without[0] {
		t.Errorf("the minimum is at %v with crosses and at %v without", with, without)
	}
}

// The legend explains what is in the chart, and nothing else.
func TestLegendOfWhatIsThere(t *testing.T) {
	legend := func(s *script) string {
		page := html(t, account(t, s.name))
		page = page[strings.Index(page, `<ul class="legend">`):]
		page = page[:strings.Index(page, "</ul>")]
		return strings.Join(strings.Fields(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(page, "|")), " ")
	}
	good := newScript(t)
	good.next = 11 * min1
	good.minutes(10 * min1)
	good.add(5*min1, record.Floor{Direction: "up", Target: 384e3, Outcome: "meets", Low: ptr(1e6), Trains: 1})
	good.end(10 * min1)
	if got := regexp.MustCompile(`[| ]*\|[| ]*`).ReplaceAllString(legend(good), "|"); got != "|at least this rate|minimum|recommended|median, and up to the 99th percentile|" {
		t.Errorf("of a good link: %s", got)
	}
	exam := legend(threeHours(t))
	for _, want := range []string{"below the minimum", "test without a result", "lost up", "network", "computer asleep", "examlink off", "warning"} {
		if !strings.Contains(exam, want) {
			t.Errorf("missing %q in %s", want, exam)
		}
	}
	for _, never := range []string{"clock set", "computer busy", "no server", "measured rate"} {
		if strings.Contains(exam, never) {
			t.Errorf("%q is not in the chart", never)
		}
	}
}
