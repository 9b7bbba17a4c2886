package signin_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"examlink/server/auth"
	"examlink/server/signin"
	"examlink/server/store"
	"examlink/server/store/memory"
)

// people are the accounts of the provider: what it tells of each.
var people = map[string]map[string]any{
	"proctor":  {"groups": []string{"staff", "proctors"}, "exams": []string{"exam:msds-5001", "exam:msds-5002", "course:other", "exam:not an id"}},
	"operator": {"groups": []string{"operators"}},
	"nobody":   {"groups": []string{"students"}, "exams": []string{"exam:msds-5001"}},
}

const password = "correct horse"

type accounts struct{}

func (accounts) ExampleClientID() string { return "service" }
func (accounts) GetUserByID(id string) *storage.User {
	if people[id] == nil {
		return nil
	}
	return &storage.User{ID: id, Username: id, Password: password}
}
func (a accounts) GetUserByUsername(name string) *storage.User { return a.GetUserByID(name) }

// claiming tells people's groups and exams on request, as many providers do.
type claiming struct{ *storage.Storage }

func (c claiming) SetUserinfoFromToken(ctx context.Context, info *oidc.UserInfo, token, subject, origin string) error {
	if err := c.Storage.SetUserinfoFromToken(ctx, info, token, subject, origin); err != nil {
		return err
	}
	for k, v := range people[subject] {
		info.AppendClaims(k, v)
	}
	return nil
}

var _ op.Storage = claiming{}

// board is a gate behind TLS, with a provider.
type board struct {
	t        *testing.T
	server   *httptest.Server
	provider *httptest.Server
	gate     *signin.Gate
	store    *memory.Store
	linkKey  ed25519.PrivateKey
	now      time.Time
	away     atomic.Bool // whether the store is
}

func newBoard(t *testing.T) *board {
	t.Helper()
	public, key, _ := ed25519.GenerateKey(nil)
	b := &board{t: t, store: memory.New(), linkKey: key, now: time.Now()}
	mux := http.NewServeMux()
	b.server = httptest.NewTLSServer(mux)
	t.Cleanup(b.server.Close)
	b.provider = httptest.NewUnstartedServer(nil)
	issuer := "http://" + b.provider.Listener.Addr().String()
	client := storage.WebClient("examlink", "client secret", b.server.URL+"/board/signin/callback")
	b.provider.Config.Handler = exampleop.SetupServer(issuer, claiming{storage.NewStorageWithClients(accounts{}, map[string]*storage.Client{"examlink": client})}, nil, false)
	b.provider.Start()
	t.Cleanup(b.provider.Close)
	var err error
	b.gate, err = signin.New(signin.Options{
		Store: away{b.store.SignIns(), &b.away}, Audit: b.store.Audit(), LinkKeys: func() []ed25519.PublicKey { return []ed25519.PublicKey{public} },
		Now: func() time.Time { return b.now }, Life: time.Hour,
		Provider: &signin.Provider{
			Issuer: issuer, ClientID: "examlink", ClientSecret: "client secret", Address: b.server.URL,
			Claims: signin.Claims{Identity: "sub", Roles: "groups", Operator: "operators", Proctor: "proctors", Exams: "exams", Prefix: "exam:"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for pattern, h := range b.gate.Handlers() {
		mux.Handle(pattern, h)
	}
	mux.HandleFunc("GET /board", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "the board") })
	mux.Handle("GET /who", auth.Require(b.gate, func(w http.ResponseWriter, _ *http.Request, p auth.Principal) { _ = json.NewEncoder(w).Encode(p) }, auth.Operator, auth.Proctor))
	return b
}

// browser is a client with cookies of its own that follows redirections.
func (b *board) browser() *http.Client {
	jar, _ := cookiejar.New(nil)
	return &http.Client{Transport: b.server.Client().Transport, Jar: jar}
}

func (b *board) get(c *http.Client, address string) (status int, at *url.URL, body string) {
	b.t.Helper()
	resp, err := c.Get(address)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Request.URL, string(text)
}

// signIn signs in at the provider as a person does, and returns where the browser ends.
func (b *board) signIn(c *http.Client, name string) *url.URL {
	b.t.Helper()
	_, at, form := b.get(c, b.server.URL+"/board/signin")
	if at.Host != strings.TrimPrefix(b.provider.URL, "http://") || !strings.Contains(form, "password") {
		b.t.Fatalf("at %s, want the provider's form", at)
	}
	resp, err := c.PostForm(b.provider.URL+"/login/username", url.Values{"username": {name}, "password": {password}, "id": {at.Query().Get("authRequestID")}})
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.Request.URL
}

// who is who the browser is signed in as; the zero value: nobody.
func (b *board) who(c *http.Client) (p auth.Principal) {
	b.t.Helper()
	status, _, body := b.get(c, b.server.URL+"/who")
	if status == http.StatusOK {
		if err := json.Unmarshal([]byte(body), &p); err != nil {
			b.t.Fatal(err)
		}
	}
	return p
}

// post makes a request with an origin, as a browser's page does.
func (b *board) post(c *http.Client, path, body string, header http.Header) (int, string) {
	b.t.Helper()
	r, err := http.NewRequest(http.MethodPost, b.server.URL+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header = header
	resp, err := c.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text)
}

// entries are the actions in the audit log, with who and the result.
func (b *board) entries() (out []string) {
	b.t.Helper()
	list, err := b.store.Audit().List(b.t.Context(), store.AuditFilter{}, store.AuditPage{})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, e := range list {
		out = append(out, strings.TrimSpace(strings.Join([]string{string(e.Action), e.Identity, string(e.Result), e.Reason}, " ")))
	}
	return out
}

// Signing in with a university's accounts, over a provider that is used in earnest.
func TestAccounts(t *testing.T) {
	b := newBoard(t)
	for name, want := range map[string]auth.Principal{
		"proctor":  {Role: auth.Proctor, Identity: "account:proctor", Exams: []string{"msds-5001", "msds-5002"}},
		"operator": {Role: auth.Operator, Identity: "account:operator"},
	} {
		c := b.browser()
		if at := b.signIn(c, name); at.String() != b.server.URL+"/board" {
			t.Errorf("%s ends at %s", name, at)
		}
		if got := b.who(c); got.Role != want.Role || got.Identity != want.Identity || strings.Join(got.Exams, " ") != strings.Join(want.Exams, " ") {
			t.Errorf("%s is %+v, want %+v", name, got, want)
		}
	}
	c := b.browser()
	if at := b.signIn(c, "nobody"); at.RequestURI() != "/board?signin=norole" || b.who(c).Role != "" {
		t.Errorf("somebody without a role ends at %s as %+v", at, b.who(c))
	}
	got := strings.Join(b.entries(), "\n")
	for _, want := range []string{"signed-in account:proctor ok", "signed-in account:operator ok", "signed-in  refused no role"} {
		if !strings.Contains(got, want) {
			t.Errorf("the audit log has %q, want %q", got, want)
		}
	}
}

// A sign-out ends all sign-ins of the person; a sign-in ends by itself.
func TestSignInsEnd(t *testing.T) {
	b := newBoard(t)
	desk, phone, other := b.browser(), b.browser(), b.browser()
	b.signIn(desk, "proctor")
	b.signIn(phone, "proctor")
	b.signIn(other, "operator")
	if status, body := b.post(desk, "/board/signout", "", http.Header{}); status != http.StatusNoContent {
		t.Errorf("%d %s", status, body)
	}
	if b.who(desk).Role != "" || b.who(phone).Role != "" {
		t.Error("signed in after signing out elsewhere")
	}
	if b.who(other).Role != auth.Operator {
		t.Error("somebody else was signed out")
	}
	b.now = b.now.Add(time.Hour)
	if b.who(other).Role != "" {
		t.Error("signed in for longer than the configured life")
	}
}

// The provider's answer counts in the browser that was sent there, once.
func TestAnswersOfOthers(t *testing.T) {
	b := newBoard(t)
	attacker, victim := b.browser(), b.browser()
	attacker.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if strings.HasSuffix(r.URL.Path, "/callback") && r.URL.Host == strings.TrimPrefix(b.server.URL, "https://") {
			return http.ErrUseLastResponse
		}
		return nil
	}
	_, at, _ := b.get(attacker, b.server.URL+"/board/signin")
	resp, err := attacker.PostForm(b.provider.URL+"/login/username", url.Values{"username": {"operator"}, "password": {password}, "id": {at.Query().Get("authRequestID")}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	callback := resp.Header.Get("Location")
	if !strings.Contains(callback, "code=") {
		t.Fatalf("the provider answers with %q", callback)
	}
	if _, at, _ := b.get(victim, callback); at.RequestURI() != "/board?signin=again" || b.who(victim).Role != "" {
		t.Errorf("another browser ends at %s as %+v", at, b.who(victim))
	}
	b.get(victim, b.server.URL+"/board/signin") // one that is under way, too
	if _, at, _ := b.get(victim, callback); at.RequestURI() != "/board?signin=again" || b.who(victim).Role != "" {
		t.Errorf("another browser that signs in itself ends at %s as %+v", at, b.who(victim))
	}
	attacker.CheckRedirect = nil
	if _, at, _ := b.get(attacker, callback); at.RequestURI() != "/board" || b.who(attacker).Role != auth.Operator {
		t.Errorf("the browser itself ends at %s as %+v", at, b.who(attacker))
	}
	if _, at, _ := b.get(attacker, callback); at.RequestURI() != "/board?signin=again" {
		t.Errorf("a second time it ends at %s", at)
	}
	if _, at, _ := b.get(victim, b.server.URL+"/board/signin/callback?error=access_denied&state=x"); at.RequestURI() != "/board?signin=again" {
		t.Errorf("an error that nobody asked for ends at %s", at)
	}
}

// A provider that is away is said to be, and asked again later.
func TestProviderAway(t *testing.T) {
	b := newBoard(t)
	b.provider.Close()
	c := b.browser()
	if _, at, _ := b.get(c, b.server.URL+"/board/signin"); at.RequestURI() != "/board?signin=provider" {
		t.Errorf("ends at %s", at)
	}
}
