package page

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

// Each device in each condition has the right line, and the verdict follows.
func TestDevices(t *testing.T) {
	needBrowser(t)
	voice := microphone(sound(t, 0.1))
	for _, c := range []struct {
		name               string
		flags              flags
		camera, microphone string
		verdict            string
	}{
		{"1280x720", voice, "The picture is live, 1280 × 720.", "The microphone hears you.", "Ready: this link meets everything"},
		{"640x480", both(voice, camera(video(t, 640, 480, 7, 200))), "The picture is live, 640 × 480; 1280 × 720 is recommended.", "The microphone hears you.", "Ready, but only just: The picture is live, 640 × 480"},
		{"320x240", both(voice, camera(video(t, 320, 240, 7, 200))), "The picture is 320 × 240; the exam needs 640 × 480.", "The microphone hears you.", "Not ready: The picture is 320 × 240"},
		{"black", both(voice, camera(video(t, 1280, 720, 7, 16))), "The picture is black. Open the camera’s shutter", "The microphone hears you.", "Not ready: The picture is black."},
		{"frozen", both(voice, camera(video(t, 1280, 720, 0, 200))), "The picture is frozen. Close other programs", "The microphone hears you.", "Not ready: The picture is frozen."},
		{"silent", microphone(sound(t, 0)), "The picture is live", "The microphone is silent. Speak louder", "Not ready: The microphone is silent."},
		{"distorted", nil, "The picture is live", "The sound is distorted: it is too loud. Lower", "Ready, but only just: The sound is distorted"}, // Chromium's own beep is at full scale
		{"no camera", both(voice, flags{"use-fake-device-for-media-stream": "device-count=0"}), "No camera was found. Connect a camera", "The microphone hears you.", "Not ready: No camera was found."},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := fakeDevices(c.flags)
			p := openTab(t, Options{}, f)
			p.open("ready")
			p.click("begin")
			p.click("turn-on")
			p.settle()
			p.expect("#camera-line", c.camera)
			p.expect("#microphone-line", c.microphone)
			p.accessible(c.name)
			p.click("finish")
			p.wait(`document.getElementById('result').checkVisibility()`)
			p.expect("#verdict", c.verdict)
			if live := eval[bool](p, `document.getElementById('picture').srcObject !== null`); live {
				t.Error("the camera is still on")
			}
		})
	}
}

func both(a, b flags) flags {
	c := maps.Clone(a)
	maps.Copy(c, b)
	return c
}

func TestRefusedPermission(t *testing.T) {
	p := openTab(t, Options{}, flags{"use-fake-device-for-media-stream": true})
	for _, name := range []string{"camera", "microphone"} {
		_, err := chromedp.CallBrowser(p.ctx, browser.SetPermission, browser.SetPermissionParams{Permission: &browser.PermissionDescriptor{Name: name}, Setting: "denied"})
		p.must(err)
	}
	p.toResult("ready")
	p.expect("#verdict", "Not ready: This page may not use the camera.")
	p.expect("#findings", "Allow the camera", "This page may not use the microphone.", "Allow the microphone")
	p.accessible("refused")
}

// Each device that does not start has its line; the other one is tested all the same.
func TestDevicesThatDoNotStart(t *testing.T) {
	p := openTab(t, Options{}, fakeDevices(microphone(sound(t, 0.1))))
	for _, c := range []struct{ kind, failure, line string }{
		{"video", "NotReadableError", "The camera could not be started. Close other programs"},
		{"audio", "NotReadableError", "The microphone could not be started. Close other programs"},
		{"audio", "NotFoundError", "No microphone was found. Connect a microphone"},
		{"audio", "NotAllowedError", "This page may not use the microphone. Allow the microphone"},
	} {
		p.open("ready")
		eval[bool](p, fmt.Sprintf(`(real => {
			navigator.mediaDevices.getUserMedia = c => c[%q] ? Promise.reject(new DOMException('', %q)) : real(c);
			return true;
		})(navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices))`, c.kind, c.failure))
		p.click("begin")
		p.click("turn-on")
		p.settle()
		lines := map[string][2]string{"video": {"#camera-line", "#microphone-line"}, "audio": {"#microphone-line", "#camera-line"}}[c.kind]
		p.expect(lines[0], c.line)
		if other := p.text(lines[1]); other != "The microphone hears you." && other != "The picture is live, 1280 × 720." {
			t.Errorf("%v: the other device: %q", c, other)
		}
	}
}

// Devices are listed by name, and another one can be chosen.
func TestChoiceOfDevices(t *testing.T) {
	p := openTab(t, Options{}, both(fakeDevices(microphone(sound(t, 0.1))), flags{"use-fake-device-for-media-stream": "device-count=3"}))
	p.open("ready")
	p.click("begin")
	p.click("turn-on")
	p.settle()
	names := eval[[]string](p, `[...document.querySelectorAll('#camera-choice option')].map(o => o.text)`)
	if len(names) != 3 || !strings.Contains(names[1], "fake_device_1") {
		t.Errorf("the cameras are %q", names)
	}
	before := eval[string](p, `document.getElementById('picture').srcObject.getTracks()[0].label`)
	eval[bool](p, `(c => { document.getElementById('camera-line').textContent = ''; c.selectedIndex = 2; c.dispatchEvent(new Event('change')); return true })(document.getElementById('camera-choice'))`)
	p.wait(`document.getElementById('picture').srcObject && document.getElementById('picture').srcObject.getTracks()[0].label === document.querySelectorAll('#camera-choice option')[2].text`)
	if after := eval[string](p, `document.getElementById('picture').srcObject.getTracks()[0].label`); after == before {
		t.Errorf("still %q", after)
	}
	p.wait(`document.getElementById('camera-line').textContent.startsWith('The picture is live')`)
	p.expect("#frames", "pictures so far")
}

// A device that is unplugged is no good one, however well it worked before.
func TestUnpluggedDevices(t *testing.T) {
	p := openTab(t, Options{}, fakeDevices(microphone(sound(t, 0.1))))
	p.open("ready")
	eval[bool](p, `(real => {
		window.streams = [];
		navigator.mediaDevices.getUserMedia = async c => { const s = await real(c); streams.push(s); return s };
		return true;
	})(navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices))`)
	p.click("begin")
	p.click("turn-on")
	p.settle()
	eval[bool](p, `streams[0].getTracks().map(t => { t.stop(); t.dispatchEvent(new Event('ended')) }).length === 2`)
	p.wait(`document.getElementById('camera-line').textContent.startsWith('No camera was found.') && document.getElementById('microphone-line').textContent.startsWith('No microphone was found.')`)
}

// If the browser's question is answered after the student went on without, the devices
// stay off.
func TestLateAnswerOfPermission(t *testing.T) {
	p := openTab(t, Options{}, fakeDevices(nil))
	p.open("ready")
	eval[bool](p, `(real => {
		navigator.mediaDevices.getUserMedia = c => new Promise(resolve => { window.allow = async () => { window.stream = await real(c); resolve(window.stream) } });
		return true;
	})(navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices))`)
	p.click("begin")
	p.click("turn-on")
	p.wait(`window.allow`)
	p.click("skip")
	p.wait(`document.getElementById('result').checkVisibility()`)
	p.wait(`window.allow().then(() => true)`)
	p.wait(`window.stream && window.stream.getTracks().every(t => t.readyState === 'ended')`)
}

// Without a test of the devices there is no verdict of ready.
func TestGoingOnWithoutDevices(t *testing.T) {
	p := openTab(t, Options{}, fakeDevices(nil))
	p.open("ready")
	p.click("begin")
	p.click("skip")
	p.wait(`document.getElementById('result').checkVisibility()`)
	p.expect("#verdict", "Could not tell: The camera was not tested.")
	p.expect("#findings", "Check again and turn on the microphone.")
}
