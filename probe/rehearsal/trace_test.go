package rehearsal

import (
	"math"
	"testing"
	"time"
)

const ms = time.Millisecond

// picture is one picture of a stream that a test makes: when its packets arrive after it was
// taken; below 0: never.
type picture struct {
	at     time.Duration // taken
	delays []time.Duration
	key    bool
	again  []time.Duration // of packets sent again, by index; 0: not
}

// stream makes a trace; the first sequence number and stamp wrap soon.
func stream(list []picture) *Trace {
	t := &Trace{}
	seq, stamp := uint16(65_530), uint32(1<<32-9000)
	for _, p := range list {
		for i, d := range p.delays {
			payload := []byte{0x00, 0xff}
			if i == 0 {
				payload = []byte{0x10, 0x01}
				if p.key {
					payload = []byte{0x10, 0x00, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01}
				}
			}
			q := Packet{Seq: seq, Timestamp: stamp + uint32(p.at.Seconds()*clockRate), Marker: i == len(p.delays)-1, Size: 100, Payload: payload}
			if d >= 0 {
				q.At = p.at + d
				t.Add(q)
			}
			if i < len(p.again) && p.again[i] > 0 {
				q.At, q.Repaired = p.at+p.again[i], true
				t.Add(q)
			}
			seq++
		}
	}
	return t
}

// steady makes pictures of two packets at a rate, each 20 ms on its way; change may change
// each.
func steady(rate int, d time.Duration, change func(i int, p *picture)) (list []picture) {
	for i := 0; i*int(time.Second)/rate < int(d); i++ {
		p := picture{at: time.Duration(i) * time.Second / time.Duration(rate), delays: []time.Duration{20 * ms, 20 * ms}, key: i == 0}
		if change != nil {
			change(i, &p)
		}
		list = append(list, p)
	}
	return list
}

func TestFigures(t *testing.T) {
	f := stream(steady(10, 20*time.Second, nil)).Figures(Webcam, 10*time.Second, 20*time.Second)
	if f.Frames != 100 || f.FrameRate != 10 || f.Width != 640 || f.Height != 480 || f.Lost != 0 || f.Freezes != 0 || f.Bytes != 20_000 || f.Rate != 16_000 {
		t.Errorf("%+v", f)
	}
	if f.Packets != 200 || *f.Loss != 0 || *f.Jitter > 0.05 {
		t.Errorf("%d packets, loss %v, jitter %v", f.Packets, *f.Loss, *f.Jitter)
	}
	if f := (&Trace{}).Figures(Screen, 0, time.Second); f.Loss != nil || f.Jitter != nil || f.Width != 0 || f.Frames != 0 || f.Freezes != 0 {
		t.Errorf("of nothing: %+v", f)
	}
}

// A packet that was lost counts as lost even if it was sent again, and then the picture is
// there all the same.
func TestLossAndRepair(t *testing.T) {
	list := steady(10, 10*time.Second, func(i int, p *picture) {
		if i%10 == 5 {
			p.delays[1], p.again = -1, []time.Duration{0, 60 * ms}
		}
	})
	f := stream(list).Figures(Webcam, 0, 10*time.Second)
	if f.Lost != 10 || f.Packets != 190 || math.Abs(*f.Loss-0.05) > 1e-9 || f.Frames != 100 || f.Freezes != 0 {
		t.Errorf("%+v, loss %v", f, *f.Loss)
	}
}

// Without the missing packet the pictures behind it cannot be shown until a key picture.
func TestPicturesWaitForAKeyPicture(t *testing.T) {
	list := steady(10, 10*time.Second, func(i int, p *picture) {
		p.key = i%50 == 0
		if i == 20 {
			p.delays[0] = -1
		}
	})
	x := stream(list)
	f := x.Figures(Webcam, 0, 10*time.Second)
	if f.Frames != 70 || f.Freezes != 1 || math.Abs(f.Frozen-3) > 0.11 {
		t.Errorf("%+v, expected 3 s without a picture", f)
	}
	if !stream(list[:40]).Broken(4*time.Second, time.Second) || stream(list[:25]).Broken(2500*ms, time.Second) || x.Broken(10*time.Second, time.Second) {
		t.Error("not broken while a key picture is missing for more than a second")
	}
	if (&Trace{}).Broken(time.Hour, time.Second) {
		t.Error("nothing has arrived, and a picture is asked for")
	}
	if x := stream(steady(10, 3*time.Second, func(_ int, p *picture) { p.key = false })); !x.Broken(3*time.Second, time.Second) {
		t.Error("a stream without its first key picture is not broken")
	}
}

// Pictures that go missing whole show in the sequence numbers; packets that fill the line
// do not count as pictures.
func TestWholePicturesMissing(t *testing.T) {
	list := steady(10, 2*time.Second, func(i int, p *picture) {
		if i == 10 {
			p.delays = []time.Duration{-1, -1}
		}
	})
	if f := stream(list).Figures(Webcam, 0, 2*time.Second); f.Frames != 10 || f.Lost != 2 {
		t.Errorf("%+v", f)
	}
	x := &Trace{}
	for i, p := range []Packet{
		{Seq: 1, Marker: true, Payload: []byte{0x10, 0x00, 0}}, {Seq: 2}, {Seq: 3}, {Seq: 4, Timestamp: 9000, Marker: true, Payload: []byte{0x10, 0x01}},
	} {
		p.At = time.Duration(i) * 30 * ms
		x.Add(p)
	}
	if f := x.Figures(Webcam, 0, time.Second); f.Frames != 2 || f.Lost != 0 {
		t.Errorf("with packets that fill the line: %+v", f)
	}
}

func TestJitter(t *testing.T) {
	list := steady(10, 10*time.Second, func(i int, p *picture) {
		p.delays = []time.Duration{20*ms + time.Duration(i%2)*16*ms}
	})
	if f := stream(list).Figures(Webcam, 0, 10*time.Second); math.Abs(*f.Jitter-0.016) > 0.001 {
		t.Errorf("jitter %v, expected the 16 ms by which each packet differs from the one before", *f.Jitter)
	}
}

// A time, shifted, gives the same figures.
func TestFiguresDoNotDependOnTheClock(t *testing.T) {
	list := steady(15, 6*time.Second, func(i int, p *picture) {
		if i == 60 {
			p.delays = []time.Duration{700 * ms, 710 * ms}
		}
	})
	a := stream(list).Figures(Webcam, 3*time.Second, 6*time.Second)
	x := stream(list)
	for i := range x.packets {
		x.packets[i].at += time.Hour
	}
	b := x.Figures(Webcam, time.Hour+3*time.Second, time.Hour+6*time.Second)
	if a.Frames != b.Frames || a.Freezes != b.Freezes || a.Frozen != b.Frozen || a.Bytes != b.Bytes || a.Freezes != 1 {
		t.Errorf("%+v\n%+v", a, b)
	}
}

func TestTraceIsBounded(t *testing.T) {
	x := &Trace{}
	for i := range maxPackets + 10 {
		x.Add(Packet{Seq: uint16(i), Payload: []byte{0, 0}})
	}
	x.Add(Packet{Payload: []byte{0x90}})
	if len(x.packets) != maxPackets {
		t.Errorf("%d packets are kept", len(x.packets))
	}
}
