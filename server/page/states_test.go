package page

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

func TestIncompleteLink(t *testing.T) {
	p := openTab(t, Options{}, nil)
	for _, fragment := range []string{"", "#nonsense", "#a.b.c", "#e30.bnVsbA.x"} {
		p.do(chromedp.Navigate("about:blank"), chromedp.Navigate(p.at+Path+fragment))
		p.wait(`document.getElementById('nolink').checkVisibility()`)
		if !eval[bool](p, `document.getElementById('begin').disabled`) {
			t.Errorf("%q: the check can be started", fragment)
		}
	}
	p.accessible("incomplete link")
}

// A network that cannot be measured is said, can be tried again, and leaves no verdict
// of ready.
func TestNetworkNotMeasured(t *testing.T) {
	p := openTab(t, Options{}, fakeDevices(microphone(sound(t, 0.1))))
	for scenario, why := range map[string]string{"unreachable": "The exam’s server does not answer.", "broken": "The network check failed: a mistake"} {
		p.open(scenario)
		p.click("begin")
		p.wait(`document.getElementById('unmeasured').checkVisibility()`)
		p.expect("#unmeasured", why, "examlink check")
		p.accessible(scenario)
		p.click("retry")
		p.wait(`document.getElementById('unmeasured').checkVisibility()`)
		p.click("onward")
		p.click("turn-on")
		p.settle()
		p.click("finish")
		p.wait(`document.getElementById('result').checkVisibility()`)
		p.expect("#verdict", "Could not tell: your network was not measured. "+why)
		if eval[bool](p, `document.getElementById('receipt').checkVisibility()`) {
			t.Error("a receipt without a measurement")
		}
	}
	p.expect("#history-list", "Could not tell", "download unknown")
	p.accessible("result without network")
}

func TestProgressAndStop(t *testing.T) {
	p := openTab(t, Options{}, nil)
	p.open("hangs")
	// Every text is noted: on a busy host a look from here may come too late for one.
	eval[bool](p, `(window.began = performance.now(), window.noted = { remaining: [], say: [] }, Object.keys(noted).every(id =>
		new MutationObserver(() => noted[id].push(document.getElementById(id).textContent)).observe(document.getElementById(id), { childList: true }) === undefined))`)
	p.click("begin")
	p.wait(`document.getElementById('phase').textContent === 'Step 5 of 8: download rate'`)
	p.expect("#done", "Connect", "20 ms", "Upload against the minimum", "6.1 Mbit/s")
	p.wait(`document.getElementById('remaining').textContent === 'Almost done'`)
	if !eval[bool](p, `noted.remaining.some(s => /^About [1-4] s left$/.test(s))`) {
		t.Errorf("the remaining time was %q", eval[[]string](p, `noted.remaining`))
	}
	said, most := eval[[]string](p, `noted.say`), 1+int(eval[float64](p, `(performance.now() - began) / 5e3`))
	if len(said) == 0 || said[0] != "Step 1 of 8: connect" || len(said) > most {
		t.Errorf("a screen reader heard %q: expected at most one announcement in 5 s, %d in all", said, most)
	}
	if v := eval[float64](p, `document.getElementById('bar').value`); v <= 0.5 || v >= 1 {
		t.Errorf("the bar is at %v", v)
	}
	p.accessible("measuring")
	p.click("stop")
	p.wait(`document.getElementById('unmeasured').checkVisibility()`)
	p.expect("#unmeasured-why", "You stopped the network check.")
}

func TestPageThatDoesNotLoadCompletely(t *testing.T) {
	p := openTab(t, Options{}, nil)
	delete(p.handler.files, Path+"/texts.json")
	p.do(chromedp.Navigate(p.at + Path + "#" + token("ready")))
	p.wait(`document.getElementById('failed').checkVisibility()`)
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.problems) == 0 {
		t.Error("nothing on the console")
	}
	p.problems = nil
}

// The whole way by keyboard: each step's heading has the focus, and its button is one
// Tab away.
func TestByKeyboard(t *testing.T) {
	p := openTab(t, Options{}, fakeDevices(microphone(sound(t, 0.1))))
	focus := func(want string) {
		t.Helper()
		p.wait(`(document.activeElement.id || document.activeElement.parentElement.id) === '` + want + `'`)
	}
	press := func(keys string) { t.Helper(); p.do(chromedp.KeyEvent(keys)) }
	p.open("ready")
	press(kb.Tab)
	focus("begin")
	press(kb.Enter)
	focus("equipment")
	press(kb.Tab)
	focus("turn-on")
	press(kb.Enter)
	p.settle()
	focus("camera-choice")
	press(kb.Tab)
	focus("microphone-choice")
	press(kb.Tab)
	focus("finish")
	press(kb.Enter)
	focus("verdict")
	p.expect("#verdict", "Ready:")
}

// In a language that runs from right to left, on a narrow window, in the dark and in
// forced colours: nothing is cut off, and axe finds nothing.
func TestEveryLook(t *testing.T) {
	w := words(t)
	for k, v := range w {
		if k != "lang" && k != "dir" {
			w[k] = "אבג " + v
		}
	}
	w["lang"], w["dir"] = "he", "rtl"
	rtl, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]Options{"left to right": {}, "right to left": {Texts: rtl}} {
		t.Run(name, func(t *testing.T) {
			p := openTab(t, o, fakeDevices(microphone(sound(t, 0.1))))
			p.do(chromedp.EmulateViewport(320, 640))
			look := func(state string) {
				t.Helper()
				for _, scheme := range []string{"light", "dark"} {
					p.must(call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}))
					p.accessible(state + ", " + scheme)
				}
			}
			p.open("not-ready")
			look("start")
			p.click("begin")
			p.wait(`document.getElementById('turn-on').checkVisibility()`)
			look("before the devices")
			p.click("turn-on")
			p.wait(`document.getElementById('camera-line').classList.contains('good') && document.getElementById('microphone-line').classList.contains('good')`)
			look("devices")
			p.click("finish")
			p.wait(`document.getElementById('result').checkVisibility()`)
			eval[bool](p, `(document.querySelector('details').open = true)`)
			look("result")
			if o.Texts != nil {
				if dir := eval[string](p, `getComputedStyle(document.body).direction`); dir != "rtl" {
					t.Errorf("the direction is %s", dir)
				}
				if got := p.text("#findings"); !strings.Contains(got, "אבג What to do") {
					t.Errorf("the other catalogue is not used: %.200s", got)
				}
			}
		})
	}
}

// Linux is refused for the exam; what was measured of the network stays.
func TestRefusedSystem(t *testing.T) {
	p := openTab(t, Options{}, fakeDevices(microphone(sound(t, 0.1))))
	p.pretend(linux)
	p.toResult("ready")
	p.expect("#verdict", "Not ready: This computer runs Linux, which the exam does not accept.")
	p.expect("#findings", "What was measured of your network still holds", "at least 6.1 Mbit/s", "Windows Vista, macOS 10.5")
	if strings.Contains(p.text("#findings"), "S mode") {
		t.Error("Windows' S mode on Linux")
	}
}

func TestReceiptIsCopiedAndSaved(t *testing.T) {
	p := openTab(t, Options{}, fakeDevices(microphone(sound(t, 0.1))))
	p.toResult("ready")
	// The clipboard of a headless browser is not there: what is written is caught.
	eval[bool](p, `(navigator.clipboard.writeText = async s => { window.copied = s }, true)`)
	p.click("copy")
	p.wait(`document.getElementById('say').textContent === 'The receipt was copied.'`)
	if got := eval[string](p, `window.copied`); got != reports()["ready"].Receipt {
		t.Errorf("copied %q", got)
	}
	eval[bool](p, `(navigator.clipboard.writeText = async () => { throw new Error() }, true)`)
	p.click("copy")
	p.wait(`document.getElementById('say').textContent.startsWith('The receipt could not be copied.')`)
	if got := eval[string](p, `String(getSelection())`); got != reports()["ready"].Receipt {
		t.Errorf("selected %q", got)
	}
	dir := t.TempDir()
	_, err := chromedp.CallBrowser(p.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: "allow", DownloadPath: dir})
	p.must(err)
	p.click("download")
	name, want := filepath.Join(dir, "msds-5001-2026-11-29-183005.receipt"), reports()["ready"].Receipt+"\n"
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		if b, err := os.ReadFile(name); err == nil && string(b) == want {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("saved %q, %v; want %q", b, err, want)
		}
	}
}
