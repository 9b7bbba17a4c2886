package server_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"examlink/probe/ui/uitest"
	"examlink/probe/warning"
	"examlink/server/board"
	"examlink/server/event"
	"examlink/server/store"
)

// nasty are pseudonyms that must stay text, whoever issued a token for them.
var nasty = []string{
	`<img src=x onerror="document.title='hit'">`, `"><script>document.title='hit'</script>`, "\u202edeppord", "a\u0000b\u0007c\nd", "<b>bold</b>&amp;", "\u2066\u2067x",
}

// boardTab opens Chromium, which trusts the server's certificate.
func boardTab(t *testing.T) *uitest.Browser {
	t.Helper()
	return uitest.Open(t, chromedp.Flag("ignore-certificate-errors", true))
}

// link is a new link to the board of an exam, at the server's own address.
func (b *boardServer) link(exam string) string {
	b.t.Helper()
	links, err := b.srv.Exams().ProctorLinks(b.t.Context(), exam, 1, time.Hour)
	if err != nil {
		b.t.Fatal(err)
	}
	return links[0].Address
}

// claims is an event of a session whose program warns.
func (b *boardServer) claims(exam, student, state string, p event.Payload, kinds ...warning.Kind) {
	x := event.Session{ID: exam + "-" + student, Exam: exam, Student: student, Purpose: "watch", Transport: "udp", State: state, LastPacket: time.Now()}
	for _, k := range kinds {
		x.Claimed = append(x.Claimed, event.ClaimedWarning{Kind: k, Since: time.Now().Add(-time.Minute), Cause: warning.CauseWiFi})
	}
	b.srv.Events().Publish(event.Event{At: time.Now(), Session: x, Payload: p})
}

// cohort has a student in each state.
func (b *boardServer) cohort() {
	b.t.Helper()
	var roster []store.Student
	for i := range 4 {
		roster = append(roster, store.Student{ID: fmt.Sprintf("s-%04d", i), Group: "Room A"})
	}
	roster = append(roster, store.Student{ID: "s-0099", Group: "Room B"})
	if err := b.srv.Store().Roster().Put(b.t.Context(), "e1", roster); err != nil {
		b.t.Fatal(err)
	}
	for i := range 24 {
		id := fmt.Sprintf("s-%04d", i)
		b.says("e1", id, "live", event.Admitted{})
		b.says("e1", id, "live", rate(2+float64(i)/10))
		b.says("e1", id, "live", claim(3+float64(i)/10))
		round, loss := 0.02+float64(i)/1000, 0.0
		b.says("e1", id, "live", event.Report{Minute: &event.Minute{RoundTrip: &round, LossUp: &loss, LossDown: &loss}})
	}
	b.says("e1", "s-0005", "dropped", event.State{From: "suspect"})
	b.says("e1", "s-0006", "suspect", event.State{From: "live"})
	b.says("e1", "s-0007", "live", rate(0.2))
	b.claims("e1", "s-0008", "live", event.Report{}, warning.Loss)
	b.says("e1", "s-0009", "live", rate(0.7))
	b.says("e1", "s-0010", "ended", event.Ended{From: "live", Why: "goodbye"})
	b.says("e1", "s-0011x", "live", event.Admitted{})
}

// claim is a reading of a download.
func claim(v float64) event.Claim {
	r := rate(v).Report
	r.Direction = "down"
	return event.Claim{Report: r}
}

// states are the students and states on the page, in their order.
const rowsOnPage = `[...document.querySelectorAll('#rows tr')].filter(r => !r.hidden).map(r => r.dataset.student + '|' + r.cells[1].innerText)`

// The page as a proctor finds it, in every look: signed in by a link, accessible, quiet on
// the console, and with the server's order.
func TestBoardPage(t *testing.T) {
	browser := boardTab(t)
	b := newBoardServer(t)
	host := strings.TrimPrefix(b.at, "https://")
	b.cohort()
	b.srv.Events().Publish(event.Event{At: time.Now(), Payload: event.Incident{ID: "i", Active: true, Exams: []string{"e1"}, Affected: 9, Since: time.Now(), Sentence: "9 of 40 sessions are silent at once: most likely our side."}})
	at := b.link("e1")
	browser.Load(at, uitest.Looks[0])
	browser.Until(`document.querySelectorAll('#rows tr').length >= 25 && document.querySelector('#rows td[data-label]').innerText`)
	if got := uitest.Value[string](browser, `location.href`); strings.Contains(got, "#") {
		t.Errorf("the token is still in the address: %s", got)
	}
	c := b.proctor("e1")
	want := b.page(c, "e1").Rows
	words := map[board.State]string{"dropped": "Dropped", "below-minimum": "Below minimum", "suspect": "Suspect", "never-connected": "Never connected", "below-recommended": "Below recommended", "testing": "Testing", "good": "Good", "ended": "Ended"}
	for i, got := range uitest.Value[[]string](browser, rowsOnPage) {
		if w := want[i].Student + "|" + words[want[i].State]; got != w {
			t.Errorf("row %d is %q, want %q", i, got, w)
		}
	}
	for _, l := range uitest.Looks {
		browser.Load(b.at+"/board", l)
		browser.Until(`document.querySelectorAll('#rows tr').length >= 25 && document.querySelector('#rows td[data-label]').innerText && document.getElementById('incidents').innerText`)
		if wide := uitest.Value[int](browser, `document.documentElement.scrollWidth - innerWidth`); wide > 0 {
			t.Errorf("%s: wider than the window by %d", l.Name, wide)
		}
		axe(browser, t, l.Name)
		if slices.Contains([]string{"light", "dark", "phone"}, l.Name) { // for the documents
			browser.Picture("board-" + l.Name)
		}
		browser.Problems(host)
	}
	browser.Load(b.at+"/board", uitest.Looks[0])
	browser.Until(`document.querySelectorAll('#rows tr').length >= 25`)
	browser.Run(chromedp.Click(chromedp.CSS("#out")))
	browser.Until(`!document.getElementById('signin').hidden`)
	axe(browser, t, "signed out")
	browser.Load(b.at+"/board", uitest.Looks[0])
	browser.Until(`!document.getElementById('signin').hidden`)
	if got := uitest.Value[int](browser, `document.querySelectorAll('#rows tr').length`); got != 0 {
		t.Errorf("%d rows for nobody", got)
	}
	browser.Problems(host)
	browser.Load(at, uitest.Looks[0])
	browser.Until(`document.getElementById('why').innerText.includes('once')`)
}

// axe fails for what axe finds.
func axe(b *uitest.Browser, t *testing.T, what string) {
	t.Helper()
	uitest.Value[bool](b, uitest.AxeSource(t)+"; true")
	for _, f := range uitest.Value[[]string](b, `axe.run().then(r => r.passes.length < 10 ? ['only ' + r.passes.length + ' rules applied'] : r.violations.flatMap(v => v.nodes.map(n => v.id + ': ' + n.target + ': ' + n.failureSummary)))`) {
		t.Errorf("%s: axe: %s", what, f)
	}
}

// Whatever a pseudonym is made of, it stays text, and one row.
func TestBoardPageShowsText(t *testing.T) {
	browser := boardTab(t)
	b := newBoardServer(t)
	for _, student := range nasty {
		b.says("e1", student, "live", event.Admitted{})
	}
	browser.Load(b.link("e1"), uitest.Looks[0])
	browser.Until(fmt.Sprintf(`document.querySelectorAll('#rows tr').length === %d`, len(nasty)))
	for _, student := range nasty {
		b.says("e1", student, "dropped", event.State{From: "live"})
	}
	browser.Until(`document.getElementById('said').textContent`)
	names := uitest.Value[[]string](browser, `[...document.querySelectorAll('#rows tr')].map(r => r.cells[0].querySelector('bdi').textContent)`)
	for _, student := range nasty {
		if n := strings.Count("\x01"+strings.Join(names, "\x01")+"\x01", "\x01"+student+"\x01"); n != 1 {
			t.Errorf("%q is there %d times in %q", student, n, names)
		}
	}
	if got := uitest.Value[string](browser, `document.title + document.querySelectorAll('#rows img, #rows b, #rows script').length`); !strings.HasSuffix(got, "0") || strings.Contains(got, "hit") {
		t.Errorf("markup: %q", got)
	}
	if got := uitest.Value[string](browser, `getComputedStyle(document.querySelector('#rows bdi')).unicodeBidi`); got != "isolate" {
		t.Errorf("a direction mark reaches beyond its cell: %s", got)
	}
	browser.Problems(strings.TrimPrefix(b.at, "https://"))
}

// Filters with counts, and the search.
func TestBoardPageFilters(t *testing.T) {
	browser := boardTab(t)
	b := newBoardServer(t)
	b.cohort()
	browser.Load(b.link("e1"), uitest.Looks[0])
	browser.Until(`document.querySelectorAll('#rows tr').length >= 25`)
	shown := func() []string { return uitest.Value[[]string](browser, rowsOnPage) }
	press := func(word string) {
		uitest.Value[bool](browser, fmt.Sprintf(`[...document.querySelectorAll('#filters button')].find(b => b.innerText.startsWith(%q)).click(), true`, word))
	}
	press("Dropped: 1")
	if got := shown(); len(got) != 1 || got[0] != "s-0005|Dropped" {
		t.Errorf("dropped: %q", got)
	}
	press("Suspect: 1")
	if got := shown(); len(got) != 2 {
		t.Errorf("dropped and suspect: %q", got)
	}
	press("All: ")
	browser.Run(chromedp.SendKeys(chromedp.CSS("#find"), "0011"))
	if got := shown(); len(got) != 2 {
		t.Errorf("0011: %q", got)
	}
	uitest.Value[bool](browser, `document.getElementById('find').value = 'nobody', document.getElementById('find').dispatchEvent(new Event('input')), true`)
	if got := shown(); len(got) != 0 || !uitest.Value[bool](browser, `document.getElementById('empty').checkVisibility()`) {
		t.Errorf("nobody: %q", got)
	}
}
