package rehearsal

import "testing"

// The examples of RFC 7741, section 4.6, with a picture behind the descriptor where theirs
// has none.
func TestParseVP8(t *testing.T) {
	key := []byte{0x00, 0x00, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01} // 640x480
	scaled := []byte{0x00, 0x00, 0x00, 0x9d, 0x01, 0x2a, 0x00, 0x45, 0xd0, 0x82}
	with := func(descriptor []byte, rest ...byte) []byte { return append(append([]byte{}, descriptor...), rest...) }
	for name, c := range map[string]struct {
		payload []byte
		want    header
		bad     bool
	}{
		"key picture":                       {payload: with([]byte{0x10}, key...), want: header{Start: true, Key: true, Width: 640, Height: 480}},
		"key picture, to be scaled":         {payload: with([]byte{0x10}, scaled...), want: header{Start: true, Key: true, Width: 1280, Height: 720}},
		"picture ID of 7 bits":              {payload: with([]byte{0x90, 0x80, 0x11}, key...), want: header{Start: true, Key: true, Width: 640, Height: 480}},
		"picture ID of 15 bits":             {payload: with([]byte{0x90, 0x80, 0x81, 0x11}, 0x01), want: header{Start: true}},
		"all fields":                        {payload: with([]byte{0x90, 0xf0, 0x81, 0x11, 0x05, 0x20}, 0x01), want: header{Start: true}},
		"a later packet":                    {payload: []byte{0x00, 0x00}},
		"another partition":                 {payload: []byte{0x11, 0x00}},
		"cut key picture":                   {payload: with([]byte{0x10}, key[:9]...), want: header{Start: true, Key: true}},
		"key picture without its code":      {payload: with([]byte{0x10}, make([]byte, 10)...), want: header{Start: true, Key: true}},
		"only fills the line":               {},
		"descriptor alone":                  {payload: []byte{0x10}, bad: true},
		"cut after the control bits":        {payload: []byte{0x90}, bad: true},
		"cut in the picture ID":             {payload: []byte{0x90, 0x80, 0x81}, bad: true},
		"cut before TID":                    {payload: []byte{0x90, 0x20}, bad: true},
		"nothing behind a long descriptor ": {payload: []byte{0x90, 0xf0, 0x81, 0x11, 0x05, 0x20}, bad: true},
	} {
		got, err := parseVP8(c.payload)
		if (err != nil) != c.bad || got != c.want {
			t.Errorf("%s: %+v, %v; expected %+v", name, got, err, c.want)
		}
	}
}

func FuzzParseVP8(f *testing.F) {
	f.Add([]byte{0x90, 0xf0, 0x81, 0x11, 0x05, 0x20, 0x01})
	f.Add([]byte{0x10, 0x00, 0x00, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01})
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := parseVP8(b)
		if err != nil && h != (header{}) {
			t.Errorf("%x: %+v with %v", b, h, err)
		}
		if h.Width > 0x3fff || h.Height > 0x3fff || h.Width > 0 && !h.Key || h.Key && !h.Start {
			t.Errorf("%x: %+v", b, h)
		}
	})
}
