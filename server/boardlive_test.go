package server_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"examlink/docs/schemas"
	"examlink/server/api"
	"examlink/server/auth"
	"examlink/server/board"
	"examlink/server/event"
	"examlink/server/store"
	"examlink/server/store/memory"
)

// number is the number of a mark.
func number(t *testing.T, mark string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(mark[strings.LastIndex(mark, "-")+1:], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A reader that is cut off again and again, and comes back with the last identifier that
// it has, gets every change once.
func TestBoardStreamCatchesUp(t *testing.T) {
	b := newBoardServer(t)
	c := b.proctor("e1")
	b.says("e1", "s0", "live", event.Admitted{})
	for len(b.page(c, "e1").Rows) == 0 { // the board follows events by itself
		time.Sleep(time.Millisecond)
	}
	mark := b.page(c, "e1").Mark
	const changes = 400
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range changes {
			b.says("e1", fmt.Sprint("s", i%40), "live", rate(1+float64(i)/1000))
			if i%40 == 0 {
				time.Sleep(2 * time.Millisecond)
			}
		}
	}()
	last := number(t, mark)
	for cuts := 0; last < changes; cuts++ {
		r, status := b.follow(c, "e1", mark)
		if status != http.StatusOK {
			t.Fatal(status)
		}
		for i := 0; i < 1+cuts*7%60 && last < changes; i++ {
			e, _ := r.change(t)
			if n := number(t, e.id); n != last+1 {
				t.Fatalf("change %d after %d", n, last)
			}
			last++
			mark = e.id
		}
		r.close()
	}
	<-done
	r, _ := b.follow(c, "e1", mark)
	defer r.close()
	for last < number(t, b.page(c, "e1").Mark) {
		r.change(t)
		last++
	}
	b.says("e1", "s0", "dropped", event.State{From: "live"})
	if e, x := r.change(t); number(t, e.id) != last+1 || x.Row.State != board.Dropped {
		t.Errorf("%+v after %d, want the latest change", e, last)
	}
}

// What is published is with the reader at once. The figure is in the log.
func TestBoardStreamIsQuick(t *testing.T) {
	b := newBoardServer(t)
	c := b.proctor("e1")
	r, _ := b.follow(c, "e1", b.mark(c))
	defer r.close()
	var took []time.Duration
	for i := range 200 {
		at := time.Now()
		b.says("e1", "s1", "live", rate(1+float64(i)/1000))
		if _, x := r.change(t); x.Row == nil || x.Row.Student != "s1" {
			t.Fatalf("%+v", x)
		}
		took = append(took, time.Since(at))
	}
	slices.Sort(took)
	t.Logf("from publishing to the reader: median %v, 99 %% %v, at most %v", took[100], took[197], took[199])
}

// mark is the mark of a board that may be empty.
func (b *boardServer) mark(c *http.Client) string { return b.page(c, "e1").Mark }

// A proctor of another exam is refused at every address of this one, and so is nobody.
func TestBoardOfAnotherExam(t *testing.T) {
	b := newBoardServer(t)
	b.says("e1", "s1", "live", event.Admitted{})
	b.says("e2", "s2", "live", event.Admitted{})
	own, other, nobody := b.proctor("e1"), b.proctor("e2"), b.proctor("e2")
	nobody.Jar = nil
	for pattern := range b.srv.API(auth.Any()).BoardHandlers() {
		_, path, _ := strings.Cut(pattern, " ")
		path = strings.ReplaceAll(path, "{exam}", "e1")
		for _, x := range []struct {
			who   string
			c     *http.Client
			want  int
			query string
		}{
			{"another's proctor", other, http.StatusForbidden, ""}, {"another's proctor", other, http.StatusForbidden, "?after=x-1"}, {"nobody", nobody, http.StatusUnauthorized, ""},
			{"who names the exam", other, http.StatusForbidden, "?exam=e1"},
		} {
			if !strings.Contains(path, "e1") && x.who == "another's proctor" {
				continue
			}
			resp, err := x.c.Get(b.at + path + x.query)
			if err != nil {
				t.Fatal(err)
			}
			text, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if resp.StatusCode != x.want || strings.Contains(string(text), "s1") {
				t.Errorf("%s of %s: %s %s, want %d", x.who, path+x.query, resp.Status, text, x.want)
			}
		}
	}
	for c, want := range map[*http.Client]string{own: "e1", other: "e2"} {
		resp, err := c.Get(b.at + "/api/v1/exams")
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if !strings.Contains(string(text), `"id":"`+want+`"`) || strings.Count(string(text), `"id"`) != 1 {
			t.Errorf("exams of a proctor of %s: %s", want, text)
		}
	}
	for _, path := range []string{"/api/v1/exams/e1/roster", "/api/v1/exams/e1/tokens", "/api/v1/audit", "/metrics", "/api/v1/drain"} {
		resp, err := own.Get(b.at + path)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if !strings.Contains(string(text), "This is an examlink server") {
			t.Errorf("%s is on the listener of students: %s %s", path, resp.Status, text)
		}
	}
}

// Signing out ends the streams, too. Marks that are not kept are refused.
func TestBoardStreamEnds(t *testing.T) {
	if testing.Short() {
		t.Skip("long: streams look every 5 s whether their reader is signed in")
	}
	b := newBoardServer(t)
	c := b.proctor("e1")
	r, _ := b.follow(c, "e1", b.mark(c))
	defer r.close()
	for mark, want := range map[string]int{"other-1": http.StatusGone, "x": http.StatusGone, "": http.StatusUnprocessableEntity} {
		s, status := b.follow(c, "e1", mark)
		if s.close(); status != want {
			t.Errorf("%q: %d, want %d", mark, status, want)
		}
	}
	resp, err := c.Post(b.at+"/board/signout", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	for {
		e, ok := r.next()
		if !ok {
			t.Fatal("the stream ends without a word")
		}
		if e.kind == "signedout" {
			break
		}
	}
	if _, ok := r.next(); ok {
		t.Error("the stream goes on")
	}
}

// The board of any server shows the sessions of all, and a sign-out on one counts on the
// other.
func TestBoardsOfSeveralServers(t *testing.T) {
	if testing.Short() {
		t.Skip("long: streams look every 5 s whether their reader is signed in")
	}
	shared := memory.New()
	one, two := newBoardServerOn(t, shared, "one", nil), newBoardServerOn(t, shared, "two", nil)
	c := one.proctor("e1")
	r, _ := one.follow(c, "e1", one.mark(c))
	defer r.close()
	two.says("e1", "s1", "live", event.Admitted{})
	two.says("e1", "s1", "live", rate(0.9))
	round := 0.1
	two.says("e1", "s1", "live", event.Report{About: "minute", Minute: &event.Minute{RoundTrip: &round}})
	two.says("e1", "s1", "suspect", event.State{From: "live"})
	var last board.Row
	for range 4 {
		_, x := r.change(t)
		last = *x.Row
	}
	if last.State != board.Suspect || last.Upload == nil || last.RoundTrip == nil {
		t.Errorf("the other server's board has %+v", last)
	}
	elsewhere := *c // the same browser at the other server: cookies do not tell ports apart
	if got := two.page(&elsewhere, "e1").Rows; len(got) != 1 || got[0].State != board.Suspect {
		t.Errorf("its own board has %+v", got)
	}
	resp, err := elsewhere.Post(two.at+"/board/signout", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	for e, ok := r.next(); e.kind != "signedout"; e, ok = r.next() {
		if !ok {
			t.Fatal("the stream of the first server ends without a word")
		}
	}
}

// Nobody has more than some streams at once.
func TestBoardStreamsAreCounted(t *testing.T) {
	b := newBoardServer(t)
	c := b.proctor("e1")
	mark, open := b.mark(c), []*reading{}
	for range 20 {
		r, status := b.follow(c, "e1", mark)
		if open = append(open, r); status != http.StatusOK {
			t.Fatalf("stream %d: %d", len(open), status)
		}
	}
	if r, status := b.follow(c, "e1", mark); status != http.StatusTooManyRequests {
		t.Errorf("one more: %d", status)
	} else {
		r.close()
	}
	for _, r := range open {
		r.close()
	}
}

// A reader that does not read is cut off, and costs no memory until then.
func TestBoardSlowReader(t *testing.T) {
	if testing.Short() {
		t.Skip("long: waits for the time that a reader has")
	}
	b := newBoardServer(t)
	c := b.proctor("e1")
	r, _ := b.follow(c, "e1", b.mark(c))
	defer r.close()
	last := ""
	for i := range 20000 { // more than sockets hold
		b.says("e1", fmt.Sprint("student-", i%400), "live", rate(1+float64(i)/1e5))
	}
	time.Sleep(12 * time.Second)
	n := 0
	for {
		e, ok := r.next()
		if !ok || e.kind == "gone" {
			break
		}
		if e.kind == "change" {
			n++
			last = e.id
		}
	}
	if n >= 20000 {
		t.Errorf("%d changes up to %s, although nobody read them", n, last)
	}
}

// The board has the form of its schemas, and who looks at it is in the audit log.
func TestBoardIsDescribed(t *testing.T) {
	schemas.Fields[board.Page](t, board.Schema)
	schemas.Fields[board.Change](t, board.ChangeSchema)
	schemas.Fields[board.Rows](t, board.RowsSchema)
	b := newBoardServer(t)
	c := b.proctor("e1")
	r, _ := b.follow(c, "e1", b.mark(c))
	defer r.close()
	b.says("e1", "s1", "live", event.Admitted{})
	b.says("e1", "s1", "live", rate(0.2))
	round, loss := 0.1, 0.01
	b.says("e1", "s1", "live", event.Report{Minute: &event.Minute{RoundTrip: &round, LossUp: &loss, LossDown: &loss}})
	b.says("e1", "s1", "live", event.Warning{ID: "w", Name: "below-minimum", Direction: "up", Active: true, Since: time.Now()})
	b.srv.Events().Publish(event.Event{At: time.Now(), Payload: event.Incident{ID: "i", Active: true, Exams: []string{"e1"}, Affected: 9, Since: time.Now(), Sentence: "Nine."}})
	var bodies [][]byte
	for range 5 {
		e, _ := r.change(t)
		bodies = append(bodies, []byte(e.data))
	}
	schemas.Test(t, board.ChangeSchema, bodies...)
	resp, err := c.Get(b.at + "/api/v1/exams/e1/board")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	schemas.Test(t, board.Schema, text)
	list, err := b.store.Audit().List(t.Context(), store.AuditFilter{Exam: "e1"}, store.AuditPage{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range list {
		got = append(got, fmt.Sprint(e.Role, " ", e.Action, " ", e.Subject))
	}
	if want := "proctor signed-in board, proctor viewed board"; strings.Join(got, ", ") != want {
		t.Errorf("the audit log has %q, want %q", got, want)
	}
}

// The description of the API has the board, too.
func TestBoardInTheDescription(t *testing.T) {
	d := withProctors(t)
	d.describe()
	for _, path := range []string{api.MePath, "/api/v1/exams/msds-5001/board"} {
		if status, p := d.raw("GET", path, ""); status != http.StatusOK {
			t.Errorf("%s: %d %+v", path, status, p)
		}
	}
}
