package rehearsal

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"examlink/docs/schemas"
	"examlink/probe/equipment"
	"examlink/probe/verdict"
)

func number(v float64) *float64 { return &v }

// evidence is a rehearsal in which all is well; change may change it.
func evidence(change func(*Evidence)) Evidence {
	e := Evidence{
		Streams: map[Kind]*Trace{Webcam: stream(steady(15, 20*time.Second, nil)), Screen: stream(steady(5, 20*time.Second, nil))},
		Ended:   20 * time.Second, RoundTrips: []RoundTrip{{11 * time.Second, 30 * ms}, {12 * time.Second, 32 * ms}, {13 * time.Second, 40 * ms}},
	}
	e.Browser = &Browser{RoundTrip: number(0.031), Available: number(900e3), Streams: []Sent{
		{Kind: Webcam, Payload: e.Streams[Webcam].Totals().Payload, Frames: 300, Width: 640, Height: 480, Limited: number(0), Busy: number(0)},
		{Kind: Screen, Payload: e.Streams[Screen].Totals().Payload, Frames: 100},
	}}
	if change != nil {
		change(&e)
	}
	return e
}

func small(t *Trace) *Trace {
	for i := range t.packets {
		if t.packets[i].Width > 0 {
			t.packets[i].Width, t.packets[i].Height = 320, 240
		}
	}
	return t
}

func TestJudge(t *testing.T) {
	p := verdict.BuiltIn()[0]
	lossy := func(every int) *Trace {
		return stream(steady(15, 20*time.Second, func(i int, p *picture) {
			if i%every == 1 {
				p.delays[1], p.again = -1, []time.Duration{0, 50 * ms}
			}
		}))
	}
	for name, c := range map[string]struct {
		change func(*Evidence)
		id     ID
		status equipment.Status
		words  string
	}{
		"webcam":               {nil, IDWebcam, equipment.Met, "The webcam arrived with 640x480 pixels at 15 pictures a second."},
		"screen":               {nil, IDScreen, equipment.Met, "The screen arrived with 640x480 pixels."},
		"rate":                 {nil, IDRate, equipment.Met, "Webcam and screen arrived at 0.032 Mbit/s."},
		"loss":                 {nil, IDLoss, equipment.Met, "0 % was lost"},
		"round trip":           {nil, IDRoundTrip, equipment.Met, "took 32 ms while the pictures were sent, measured by the exam's server."},
		"both ends":            {nil, IDBothEnds, equipment.Met, "counted the same"},
		"small":                {func(e *Evidence) { small(e.Streams[Webcam]) }, IDWebcam, equipment.NotMet, "320x240 pixels at 15 pictures a second; the exam needs 640x480."},
		"few pictures":         {func(e *Evidence) { e.Streams[Webcam] = stream(steady(4, 20*time.Second, nil)) }, IDWebcam, equipment.NotMet, "too few to see you move"},
		"not many":             {func(e *Evidence) { e.Streams[Webcam] = stream(steady(8, 20*time.Second, nil)) }, IDWebcam, equipment.OnlyJust, "movements are jerky"},
		"a busy computer":      {func(e *Evidence) { small(e.Streams[Webcam]); e.Browser.Streams[0].Busy = number(0.9) }, IDWebcam, equipment.NotKnown, "320x240"},
		"no screen":            {func(e *Evidence) { delete(e.Streams, Screen) }, IDScreen, equipment.NotKnown, "was not sent"},
		"webcam alone":         {func(e *Evidence) { delete(e.Streams, Screen) }, IDRate, equipment.Met, "Webcam arrived at 0.024 Mbit/s."},
		"webcam lost":          {func(e *Evidence) { e.Streams[Webcam] = &Trace{} }, IDArrival, equipment.NotMet, "No picture of the webcam arrived"},
		"webcam not sent":      {func(e *Evidence) { e.Streams[Webcam] = &Trace{}; e.Browser.Streams[0] = Sent{Kind: Webcam} }, IDArrival, equipment.NotKnown, "sent no picture of the webcam"},
		"held back":            {func(e *Evidence) { e.Browser.Available = number(0.26e6) }, IDRate, equipment.NotMet, "took the link to carry 0.26 Mbit/s, and the exam sends up to 0.353 Mbit/s"},
		"held back a bit":      {func(e *Evidence) { e.Browser.Available = number(0.33e6) }, IDRate, equipment.OnlyJust, "0.33 Mbit/s"},
		"not told":             {func(e *Evidence) { e.Browser.Available = nil }, IDRate, equipment.NotKnown, "does not tell"},
		"much loss":            {func(e *Evidence) { e.Streams[Webcam] = lossy(10) }, IDLoss, equipment.NotMet, "; the limit is 3 %."},
		"some loss":            {func(e *Evidence) { e.Streams[Webcam] = lossy(50) }, IDLoss, equipment.OnlyJust, "less than 0.1 % is recommended"},
		"one packet lost":      {func(e *Evidence) { e.Streams[Webcam] = lossy(299) }, IDLoss, equipment.Met, "was lost"},
		"far":                  {func(e *Evidence) { e.RoundTrips = []RoundTrip{{12 * time.Second, time.Second}} }, IDRoundTrip, equipment.NotMet, "took 1 s"},
		"round trip of before": {func(e *Evidence) { e.RoundTrips = []RoundTrip{{2 * time.Second, time.Second}} }, IDRoundTrip, equipment.Met, "took 31 ms while the pictures were sent, measured by your browser."},
		"figures differ":       {func(e *Evidence) { e.Browser.Streams[0].Payload += 20_000 }, IDBothEnds, equipment.NotKnown, "the figures differ"},
		"browser silent":       {func(e *Evidence) { e.Browser = nil }, IDBothEnds, equipment.NotKnown, "did not tell"},
		"too short":            {func(e *Evidence) { e.Ended = 9 * time.Second }, IDArrival, equipment.NotKnown, "ended too early"},
		"one freeze": {func(e *Evidence) {
			e.Streams[Webcam] = stream(steady(15, 20*time.Second, func(i int, p *picture) {
				if i == 200 {
					p.delays[1] = 800 * ms
				}
			}))
		}, IDFreezes, equipment.OnlyJust, "The webcam stood still once, for 0.8 s of 10 s."},
		"a short freeze": {func(e *Evidence) {
			e.Streams[Webcam] = stream(steady(15, 20*time.Second, func(i int, p *picture) {
				if i == 200 {
					p.delays[1] = 300 * ms
				}
			}))
		}, IDFreezes, equipment.Met, "once, for 0.3 s of 10 s, which may be chance."},
		"the browser took no pictures": {func(e *Evidence) {
			e.Streams[Webcam] = stream(slices.DeleteFunc(steady(15, 20*time.Second, nil), func(p picture) bool {
				return p.at > 15*time.Second && p.at < 16*time.Second
			}))
		}, IDFreezes, equipment.NotKnown, "because your browser took no pictures."},
		"the same on a slow link": {func(e *Evidence) {
			e.Streams[Webcam] = stream(slices.DeleteFunc(steady(15, 20*time.Second, nil), func(p picture) bool {
				return p.at > 15*time.Second && p.at < 16*time.Second
			}))
			e.Browser.Available = number(0.2e6)
		}, IDFreezes, equipment.OnlyJust, "The webcam stood still once, for 0.9 s of 10 s."},
		"long freezes": {func(e *Evidence) {
			e.Streams[Webcam] = stream(steady(15, 20*time.Second, func(i int, p *picture) {
				if i == 200 || i == 250 {
					p.delays[1] = 1500 * ms
				}
			}))
		}, IDFreezes, equipment.NotMet, "2 times"},
	} {
		r := Judge(p, PlanOf(p), evidence(c.change))
		found := false
		for _, f := range r.Findings {
			if f.ID == c.id {
				found = true
				if f.Status != c.status || !strings.Contains(f.Sentence, c.words) || f.Remedy == "" && (f.Status == equipment.NotMet || f.Status == equipment.OnlyJust) {
					t.Errorf("%s: %+v, expected %s with %q", name, f, c.status, c.words)
				}
			}
		}
		if !found {
			t.Errorf("%s: no finding %s in %+v", name, c.id, r.Findings)
		}
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		schemas.Test(t, Schema, b)
	}
	schemas.Fields[Result](t, Schema)
}

// Where all is well, nothing is found and nothing is to be done.
func TestAllIsWell(t *testing.T) {
	p := verdict.BuiltIn()[0]
	for _, f := range Judge(p, PlanOf(p), evidence(nil)).Findings {
		if f.Status != equipment.Met || f.Remedy != "" {
			t.Errorf("%+v", f)
		}
	}
}

// What is sent fits the least upload that the policy asks for, headers included.
func TestPlanOf(t *testing.T) {
	for _, p := range verdict.BuiltIn() {
		x := PlanOf(p)
		if sum := x.Webcam.Rate + x.Screen.Rate; sum > 0.95*p.Minimum.Upload || sum <= 0 {
			t.Errorf("%s: %v of %v", p.Name, sum, p.Minimum.Upload)
		}
		if x.Time != 20*time.Second || x.Seconds != 20 || x.Webcam.Width != 640 || x.Webcam.Height != 480 {
			t.Errorf("%s: %+v", p.Name, x)
		}
	}
}

func TestBrowserIsValidated(t *testing.T) {
	for text, good := range map[string]bool{
		`{"streams":[{"kind":"webcam","payload_bytes":1,"frames":2,"limited_by_link_ratio":0.5}],"round_trip_seconds":0.1,"available_bits_per_second":1e6}`: true,
		`{}`: true, `{"streams":[{"kind":"microphone"}]}`: false, `{"streams":[{"kind":"webcam","frames":-1}]}`: false,
		`{"streams":[{"kind":"webcam","limited_by_link_ratio":2}]}`: false, `{"round_trip_seconds":-1}`: false,
		`{"streams":[{"kind":"webcam"},{"kind":"webcam"},{"kind":"screen"}]}`: false,
	} {
		var b Browser
		if err := json.Unmarshal([]byte(text), &b); err != nil {
			t.Fatal(err)
		}
		if err := b.Validate(); (err == nil) != good {
			t.Errorf("%s: %v", text, err)
		}
	}
}
