// Package rehearsal judges how webcam and screen arrived that a page sent as an exam does,
// by WebRTC for some seconds: from the packets that arrived and from what the page's browser
// counted it derives figures and findings with remedies.
//
// It is pure: it receives nothing, decodes nothing and keeps no picture. Of a picture it
// reads the header, where its size is.
package rehearsal

import (
	"fmt"
	"time"

	"examlink/probe/equipment"
	"examlink/probe/ippm"
	"examlink/probe/verdict"
)

// Kind is what a stream shows.
type Kind string

// The kinds.
const (
	Webcam Kind = "webcam"
	Screen Kind = "screen"
)

// Chosen by us: what an exam's own program sends is published nowhere. A policy's minimum
// upload is what its provider calls enough for webcam and screen together.
const (
	planTime          = 20 * time.Second // a browser takes 10 s until it sends at its full rate
	webcamFrameRate   = 15
	screenFrameRate   = 5
	screenWidth       = 1280 // at most: a larger first picture would take all of the time
	screenHeight      = 720
	mediaShare        = 0.92   // of the upload: the rest is headers and what the receiver asks for again
	webcamShare       = 2. / 3 // of what is left
	webcamMost        = 500 * ippm.KbitPerSecond
	screenMost        = 250 * ippm.KbitPerSecond
	defaultResolution = equipment.Resolution("640x480") // where a policy asks for no webcam
)

// Plan says what a page sends, and for how long.
type Plan struct {
	Time    time.Duration `json:"-"`
	Seconds float64       `json:"duration_seconds"` // of Time
	Webcam  Picture       `json:"webcam"`
	Screen  Picture       `json:"screen"`
}

// Picture is what one stream has at most.
type Picture struct {
	Width     int       `json:"width"`
	Height    int       `json:"height"`
	FrameRate int       `json:"frames_per_second"`
	Rate      ippm.Rate `json:"bits_per_second"` // without headers of RTP, UDP and IP
}

// PlanOf returns the plan by a policy: the webcam's resolution is the least that the exam
// asks for, and both streams together have the least upload that it asks for, up to
// 0.75 Mbit/s.
func PlanOf(p verdict.Policy) Plan {
	w, h, err := p.Equipment.Webcam.Size()
	if err != nil {
		w, h, _ = defaultResolution.Size()
	}
	media := p.Minimum.Upload * mediaShare
	return Plan{
		Time: planTime, Seconds: planTime.Seconds(),
		Webcam: Picture{Width: w, Height: h, FrameRate: webcamFrameRate, Rate: min(media*webcamShare, webcamMost)},
		Screen: Picture{Width: screenWidth, Height: screenHeight, FrameRate: screenFrameRate, Rate: min(media*(1-webcamShare), screenMost)},
	}
}

// Unjudged returns how much of a rehearsal does not count, from its first packet: the first
// half, since browsers send slowly at first.
func (p Plan) Unjudged() time.Duration { return p.Time / 2 }

// rate returns what the streams of some kinds may have together.
func (p Plan) rate(kinds map[Kind]bool) (sum ippm.Rate) {
	if kinds[Webcam] {
		sum += p.Webcam.Rate
	}
	if kinds[Screen] {
		sum += p.Screen.Rate
	}
	return sum
}

// ParseKind returns the kind of a name.
func ParseKind(name string) (Kind, error) {
	switch k := Kind(name); k {
	case Webcam, Screen:
		return k, nil
	}
	return "", fmt.Errorf("a stream of %q, expected %q or %q", name, Webcam, Screen)
}
