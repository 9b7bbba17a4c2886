package page

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// video writes a film for a fake camera, in YUV4MPEG2: some pictures with a pattern that
// moves by step pixels each, of a brightness of 16 (black) to 235.
func video(t *testing.T, width, height, step int, brightness byte) string {
	t.Helper()
	var b bytes.Buffer
	fmt.Fprintf(&b, "YUV4MPEG2 W%d H%d F20:1 Ip A1:1 C420jpeg\n", width, height)
	for picture := range 6 {
		b.WriteString("FRAME\n")
		for y := range height {
			for x := range width {
				v := byte(0)
				if ((x+step*picture)/40+y/40)%2 == 0 {
					v = brightness
				}
				b.WriteByte(v)
			}
		}
		b.Write(bytes.Repeat([]byte{128}, width*height/2))
	}
	return write(t, "film.y4m", b.Bytes())
}

// sound writes a second of a tone of 440 Hz for a fake microphone, in WAV. Its peak is a
// share of full scale.
func sound(t *testing.T, peak float64) string {
	t.Helper()
	const rate = 48000
	samples := make([]int16, rate)
	for i := range samples {
		samples[i] = int16(math.Round(peak * 32767 * math.Sin(2*math.Pi*440*float64(i)/rate)))
	}
	b := []byte("RIFF")
	b = binary.LittleEndian.AppendUint32(b, uint32(36+2*rate))
	b = append(b, "WAVEfmt "...)
	b = binary.LittleEndian.AppendUint32(b, 16)
	b = binary.LittleEndian.AppendUint16(b, 1) // PCM
	b = binary.LittleEndian.AppendUint16(b, 1) // mono
	b = binary.LittleEndian.AppendUint32(b, rate)
	b = binary.LittleEndian.AppendUint32(b, 2*rate)
	b = binary.LittleEndian.AppendUint16(b, 2)
	b = binary.LittleEndian.AppendUint16(b, 16)
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, 2*rate)
	for _, s := range samples {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	return write(t, "tone.wav", b)
}

func write(t *testing.T, name string, b []byte) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// camera and microphone are flags for a fake device with a file.
func camera(file string) flags     { return flags{"use-file-for-fake-video-capture": file} }
func microphone(file string) flags { return flags{"use-file-for-fake-audio-capture": file} }
