package report_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"examlink/probe/ui/uitest"
)

// The report as a browser shows it: with the look of all pages, nothing that axe
// objects to, and no wider than a small phone.
func TestReportInBrowser(t *testing.T) {
	b := uitest.Open(t)
	page := html(t, account(t, threeHours(t).name))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, page)
	}))
	defer s.Close()
	for _, look := range uitest.ShortLooks() {
		if look.Query != "" { // it has no texts of its own in other languages
			continue
		}
		b.Load(s.URL, look)
		what := "report-" + look.Name
		b.Accessible(what)
		b.Fits(what)
		b.Problems(strings.TrimPrefix(s.URL, "http://"))
		b.Picture(what)
	}
	b.Load(s.URL, uitest.Look{Width: 1280, Height: 900, Dark: true})
	if got := uitest.Value[string](b, "getComputedStyle(document.body).backgroundColor"); got != "rgb(20, 23, 26)" {
		t.Errorf("the background is %s in dark, want that of all pages", got)
	}
}
