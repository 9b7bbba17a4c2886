package browser_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"examlink/probe/ippm"
	"examlink/probe/netsim"
)

// rehearse goes through the page as a student does, and returns what the result says.
func (s *stand) rehearse() (verdict, part string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.tab, 4*time.Minute)
	defer cancel()
	click := func(id string) chromedp.Action[chromedp.Void] { return chromedp.Click("#" + id) }
	if err := chromedp.Do(ctx, chromedp.Navigate(s.url), click("begin"), click("turn-on"), chromedp.WaitVisible("#devices"), chromedp.Sleep(4*time.Second), click("finish"), click("rehearse")); err != nil {
		s.t.Fatal(err)
	}
	for {
		body, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.querySelector('section:not([hidden])').innerText`))
		if err != nil {
			s.t.Fatal(err)
		}
		_ = body
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.getElementById('verdict').checkVisibility()`))
		if err != nil {
			s.t.Fatal(err)
		}
		if ok {
			break
		}
		time.Sleep(2 * time.Second)
	}
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`JSON.stringify([document.getElementById('verdict').innerText, document.getElementById('rehearsal-part').innerText + document.getElementById('rehearsal-part').dataset.debug])`))
	if err != nil {
		s.t.Fatal(err)
	}
	var both [2]string
	if err := json.Unmarshal([]byte(text), &both); err != nil {
		s.t.Fatal(err)
	}
	return both[0], both[1]
}

func TestRehearsalInABrowser(t *testing.T) {
	for name, c := range map[string]struct {
		up   ippm.Rate
		want []string
	}{
		"1.5 up":   {1.5e6, []string{"The webcam arrived with 640x480 pixels"}},
		"0.3 up":   {0.3e6, []string{}},
		"0.384 up": {0.384e6, []string{}},
		"0.5 up":   {0.5e6, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			const queue = 300 * time.Millisecond
			s := newStand(t, netsim.Params{Rate: c.up, Delay: 10 * time.Millisecond, QueueTime: queue}, netsim.Params{Rate: 2e6, Delay: 10 * time.Millisecond, QueueTime: queue}, true)
			verdict, part := s.rehearse()
			t.Logf("%s\n%s", verdict, part)
			for _, w := range c.want {
				if !strings.Contains(part, w) {
					t.Errorf("the rehearsal does not say %q", w)
				}
			}
		})
	}
}
