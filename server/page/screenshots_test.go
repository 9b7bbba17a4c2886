package page

import (
	"bytes"
	"flag"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

var screenshots = flag.String("screenshots", "", "directory to write pictures of the page to")

// window is how the page is looked at.
type window struct {
	width, height int64
	media, scheme string
}

var (
	phone   = window{390, 844, "", "light"}
	desktop = window{900, 900, "", "light"}
)

func (w window) dark() window    { w.scheme = "dark"; return w }
func (w window) tall() window    { w.height = 1500; return w }
func (w window) onPaper() window { w.media = "print"; return w }

// shoot writes a picture of what a window shows.
func (p *tab) shoot(name string, w window) {
	p.t.Helper()
	p.do(chromedp.EmulateViewport(w.width, w.height))
	p.must(call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: w.media, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: w.scheme}}}))
	b, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	p.must(err)
	picture, err := png.Decode(bytes.NewReader(b))
	p.must(err)
	var small bytes.Buffer
	p.must((&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&small, picture))
	p.must(os.WriteFile(filepath.Join(*screenshots, name+".png"), small.Bytes(), 0o644))
}

// TestScreenshots writes pictures of the page, by make screenshots.
func TestScreenshots(t *testing.T) {
	if *screenshots == "" {
		t.Skip("needs -screenshots DIRECTORY")
	}
	if err := os.MkdirAll(*screenshots, 0o755); err != nil {
		t.Fatal(err)
	}
	p := openTab(t, Options{}, fakeDevices(microphone(sound(t, 0.1))))
	p.open("hangs")
	p.shoot("start-phone", phone)
	p.click("begin")
	p.wait(`document.getElementById('phase').textContent.startsWith('Step 5')`)
	p.shoot("measuring-phone", phone)
	p.open("ready")
	p.click("begin")
	p.click("turn-on")
	p.settle()
	p.shoot("devices-desktop", desktop)
	p.shoot("devices-phone-dark", phone.dark())
	p.click("finish")
	p.wait(`document.getElementById('result').checkVisibility()`)
	p.shoot("ready-desktop", desktop)
	p.shoot("ready-phone", phone)
	for _, scenario := range []string{"marginal", "not-ready", "inconclusive"} {
		p.toResult(scenario)
		p.shoot(scenario+"-phone", phone)
	}
	p.toResult("not-ready")
	p.shoot("not-ready-desktop-dark", desktop.dark().tall())
	p.shoot("not-ready-paper", desktop.onPaper().tall())
}
