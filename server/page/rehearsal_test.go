package page

import (
	"os"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// openRehearsal opens a page that offers the rehearsal, with stand-ins for the line to the
// server and for WebRTC.
func openRehearsal(t *testing.T) *tab {
	t.Helper()
	p := openTab(t, Options{Rehearsal: true}, fakeDevices(both(microphone(sound(t, 0.1)), flags{"auto-select-desktop-capture-source": "Entire screen"})))
	for _, name := range []string{"line.js", "sending.js"} {
		b, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if p.handler.files[Path+"/"+name], err = newFile(name, b); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// toRehearsal goes from the consent to the rehearsal.
func (p *tab) toRehearsal(scenario string) {
	p.t.Helper()
	p.open(scenario)
	p.expect("#start", "Only if you start the rehearsal", "shown to nobody and stored nowhere")
	p.click("begin")
	p.click("turn-on")
	p.settle()
	p.click("finish")
	p.wait(`document.getElementById('rehearsal-ask').checkVisibility()`)
}

func (p *tab) result() {
	p.t.Helper()
	p.wait(`document.getElementById('result').checkVisibility()`)
}

// A rehearsal lowers a verdict and never raises one, and its findings are in the result,
// each remedy once.
func TestRehearsalCounts(t *testing.T) {
	p := openRehearsal(t)
	for _, c := range []struct{ scenario, verdict, part string }{
		{"ready", "Ready: this link meets everything", "The webcam arrived with 640x480 pixels at 15 pictures a second."},
		{"not-ready", "Not ready: upload is 0.29 Mbit/s", "Webcam and screen arrived at 0.26 Mbit/s."},
	} {
		p.toRehearsal(c.scenario)
		p.accessible(c.scenario + ": before the rehearsal")
		p.click("rehearse")
		p.result()
		p.expect("#verdict", c.verdict)
		p.expect("#rehearsal-part", "Rehearsal of the exam’s video", c.part)
		p.accessible(c.scenario + ": after the rehearsal")
		if got := eval[[]string](p, `window.sources`); !slices.Equal(got, []string{"webcam", "screen"}) {
			t.Errorf("%s: sent %q", c.scenario, got)
		}
		if closed := eval[bool](p, `window.lines.at(-1).closed`); !closed {
			t.Errorf("%s: the line to the server stays open", c.scenario)
		}
	}
	if n := eval[int](p, `document.querySelectorAll('#rehearsal-part .finding .aside').length`); n != 1 {
		t.Errorf("%d remedies, expected each once", n)
	}
	// What the rehearsal found counts against a link that is ready, and makes none unfit.
	lowered := eval[string](p, `import('/check/findings.js').then(j => j.judgeAll({outcome: 'ready', sentence: 'Ready.'}, {findings: [{id: 'rehearsal', status: 'only-just', sentence: 'It froze.'}]}).sentence)`)
	if lowered != "Ready, but only just: It froze." {
		t.Errorf("a rehearsal that failed: %q", lowered)
	}
}

// A rehearsal that does not come about says why, and is no verdict.
func TestRehearsalThatDoesNotComeAbout(t *testing.T) {
	p := openRehearsal(t)
	p.toRehearsal("blocked")
	p.click("rehearse")
	p.result()
	p.expect("#rehearsal-part", "There was no rehearsal.", "Not possible on this network: the pictures travel by UDP", "may use TCP instead, which this rehearsal cannot show")
	p.expect("#verdict", "Ready, but only just: the network lets TCP through")

	for scenario, why := range map[string]string{
		"marginal": "The exam’s server takes no rehearsal now: too many rehearsals are running.", "inconclusive": "The rehearsal ended early",
	} {
		p.toRehearsal(scenario)
		p.click("rehearse")
		p.wait(`document.getElementById('rehearsal-note').checkVisibility()`)
		p.expect("#rehearsal-note", why)
		p.accessible(scenario + ": no rehearsal")
		p.click("rehearsal-skip")
		p.result()
		p.expect("#rehearsal-part", "You left it out.")
	}

	p.toRehearsal("ready")
	eval[bool](p, `(navigator.mediaDevices.getDisplayMedia = () => Promise.reject(new DOMException('', 'NotAllowedError')), true)`)
	p.click("rehearse")
	p.result()
	p.expect("#rehearsal-part", "The screen was not shared, so the webcam was sent alone.")
	if got := eval[[]string](p, `window.sources`); !slices.Equal(got, []string{"webcam"}) {
		t.Errorf("sent %q", got)
	}
}

// While it runs the page says what arrives; it can be stopped, and all by keyboard.
func TestRehearsalByKeyboard(t *testing.T) {
	p := openRehearsal(t)
	p.do(chromedp.EmulateViewport(320, 640))
	p.toRehearsal("ready")
	p.do(chromedp.KeyEvent(kb.Tab))
	p.wait(`document.activeElement.id === 'rehearse'`)
	eval[bool](p, `(window.hangs = true)`)
	p.do(chromedp.KeyEvent(kb.Enter))
	p.wait(`document.getElementById('rehearsal-arrived').children.length === 2`)
	p.expect("#rehearsing", "Sending webcam and screen. This is what arrives:", "640 × 480, 15 pictures a second, 0.24 Mbit/s", "0.09 Mbit/s", "s left")
	p.accessible("rehearsing")
	p.wait(`document.activeElement.id === 'rehearsal-stop'`)
	p.do(chromedp.KeyEvent(kb.Enter))
	p.wait(`document.getElementById('rehearsal-note').checkVisibility()`)
	p.expect("#rehearsal-note", "You stopped the rehearsal.")
	eval[bool](p, `!(window.hangs = false)`)
	p.wait(`document.activeElement.id === 'rehearse'`)
	p.do(chromedp.KeyEvent(kb.Enter))
	p.result()
	p.expect("#verdict", "Ready:")
	for _, scheme := range []string{"light", "dark"} {
		p.must(call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}))
		p.accessible("result, " + scheme)
	}
}
