package probe_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe"
	"examlink/probe/netsim"
	"examlink/probe/verdict"
)

// A check does not judge the link by a server that ends, whether or not it says goodbye
// and is started again.
func TestCheckDoesNotBlameTheLinkForItsServer(t *testing.T) {
	for name, end := range map[string]func(*testbed){
		"stopped":                    func(w *testbed) { w.halt() },
		"restarted":                  func(w *testbed) { w.halt(); w.serve() },
		"restarted after 5 s":        func(w *testbed) { w.halt(); time.Sleep(5 * time.Second); w.serve() },
		"killed, started at once":    func(w *testbed) { w.kill(); w.serve() },
		"killed, started after 5 s":  func(w *testbed) { w.kill(); time.Sleep(5 * time.Second); w.serve() },
		"killed, started after 20 s": func(w *testbed) { w.kill(); time.Sleep(20 * time.Second); w.serve() },
	} {
		for _, after := range []time.Duration{2 * time.Second, 4500 * ms, 5500 * ms, 7 * time.Second} {
			t.Run(fmt.Sprintf("%s after %v", name, after), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := checkDuring(t, after, end)
					if r.Verdict.Outcome != verdict.Inconclusive || !strings.Contains(r.Verdict.Sentence, "the server") {
						t.Errorf("%s", r.Verdict.Sentence)
					}
					for _, x := range r.Verdict.Reasons {
						if x.Remedy != "" {
							t.Errorf("%s: %s", x.Criterion, x.Remedy)
						}
					}
					if r.LongestGap > 1 {
						t.Errorf("the link had a gap of %v s", r.LongestGap)
					}
					if r.Interrupted == "" {
						t.Error("not said to have ended early")
					}
				})
			})
		}
	}
}

// A link that is away for longer than a check waits is judged by it, even if it is back
// when the check ends.
func TestCheckBlamesTheLinkForAnOutage(t *testing.T) {
	for _, dead := range []time.Duration{31 * time.Second, 32 * time.Second, 34 * time.Second, time.Minute} {
		for _, after := range []time.Duration{2 * time.Second, 4500 * ms, 7 * time.Second} {
			t.Run(fmt.Sprintf("%v after %v", dead, after), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := checkDuring(t, after, func(w *testbed) { w.cut(dead) })
					if r.Verdict.Outcome != verdict.NotReady || r.LongestGap < 29 {
						t.Errorf("%s, gap %v", r.Verdict.Sentence, r.LongestGap)
					}
				})
			})
		}
	}
}

// checkDuring checks a link that is good enough; something happens meanwhile.
func checkDuring(t *testing.T, after time.Duration, happen func(*testbed)) probe.Report {
	t.Helper()
	up, down := netsim.Params{Rate: mbit(1.4), QueueTime: 200 * ms, Delay: 10 * ms}, netsim.Params{Rate: mbit(2.2), QueueTime: 200 * ms, Delay: 10 * ms}
	w := newTestbed(t, up, down)
	done := make(chan struct{})
	go func() { // ends when it has happened
		defer close(done)
		time.Sleep(after)
		happen(w)
	}()
	r, err := probe.Check(t.Context(), w.options(), nil)
	<-done
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A check that its server ends begins anew with the next server of the token.
func TestCheckGoesToTheNextServer(t *testing.T) {
	for name, end := range map[string]func(*testbed){"stopped": (*testbed).halt, "killed": (*testbed).kill} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t)
				done := make(chan struct{})
				go func() { // ends with the server
					defer close(done)
					time.Sleep(4500 * ms)
					end(p.first)
				}()
				r, err := probe.Check(t.Context(), p.options(t), nil)
				<-done
				if err != nil {
					t.Fatal(err)
				}
				if r.Server != secondAddr.String() || r.Interrupted != "" || r.Verdict.Outcome != verdict.Ready || r.LongestGap > 1 {
					t.Errorf("server %s, %s %s", r.Server, r.Interrupted, r.Verdict.Sentence)
				}
			})
		})
	}
}

// Without another server that answers, the report is that of the check that was ended.
func TestCheckWhoseServersAreAllGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.second.halt()
		time.AfterFunc(4500*ms, p.first.stop)
		p.first.stop = nil
		r, err := probe.Check(t.Context(), p.options(t), nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.Server != serverAddr.String() || r.Interrupted == "" || r.Verdict.Outcome != verdict.Inconclusive {
			t.Errorf("server %s, %s %s", r.Server, r.Interrupted, r.Verdict.Sentence)
		}
	})
}

// A computer that refuses connections is there: the server on it is not.
func TestCheckOfAServerThatIsKilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up, down := good()
		w := newTestbed(t, up, down)
		w.halt()
		w.tcp = &tcp{rate: mbit(10), delay: 10 * ms}
		w.serve()
		done := make(chan struct{})
		go func() { // ends with the server
			defer close(done)
			time.Sleep(4500 * ms)
			w.kill()
		}()
		r, err := probe.Check(t.Context(), w.options(), nil)
		<-done
		if err != nil {
			t.Fatal(err)
		}
		if r.Verdict.Outcome != verdict.Inconclusive || r.LongestGap > 1 {
			t.Errorf("%s, gap %v", r.Verdict.Sentence, r.LongestGap)
		}
	})
}
