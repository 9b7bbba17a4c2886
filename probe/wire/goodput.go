package wire

import (
	"io"
	"time"
)

// Goodput requests a stream of bytes, and reports its result. In a request,
// Bytes is the number to send and Duration the maximum time; in an answer, they
// are the bytes received after the first read and the time those took.
type Goodput struct {
	Direction Direction     `json:"direction"`
	Bytes     int64         `json:"bytes"`    // of payload
	Duration  time.Duration `json:"duration"` // nanoseconds
}

// goodputChunk is the size of one read or write.
const goodputChunk = 16 << 10

// FillGoodput writes the bytes requested by q, until all are written or the
// writer's deadline has passed. It returns the number of bytes written, which
// is not a measurement: the receiver counts.
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

// CountGoodput reads the bytes requested by q, until all have arrived, the
// stream ends or the reader's deadline has passed. The time runs from the first
// read to the last, so the bytes of the first are not counted.
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
