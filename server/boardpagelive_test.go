package server_test

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"examlink/probe/ui/uitest"
	"examlink/server/event"
)

// state is the state of a student on the page.
func stateOnPage(student string) string {
	return fmt.Sprintf(`document.querySelector('#rows tr[data-student=%q]')?.cells[1].innerText`, student)
}

// A change is on the screen at once, a row that got worse moves and is announced, and
// none moves under the pointer.
func TestBoardPageIsLive(t *testing.T) {
	browser := boardTab(t)
	b := newBoardServer(t)
	b.cohort()
	browser.Load(b.link("e1"), uitest.Looks[0])
	browser.Until(`document.querySelectorAll('#rows tr').length >= 25`)
	uitest.Value[bool](browser, `window.painted = [], new MutationObserver(() => {
		const row = document.querySelector('#rows tr[data-student="s-0020"]');
		window.painted.push([row.cells[1].innerText, Date.now()]);
	}).observe(document.getElementById('rows'), {subtree: true, childList: true}), true`)
	var took []time.Duration
	for i := range 20 {
		state, word := "suspect", "Suspect"
		if i%2 == 1 {
			state, word = "live", "Good"
		}
		uitest.Value[bool](browser, `window.painted = [], true`)
		at := time.Now()
		b.says("e1", "s-0020", state, event.State{})
		browser.Until(fmt.Sprintf(`window.painted.some(p => p[0] === %q)`, word))
		painted := uitest.Value[float64](browser, fmt.Sprintf(`window.painted.find(p => p[0] === %q)[1]`, word))
		took = append(took, time.UnixMilli(int64(painted)).Sub(at.Truncate(time.Millisecond)))
	}
	slices.Sort(took)
	t.Logf("from publishing to the screen: median %v, at most %v of 20", took[10], took[19])

	first := `document.querySelector('#rows tr').dataset.student`
	b.says("e1", "s-0021", "exam-relevant", event.State{From: "dropped"})
	browser.Until(first + ` === 's-0021'`)
	browser.Until(`document.getElementById('said').textContent.includes('s-0021: Dropped')`)
	browser.PointAt("#rows tr:nth-child(3)")
	b.says("e1", "s-0022", "exam-relevant", event.State{From: "dropped"})
	browser.Until(stateOnPage("s-0022") + ` === 'Dropped'`)
	browser.Until(`!document.getElementById('moved').hidden`)
	if got := uitest.Value[int](browser, `[...document.querySelectorAll('#rows tr')].findIndex(r => r.dataset.student === 's-0022')`); got < 5 {
		t.Errorf("the row has moved to place %d under the pointer", got)
	}
	browser.PointAt("h1")
	browser.Until(`[...document.querySelectorAll('#rows tr')].findIndex(r => r.dataset.student === 's-0022') < 3`)
	browser.Problems(strings.TrimPrefix(b.at, "https://"))
}

// cutter passes a port on, and can be cut.
type cutter struct {
	t  *testing.T
	ln net.Listener
	to string

	mu    sync.Mutex
	cut   bool
	conns []net.Conn
}

func newCutter(t *testing.T, to string) *cutter {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{t: t, ln: ln, to: to}
	t.Cleanup(func() { _ = ln.Close(); c.set(true) })
	go func() { // ends with the listener
		for {
			in, err := ln.Accept()
			if err != nil {
				return
			}
			c.pass(in)
		}
	}()
	return c
}

func (c *cutter) pass(in net.Conn) {
	out, err := net.Dial("tcp", c.to)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil || c.cut {
		_ = in.Close()
		if err == nil {
			_ = out.Close()
		}
		return
	}
	c.conns = append(c.conns, in, out)
	for _, x := range [][2]net.Conn{{in, out}, {out, in}} {
		go func() { // ends with either connection
			_, _ = io.Copy(x[0], x[1])
			_ = x[0].Close()
			_ = x[1].Close()
		}()
	}
}

// set cuts all connections and admits no other, or admits them again.
func (c *cutter) set(cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = cut
	if cut {
		for _, x := range c.conns {
			_ = x.Close()
		}
		c.conns = nil
	}
}

// A broken connection is said, and what happened meanwhile is there afterwards.
func TestBoardPageCatchesUp(t *testing.T) {
	browser := boardTab(t)
	b := newBoardServer(t)
	b.cohort()
	c := newCutter(t, strings.TrimPrefix(b.at, "https://"))
	at := strings.Replace(b.link("e1"), strings.TrimPrefix(b.at, "https://"), c.ln.Addr().String(), 1)
	browser.Load(at, uitest.Looks[0])
	browser.Until(`document.querySelectorAll('#rows tr').length >= 25`)
	for i, long := range []int{30, 6000} { // within what the server keeps for readers, and beyond
		c.set(true)
		browser.Until(`document.getElementById('stale').checkVisibility()`)
		axe(browser, t, "stale")
		for n := range long {
			b.says("e1", fmt.Sprintf("s-%04d", 12+n%10), "live", rate(1+float64(n)/1000))
		}
		gone := fmt.Sprintf("s-%04d", 15+i)
		b.says("e1", gone, "dropped", event.State{From: "live"})
		time.Sleep(100 * time.Millisecond)
		if got := uitest.Value[string](browser, stateOnPage(gone)); got == "Dropped" {
			t.Errorf("%s is dropped on a page that hears nothing", gone)
		}
		c.set(false)
		browser.Until(`!document.getElementById('stale').checkVisibility()`)
		browser.Until(stateOnPage(gone) + ` === 'Dropped'`)
		want := fmt.Sprintf("%.3g Mbit/s", 1+float64(long-10+9-8)/1000)                                                 // of s-0013
		uitest.Value[bool](browser, `document.querySelector('#rows tr[data-student="s-0013"]').scrollIntoView(), true`) // figures are painted where they are seen
		browser.Until(fmt.Sprintf(`document.querySelector('#rows tr[data-student="s-0013"]').cells[4].innerText.startsWith(%q)`, want))
	}
}

// 400 students on one board. The figures are in the log.
func TestBoardPageOfMany(t *testing.T) {
	browser := boardTab(t)
	b := newBoardServer(t)
	for i := range 400 {
		id := fmt.Sprintf("s-%04d", i)
		b.says("e1", id, "live", event.Admitted{})
		b.says("e1", id, "live", rate(2))
		b.says("e1", id, "live", claim(3))
	}
	browser.Load(b.link("e1"), uitest.Looks[0])
	browser.Until(`document.querySelectorAll('#rows tr').length === 400`)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { // each student has two readings in 40 s: 20 a second
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(50 * time.Millisecond):
				b.says("e1", fmt.Sprintf("s-%04d", i*7%400), "live", rate(2+float64(i%100)/100))
			}
		}
	})
	time.Sleep(2 * time.Second)
	before, began := browser.Busy(), time.Now()
	time.Sleep(8 * time.Second)
	share := (browser.Busy() - before) / time.Since(began).Seconds()
	close(stop)
	wg.Wait()
	t.Logf("400 rows, 20 readings a second: the page's main thread is busy %.1f %% of the time", 100*share)
	at := time.Now()
	b.says("e1", "s-0399", "dropped", event.State{From: "live"})
	browser.Until(`document.querySelector('#rows tr').dataset.student === 's-0399'`)
	t.Logf("a row goes from the last place to the first within %v, with the time to ask", time.Since(at).Round(time.Millisecond))
}
