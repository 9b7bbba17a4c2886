package wire

import (
	"io"
	"time"
)

// Goodput asks for a stream of bytes, and tells what became of it. As a
// question Bytes is how many to send and Duration how long at most; as an
// answer they are what arrived behind the first reading, and how long that took.
type Goodput struct {
	Direction Direction     `json:"direction"`
	Bytes     int64         `json:"bytes"`    // of payload
	Duration  time.Duration `json:"duration"` // nanoseconds
}

// goodputChunk is how much is read or written at a time.
const goodputChunk = 16 << 10

// FillGoodput writes what q asks for, until all is written or the writer's
// deadline has passed. It returns how many bytes were taken from it, which is
// no measurement: the receiver counts.
func FillGoodput(w io.Writer, q Goodput) (written int64) {
	chunk := make([]byte, goodputChunk)
	for written < q.Bytes {
		n, err := w.Write(chunk[:min(int64(len(chunk)), q.Bytes-written)])
		written += int64(n)
		if err != nil {
			break
		}
	}
	return written
}

// CountGoodput reads what q asks for, until all has come, the stream ends or
// the reader's deadline has passed. The time runs from the first reading to the
// last, so what the first one brought is not counted.
func CountGoodput(r io.Reader, q Goodput, now func() time.Duration) Goodput {
	out := Goodput{Direction: q.Direction}
	chunk := make([]byte, goodputChunk)
	var first time.Duration
	var begun bool
	for total := int64(0); total < q.Bytes; {
		n, err := r.Read(chunk)
		at := now()
		total += int64(n)
		switch {
		case n > 0 && !begun:
			first, begun = at, true
		case n > 0:
			out.Bytes += int64(n)
			out.Duration = at - first
		}
		if err != nil {
			break
		}
	}
	return out
}
