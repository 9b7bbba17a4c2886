package page

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"

	"examlink/docs/schemas"
	"examlink/probe/equipment"
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
		{"1280x720", voice, "The webcam works, with 1280x720 pixels.", "The microphone works.", "Ready: this link meets everything"},
		{"640x480", both(voice, camera(video(t, 640, 480, 7, 200))), "The webcam’s picture has 640x480 pixels; 1280x720 is recommended. Choose another", "The microphone works.", "Ready, but only just: The webcam’s picture has 640x480 pixels"},
		{"320x240", both(voice, camera(video(t, 320, 240, 7, 200))), "The webcam’s picture has 320x240 pixels; the exam needs 640x480.", "The microphone works.", "Not ready: The webcam’s picture has 320x240"},
		{"black", both(voice, camera(video(t, 1280, 720, 7, 16))), "The webcam’s picture is black. Open the webcam’s cover", "The microphone works.", "Not ready: The webcam’s picture is black."},
		{"frozen", both(voice, camera(video(t, 1280, 720, 0, 200))), "The webcam’s picture does not move. Move in front", "The microphone works.", "Not ready: The webcam’s picture does not move."},
		{"silent", microphone(sound(t, 0)), "The webcam works", "The microphone is there but hears nothing. Speak", "Not ready: The microphone is there but hears nothing."},
		{"distorted", nil, "The webcam works", "The microphone works but is too loud, so that speech is distorted. Turn", "Ready, but only just: The microphone works but is too loud"}, // Chromium's own beep is at full scale
		{"no camera", both(voice, flags{"use-fake-device-for-media-stream": "device-count=0"}), "No webcam was found. Connect a webcam", "The microphone works.", "Not ready: No webcam was found."},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := fakeDevices(c.flags)
			p := openTab(t, Options{}, f)
			p.open("ready")
			p.click("begin")
			p.click("turn-on")
			p.settle()
			p.says("#camera-line", c.camera)
			p.says("#microphone-line", c.microphone)
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
	p.expect("#verdict", "Not ready: This page was not allowed to use the webcam.")
	p.expect("#findings", "Allow this page to use the webcam", "This page was not allowed to use the microphone.", "Allow this page to use the microphone")
	p.accessible("refused")
}

// Each device that does not start has its line; the other one is tested all the same.
func TestDevicesThatDoNotStart(t *testing.T) {
	p := openTab(t, Options{}, fakeDevices(microphone(sound(t, 0.1))))
	for _, c := range []struct{ kind, failure, line string }{
		{"video", "NotReadableError", "The webcam could not be opened. Close other programs"},
		{"audio", "NotReadableError", "The microphone could not be opened. Close other programs"},
		{"audio", "NotFoundError", "No microphone was found. Connect a microphone"},
		{"audio", "NotAllowedError", "This page was not allowed to use the microphone. Allow this page"},
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
		p.says(lines[0], c.line)
		p.says(lines[1], map[string]string{"video": "The microphone works.", "audio": "The webcam works, with 1280x720 pixels."}[c.kind])
	}
}

// Devices are listed by name, and another one can be chosen.
func TestChoiceOfDevices(t *testing.T) {
	p := openTab(t, Options{}, both(fakeDevices(microphone(sound(t, 0.1))), flags{"use-fake-device-for-media-stream": "device-count=3"}))
	p.open("ready")
	p.click("begin")
	p.click("turn-on")
	p.settle()
	p.wait(`document.querySelectorAll('#camera-choice option').length === 3`)
	names := eval[[]string](p, `[...document.querySelectorAll('#camera-choice option')].map(o => o.text)`)
	if !strings.Contains(names[1], "fake_device_1") {
		t.Errorf("the cameras are %q", names)
	}
	before := eval[string](p, `document.getElementById('picture').srcObject.getTracks()[0].label`)
	eval[bool](p, `(c => { document.getElementById('camera-line').textContent = ''; c.selectedIndex = 2; c.dispatchEvent(new Event('change')); return true })(document.getElementById('camera-choice'))`)
	p.wait(`document.getElementById('picture').srcObject && document.getElementById('picture').srcObject.getTracks()[0].label === document.querySelectorAll('#camera-choice option')[2].text`)
	if after := eval[string](p, `document.getElementById('picture').srcObject.getTracks()[0].label`); after == before {
		t.Errorf("still %q", after)
	}
	p.wait(`document.getElementById('camera-line').textContent.startsWith('The webcam works')`)
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
	p.wait(`document.getElementById('camera-line').textContent.startsWith('No webcam was found.') && document.getElementById('microphone-line').textContent.startsWith('No microphone was found.')`)
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
	p.expect("#verdict", "Could not tell: The webcam was not tested.")
	p.expect("#findings", "Check again and turn on the microphone.")
}

// Where the exam asks for no devices, they can be tried and count for nothing.
func TestExamWithoutDevices(t *testing.T) {
	p := openTab(t, Options{}, fakeDevices(microphone(sound(t, 0))))
	p.asks = equipment.Requirements{}
	p.toResult("ready")
	p.expect("#verdict", "Ready: this link meets everything")
	p.expect("#findings", "The exam’s policy asks nothing of the computer.")
	p.accessible("nothing asked")
}

// Without a judge there is no verdict of ready, and the reason is said at each device.
func TestEquipmentThatNobodyJudges(t *testing.T) {
	p := openTab(t, Options{}, fakeDevices(microphone(sound(t, 0.1))))
	p.open("unjudged")
	p.click("begin")
	p.click("turn-on")
	p.settle()
	p.expect("#camera-line", "could not compare this computer with the exam’s requirements: The server did not answer.")
	p.click("finish")
	p.wait(`document.getElementById('result').checkVisibility()`)
	p.expect("#verdict", "Could not tell: this computer could not be compared with the exam’s requirements. The server did not answer.")
	p.expect("#findings", "could not compare this computer", "at least 6.1 Mbit/s")
	p.accessible("not judged")
}

// What leaves the computer is what factsOf names, whatever else is known: nothing that
// tells one device from another of its kind.
func TestFactsNameNoDevice(t *testing.T) {
	p := openTab(t, Options{}, nil)
	p.open("ready")
	got := module[string](p, "facts.js", `JSON.stringify(m.factsOf(v))`, map[string]any{
		"camera":     map[string]any{"access": "granted", "width": 640, "height": 480, "frames": 9, "black": false, "frozen": false, "label": "secret", "deviceId": "secret", "picture": "secret"},
		"microphone": map[string]any{"access": "granted", "level_dbfs": -20, "silent": false, "clipping": false, "label": "secret", "samples": "secret"},
		"about":      map[string]any{"browser": map[string]any{"name": "Chrome\n", "version": "156", "serial": "secret"}, "system": map[string]any{"name": "Windows", "hint": "15.0.0", "user": "secret"}, "kind": "computer", "memory_gb": 8, "host": "secret"},
	})
	if strings.Contains(got, "secret") {
		t.Errorf("%s", got)
	}
	schemas.Test(t, equipment.FactsSchema, []byte(got))
	f, err := equipment.ReadFacts([]byte(got))
	if err != nil || f.Browser.Name != "chrome" || *f.Memory.Rounded != 8 || *f.Webcam.Frames != 9 || f.Microphone == nil {
		t.Errorf("%v: %s", err, got)
	}
}
