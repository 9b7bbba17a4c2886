package signin_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"examlink/server/auth"
	"examlink/server/exam"
	"examlink/server/store"
)

// issueLink returns the body that a page sends for a new link.
func (b *board) issueLink(name string) string {
	b.t.Helper()
	_, address, err := exam.Issuer{Key: b.linkKey, Servers: []string{"exam.example.edu:8443"}}.ProctorLink(store.Exam{ID: name}, 2*time.Hour, b.now)
	if err != nil {
		b.t.Fatal(err)
	}
	_, token, _ := strings.Cut(address, "#")
	body, _ := json.Marshal(map[string]string{"token": token})
	return string(body)
}

var asJSON = http.Header{"Content-Type": {"application/json"}}

// from adds where a browser says that a request comes from.
func from(site, origin string) http.Header {
	h := asJSON.Clone()
	h.Set("Sec-Fetch-Site", site)
	h.Set("Origin", origin)
	return h
}

// A link signs in once, for one exam, until it expires.
func TestLinks(t *testing.T) {
	b := newBoard(t)
	c, second := b.browser(), b.browser()
	link := b.issueLink("msds-5001")
	if status, body := b.post(c, "/board/signin/link", link, from("same-origin", b.server.URL)); status != http.StatusNoContent {
		t.Fatalf("%d %s", status, body)
	}
	if p := b.who(c); p.Role != auth.Proctor || len(p.Exams) != 1 || p.Exams[0] != "msds-5001" || !strings.HasPrefix(p.Identity, "link:") {
		t.Errorf("signed in as %+v", p)
	}
	if status, body := b.post(second, "/board/signin/link", link, asJSON); status != http.StatusUnauthorized || !strings.Contains(body, "once") {
		t.Errorf("a second time: %d %s", status, body)
	}
	if status, _ := b.post(c, "/board/signout", "", http.Header{}); status != http.StatusNoContent {
		t.Errorf("sign-out: %d", status)
	}
	if status, _ := b.post(second, "/board/signin/link", link, asJSON); status != http.StatusUnauthorized {
		t.Errorf("after the sign-out: %d", status)
	}
	if _, _, state := b.get(second, b.server.URL+"/board/signin/state"); strings.TrimSpace(state) != `{"accounts":true,"signed_in":false}` {
		t.Errorf("state of who is not signed in: %s", state)
	}
	another := b.issueLink("msds-5002")
	b.now = b.now.Add(2*time.Hour - time.Minute)
	if status, _ := b.post(second, "/board/signin/link", another, asJSON); status != http.StatusNoContent {
		t.Errorf("just before it expires: %d", status)
	}
	b.now = b.now.Add(2 * time.Minute)
	if b.who(second).Role != "" {
		t.Error("signed in for longer than the link is valid")
	}
	if got := strings.Join(b.entries(), "\n"); strings.Count(got, "signed-in link:") != 2 || !strings.Contains(got, "signed-out link:") || !strings.Contains(got, "refused link used before") {
		t.Errorf("the audit log has %q", got)
	}
}

// Nothing but a page of this server can sign anybody in or out.
func TestOtherSites(t *testing.T) {
	b := newBoard(t)
	c := b.browser()
	link := b.issueLink("msds-5001")
	for what, h := range map[string]http.Header{
		"another site":      from("cross-site", "https://evil.example"),
		"another host here": from("same-site", "https://evil.example.edu"),
		"an old browser":    {"Content-Type": {"application/json"}, "Origin": {"https://evil.example"}},
	} {
		if status, _ := b.post(c, "/board/signin/link", link, h); status != http.StatusForbidden {
			t.Errorf("%s signs in: %d", what, status)
		}
	}
	if status, _ := b.post(c, "/board/signin/link", "token="+link, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}); status != http.StatusUnsupportedMediaType {
		t.Errorf("a form signs in: %d", status)
	}
	if status, _ := b.post(c, "/board/signin/link", link, asJSON); status != http.StatusNoContent {
		t.Fatalf("the page itself: %d", status)
	}
	if status, _ := b.post(c, "/board/signout", "", from("cross-site", "https://evil.example")); status != http.StatusForbidden || b.who(c).Role == "" {
		t.Errorf("another site signs out: %d", status)
	}
	if status, _, _ := b.get(c, b.server.URL+"/board/signout"); status != http.StatusMethodNotAllowed {
		t.Errorf("a look signs out: %d", status)
	}
}

// A secret that somebody planted in a browser is not the one that it has after signing in.
func TestFixation(t *testing.T) {
	b := newBoard(t)
	attacker, victim := b.browser(), b.browser()
	at, _ := url.Parse(b.server.URL)
	planted := &http.Cookie{Name: "__Host-examlink-board", Value: "planted-by-somebody-else-0123456789abcdef", Path: "/", Secure: true}
	victim.Jar.SetCookies(at, []*http.Cookie{planted})
	attacker.Jar.SetCookies(at, []*http.Cookie{planted})
	if status, _ := b.post(victim, "/board/signin/link", b.issueLink("msds-5001"), asJSON); status != http.StatusNoContent {
		t.Fatal(status)
	}
	if b.who(victim).Role != auth.Proctor || b.who(attacker).Role != "" {
		t.Errorf("the victim is %+v, who planted the secret %+v", b.who(victim), b.who(attacker))
	}
}

// recorded keeps the cookies as they were set.
type recorded struct {
	http.CookieJar
	set []*http.Cookie
}

func (r *recorded) SetCookies(u *url.URL, list []*http.Cookie) {
	r.set = append(r.set, list...)
	r.CookieJar.SetCookies(u, list)
}

// Every cookie is for this host alone, over TLS, and out of reach of scripts.
func TestCookies(t *testing.T) {
	b := newBoard(t)
	inner, _ := cookiejar.New(nil)
	jar := &recorded{CookieJar: inner}
	c := b.browser()
	c.Jar = jar
	b.signIn(c, "proctor")
	ours := 0
	for _, k := range jar.set {
		if !strings.Contains(k.Name, "examlink") {
			continue
		}
		ours++
		if !strings.HasPrefix(k.Name, "__Host-") || !k.Secure || !k.HttpOnly || k.Path != "/" || k.Domain != "" || k.SameSite != http.SameSiteStrictMode && k.SameSite != http.SameSiteLaxMode {
			t.Errorf("%+v", k)
		}
		if k.Name == "__Host-examlink-board" && k.SameSite != http.SameSiteStrictMode {
			t.Errorf("sent with requests of other sites: %+v", k)
		}
	}
	if ours != 3 {
		t.Errorf("%d cookies, want that of the pending sign-in, its end, and the secret", ours)
	}
}

// away is a store that does not answer while it is told so.
type away struct {
	store.SignIns
	on *atomic.Bool
}

func (a away) Get(ctx context.Context, id string) (store.SignIn, error) {
	if a.on.Load() {
		return store.SignIn{}, errors.New("the store is away")
	}
	return a.SignIns.Get(ctx, id)
}

// While the store is away, whoever was signed in stays so for a while, and nobody else is.
func TestStoreAway(t *testing.T) {
	b := newBoard(t)
	c, stranger := b.browser(), b.browser()
	if status, _ := b.post(c, "/board/signin/link", b.issueLink("msds-5001"), asJSON); status != http.StatusNoContent || b.who(c).Role == "" {
		t.Fatal(status)
	}
	at, _ := url.Parse(b.server.URL)
	stranger.Jar.SetCookies(at, []*http.Cookie{{Name: "__Host-examlink-board", Value: "made-up", Path: "/", Secure: true}})
	b.away.Store(true)
	if b.who(c).Role != auth.Proctor {
		t.Error("a proctor is locked out while the store is away")
	}
	if status, _, _ := b.get(stranger, b.server.URL+"/who"); status != http.StatusServiceUnavailable {
		t.Errorf("a stranger: %d", status)
	}
	b.now = b.now.Add(11 * time.Minute)
	if status, _, _ := b.get(c, b.server.URL+"/who"); status != http.StatusServiceUnavailable {
		t.Errorf("after a long time: %d", status)
	}
	b.away.Store(false)
	if b.who(c).Role != auth.Proctor {
		t.Error("not signed in any more when the store is back")
	}
}
