package netsim

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

func mustParse(t *testing.T, s string) *Trace {
	t.Helper()
	tr, err := ParseTrace(strings.NewReader(s))
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func TestParseTrace(t *testing.T) {
	tr := mustParse(t, "0\n5\n5\r\n10\n")
	if want := []time.Duration{0, 5 * ms, 5 * ms, 10 * ms}; !slices.Equal(tr.Opportunities, want) || tr.Period != 10*ms {
		t.Errorf("parsed %+v", tr)
	}
	if got := tr.Rate(); got != 4.8e6 {
		t.Errorf("rate %v, want 4.8 Mbit/s", got)
	}
}

func TestParseTraceNamesLineAndExpectation(t *testing.T) {
	for in, want := range map[string]string{
		"":                "line 1: the last number is the period, expected more than 0",
		"0\n0\n":          "line 2: the last number is the period, expected more than 0",
		"1\nx\n":          `line 2: "x", expected a whole number of milliseconds`,
		"1\n\n2\n":        `line 2: "", expected a whole number of milliseconds`,
		"1\n-2\n":         `line 2: "-2", expected a whole number of milliseconds`,
		"1.5\n":           `line 1: "1.5", expected a whole number of milliseconds`,
		"7\n9\n8\n":       "line 3: 8, expected at least 9, as on the line before",
		"9999999999999\n": "line 1: 9999999999999, expected at most 2592000000",
	} {
		if _, err := ParseTrace(strings.NewReader(in)); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", in, err, want)
		}
	}
	if _, err := ParseTrace(strings.NewReader("1\n" + strings.Repeat("1", 1<<17))); err == nil || !strings.HasPrefix(err.Error(), "line 2: ") {
		t.Errorf("a line without end: %v", err)
	}
}

func FuzzParseTrace(f *testing.F) {
	f.Add([]byte("0\n5\n5\n10\n"))
	f.Add([]byte("1\r\n2"))
	f.Add([]byte("x"))
	f.Fuzz(func(t *testing.T, b []byte) {
		tr, err := ParseTrace(bytes.NewReader(b))
		if err != nil {
			if tr != nil || !strings.HasPrefix(err.Error(), "line ") {
				t.Fatalf("%+v, %v", tr, err)
			}
			return
		}
		again, err := ParseTrace(bytes.NewReader(tr.Append(nil)))
		if err != nil || !slices.Equal(again.Opportunities, tr.Opportunities) || again.Period != tr.Period {
			t.Fatalf("%+v became %+v: %v", tr, again, err)
		}
		if r := float64(tr.Rate()); math.IsNaN(r) || math.IsInf(r, 0) || r <= 0 {
			t.Fatalf("rate %v", r)
		}
		c := newCursor(tr, 0)
		if at := c.serve(tr.Period*3, 3*OpportunitySize); at < tr.Period*3 || at > tr.Period*7 {
			t.Fatalf("served at %v, period %v", at, tr.Period)
		}
	})
}

func TestTraceServesByteByByte(t *testing.T) {
	tr := mustParse(t, "5\n10\n15\n20\n40\n")
	l := NewLink(Params{Trace: tr, Delay: 100 * ms}, 1)
	// Three share the first opportunity, the fourth takes its last 300 bytes
	// and 700 of the second, the fifth the rest of that and 700 of the third.
	for _, size := range []int{400, 400, 400, 1000, 1500, 800, 1500} {
		l.Send(0, nil, size)
	}
	want := []time.Duration{105 * ms, 105 * ms, 105 * ms, 110 * ms, 115 * ms, 115 * ms, 120 * ms}
	if at := drain(l, time.Hour); !slices.Equal(at, want) {
		t.Errorf("arrived at %v, want %v", at, want)
	}
	// The rest of the opportunity at 20 ms is lost; the next is at 40 ms, the one
	// after it at 45 ms, in the next period.
	l.Send(21*ms, nil, 1000)
	l.Send(30*ms, nil, 501)
	if at := drain(l, time.Hour); !slices.Equal(at, []time.Duration{140 * ms, 145 * ms}) {
		t.Errorf("after idling, arrived at %v, want 140ms and 145ms", at)
	}
}

func TestTraceRepeats(t *testing.T) {
	for _, file := range []string{"3\n4\n10\n", "0\n3\n3\n10\n", "10\n"} {
		tr := mustParse(t, file)
		for _, start := range []time.Duration{0, 9 * ms, 10 * ms, 12 * ms, 70 * ms, 12345 * ms} {
			var want []time.Duration
			for cycle := time.Duration(0); len(want) < 50; cycle += tr.Period {
				for _, at := range tr.Opportunities {
					if at+cycle >= start {
						want = append(want, at+cycle)
					}
				}
			}
			l := NewLink(Params{Trace: tr}, 1)
			for range len(want) {
				l.Send(start, nil, OpportunitySize)
			}
			if at := drain(l, math.MaxInt64); !slices.Equal(at, want) {
				t.Errorf("%q from %v: %v, want %v", file, start, at, want)
			}
		}
	}
}

func TestTraceConservesAndKeepsItsMeanRate(t *testing.T) {
	tr := mustParse(t, "1\n1\n7\n8\n30\n31\n90\n100\n") // 0.96 Mbit/s
	l := NewLink(Params{Trace: tr, QueueTime: 200 * ms}, 1)
	sizes := []int{40, 1500, 92, 700, 1228}
	var now time.Duration
	for i := 0; now < 20*time.Second; i++ { // offers about 7 Mbit/s
		l.Send(now, nil, sizes[i%len(sizes)])
		now += 800 * time.Microsecond
		for {
			if _, _, ok := l.Pop(now); !ok {
				break
			}
		}
	}
	delivered := l.Counters().DeliveredBytes
	if want := float64(tr.Rate()) / 8 * now.Seconds(); math.Abs(float64(delivered)-want) > 2*OpportunitySize {
		t.Errorf("delivered %d bytes, want about %.0f", delivered, want)
	}
	drain(l, math.MaxInt64)
	if c := l.Counters(); c.Offered != c.Delivered+c.Lost() || c.LostQueue == 0 || c.MaxWait > 400*ms {
		t.Errorf("counters %+v", c)
	}
}

func TestTraceComesAndGoesInMidFlight(t *testing.T) {
	tr := mustParse(t, "5\n10\n")
	l := NewLink(Params{Rate: 1e6}, 1)
	l.Send(0, nil, 1250)
	l.Send(0, nil, 1250)
	l.Set(4*ms, Params{Trace: tr})                // begins anew: 9 ms, 14 ms
	l.Set(5*ms, Params{Trace: tr, Delay: 2 * ms}) // changes nothing of that
	l.Set(11*ms, Params{Rate: 1e6})
	if at := drain(l, time.Hour); !slices.Equal(at, []time.Duration{11 * ms, 21 * ms}) {
		t.Errorf("arrived at %v, want 11ms and 21ms", at)
	}
}
