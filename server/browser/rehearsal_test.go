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

// rehearse goes through the page as a student does, and returns what the result says: its
// verdict, and its part about the rehearsal.
func (s *stand) rehearse() (verdict, part string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.tab, 4*time.Minute)
	defer cancel()
	click := func(id string) chromedp.Action[chromedp.Void] { return chromedp.Click("#" + id) }
	live := `document.getElementById('camera-line').classList.contains('good')`
	if err := chromedp.Do(ctx, chromedp.Navigate(s.url), click("begin"), click("turn-on")); err != nil {
		s.t.Fatal(err)
	}
	s.until(ctx, live)
	if err := chromedp.Do(ctx, click("finish"), click("rehearse")); err != nil {
		s.t.Fatal(err)
	}
	s.until(ctx, `document.getElementById('verdict').checkVisibility() || document.getElementById('rehearsal-note').checkVisibility()`)
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`JSON.stringify(['verdict', 'rehearsal-part', 'rehearsal-note'].map(id => document.getElementById(id).innerText))`))
	if err != nil {
		s.t.Fatal(err)
	}
	var said [3]string
	if err := json.Unmarshal([]byte(text), &said); err != nil {
		s.t.Fatal(err)
	}
	if said[2] != "" {
		s.t.Fatalf("no rehearsal: %s", said[2])
	}
	return said[0], said[1]
}

// until waits until an expression is true in the tab.
func (s *stand) until(ctx context.Context, expression string) {
	s.t.Helper()
	for {
		if ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`Boolean(`+expression+`)`)); err != nil {
			s.t.Fatalf("%s: %v", expression, err)
		} else if ok {
			return
		}
		select {
		case <-ctx.Done():
			s.t.Fatalf("%s: not in time", expression)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// Webcam and screen of a browser arrive through the same emulated link as the check's
// packets, and both ends count the same. Where the upload is too slow the page says what
// fails.
func TestRehearsalInABrowser(t *testing.T) {
	for name, c := range map[string]struct {
		up    ippm.Rate
		want  []string
		fails bool
		loss  float64
	}{
		"1.5 up": {1.5e6, []string{"The webcam arrived with 640x480 pixels", "The screen arrived with", "Webcam and screen arrived at 0.3", "measured by the exam's server", "counted the same"}, false, 0},
		"0.3 up": {0.3e6, []string{"The webcam arrived with", "your browser took the link to carry 0.", "and the exam sends up to 0.353 Mbit/s", "Pause cloud backup", "counted the same"}, true, 0},
		"lossy":  {1.5e6, []string{"; the limit is 3 %.", "Use a cable", "counted the same"}, false, 0.08},
	} {
		t.Run(name, func(t *testing.T) {
			const queue = 300 * time.Millisecond
			up, down := netsim.Params{Rate: c.up, Delay: 10 * time.Millisecond, QueueTime: queue, Loss: c.loss}, netsim.Params{Rate: 2e6, Delay: 10 * time.Millisecond, QueueTime: queue}
			s := newStand(t, up, down, true)
			verdict, part := s.rehearse()
			t.Logf("%s\n%s", verdict, part)
			for _, w := range c.want {
				if !strings.Contains(part, w) {
					t.Errorf("the rehearsal does not say %q", w)
				}
			}
			if held := strings.Contains(part, "took the link to carry"); held != c.fails {
				t.Errorf("held back: %v, expected %v", held, c.fails)
			}
			if c.fails && !strings.HasPrefix(verdict, "Not ready: upload is") {
				t.Errorf("verdict %q", verdict)
			}
		})
	}
}

// Where UDP does not get through, the page says so, and that it shows nothing.
func TestRehearsalWithoutUDP(t *testing.T) {
	s := newStand(t, netsim.Params{}, netsim.Params{}, false)
	verdict, part := s.rehearse()
	if !strings.Contains(part, "There was no rehearsal.") || !strings.Contains(part, "the pictures travel by UDP") || strings.HasPrefix(verdict, "Ready:") {
		t.Errorf("%s\n%s", verdict, part)
	}
}
