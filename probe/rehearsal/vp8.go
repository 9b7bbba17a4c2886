package rehearsal

import "errors"

// header is what a packet's payload says of the picture that it belongs to.
type header struct {
	Start         bool // the picture begins here
	Key           bool // it needs no earlier picture; only known where it begins
	Width, Height int  // of a key picture, where it begins; 0: not known
}

var errVP8 = errors.New("no payload of VP8: shorter than its descriptor")

// parseVP8 reads the payload descriptor (RFC 7741, section 4.2) and, where a picture begins,
// the frame header behind it (RFC 6386, section 9.1). An empty payload is one that only fills
// the line: it belongs to no picture.
func parseVP8(b []byte) (h header, err error) {
	if len(b) == 0 {
		return h, nil
	}
	first := b[0]
	rest := b[1:]
	skip := func(n int) {
		if err == nil && len(rest) < n {
			err = errVP8
		}
		if err == nil {
			rest = rest[n:]
		}
	}
	if first&0x80 != 0 { // X: extended control bits
		if len(rest) == 0 {
			return h, errVP8
		}
		bits := rest[0]
		skip(1)
		if bits&0x80 != 0 { // I: picture ID, of 7 or 15 bits
			if len(rest) > 0 && rest[0]&0x80 != 0 {
				skip(1)
			}
			skip(1)
		}
		if bits&0x40 != 0 { // L: TL0PICIDX
			skip(1)
		}
		if bits&0x30 != 0 { // T or K: TID, Y and KEYIDX
			skip(1)
		}
	}
	if err != nil || len(rest) == 0 {
		return h, errVP8
	}
	if first&0x10 == 0 || first&0x07 != 0 { // S and PID: not the begin of the first partition
		return h, nil
	}
	h.Start, h.Key = true, rest[0]&1 == 0
	if h.Key && len(rest) >= 10 && rest[3] == 0x9d && rest[4] == 0x01 && rest[5] == 0x2a {
		h.Width, h.Height = (int(rest[6])|int(rest[7])<<8)&0x3fff, (int(rest[8])|int(rest[9])<<8)&0x3fff
	}
	return h, nil
}
