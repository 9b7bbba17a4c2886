package page

import (
	"testing"
)

// toResult goes from the consent to the result with the devices that there are.
func (p *tab) toResult(scenario string) {
	p.t.Helper()
	p.open(scenario)
	p.click("begin")
	p.click("turn-on")
	p.settle()
	p.click("finish")
	p.wait(`document.getElementById('result').checkVisibility()`)
}

// settle waits until camera and microphone are judged.
func (p *tab) settle() {
	p.t.Helper()
	p.wait(`document.getElementById('devices').checkVisibility()`)
	p.wait(`!/^(|Waiting for a picture.)$/.test(document.getElementById('camera-line').textContent) && !/^(|Say a few words.)$/.test(document.getElementById('microphone-line').textContent)`)
}

func TestFromLinkToVerdict(t *testing.T) {
	p := openTab(t, Options{}, fakeDevices(microphone(sound(t, 0.1))))
	for _, c := range []struct {
		scenario string
		verdict  string
		words    []string
	}{
		{"ready", "Ready: this link meets everything recommended for the exam.", []string{"at least 6.1 Mbit/s", "required 0.768 Mbit/s, advised 1.5 Mbit/s", "This browser is Chrome 156.", "This computer runs Windows 11.", "The microphone works.", "9 more are good", "Not known here: virtual machine. Run the command examlink check", "Not known here: S mode of Windows."}},
		{"marginal", "Ready, but only just: download is 1.1 Mbit/s; 1.5 Mbit/s is recommended.", []string{"What to do", "Download: Your download may be too slow", "only just"}},
		{"not-ready", "Not ready: upload is 0.29 Mbit/s, the minimum is 0.384 Mbit/s.", []string{"below minimum", "over the limit", "Upload: Your upload may be too slow"}},
		{"inconclusive", "Could not tell: upload: this computer was too busy to send on time. Test again.", []string{"unclear"}},
		{"blocked", "Ready, but only just: the network lets TCP through to the server but not UDP, which live video needs.", []string{"blocked", "not measured", "The check ended early: the connection broke and did not come back.", "clock is 7 min behind"}},
	} {
		p.toResult(c.scenario)
		p.expect("#verdict", c.verdict)
		p.expect("#findings", c.words...)
		p.expect("#ahead", "This check is 189 hours ahead: the rule to test 72 hours before is met.")
		if got := eval[bool](p, `document.activeElement.id === 'verdict'`); !got {
			t.Errorf("%s: the focus is not on the verdict", c.scenario)
		}
		p.accessible(c.scenario)
	}
	p.expect("#owed", "No receipt yet")
	p.toResult("not-ready")
	p.expect("#also", "Also: round trip is 950 ms (the limit is 800 ms).")
	p.expect("#receipt-text", reports()["not-ready"].Receipt)
	p.expect("#history-list", "Not ready", "download 1.1 Mbit/s, upload 0.29 Mbit/s, round trip 950 ms")
	if n := eval[int](p, `document.getElementById('history-list').children.length`); n != 6 {
		t.Errorf("%d checks in the list, want 6", n)
	}
	p.click("clear")
	if left := eval[int](p, `localStorage.length`); left != 0 || eval[bool](p, `document.getElementById('history').checkVisibility()`) {
		t.Errorf("%d entries left", left)
	}
}
