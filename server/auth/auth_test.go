package auth_test

import (
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"examlink/server/auth"
)

// everybody authenticates each request as a proctor.
type everybody struct{ err error }

func (e everybody) Authenticate(*http.Request) (auth.Principal, error) {
	return auth.Principal{Role: auth.Proctor, Exams: []string{"e1"}}, e.err
}

func TestRequire(t *testing.T) {
	token := auth.NewOperatorToken("right")
	for _, c := range []struct {
		name, header, from string
		tls                bool
		by                 auth.Authenticator
		want               int
	}{
		{"the token, on this computer", "right", "127.0.0.1:9", false, token, 200},
		{"by IPv6", "right", "[::1]:9", false, token, 200},
		{"the token, over TLS", "right", "192.0.2.1:9", true, token, 200},
		{"the token, in clear", "right", "192.0.2.1:9", false, token, 403},
		{"another token", "wrong", "127.0.0.1:9", false, token, 401},
		{"no token", "", "127.0.0.1:9", false, token, 401},
		{"another role", "", "127.0.0.1:9", false, auth.Any(token, everybody{}), 403},
		{"a token among others", "right", "127.0.0.1:9", false, auth.Any(token, everybody{}), 200},
		{"a wrong token among others", "wrong", "127.0.0.1:9", false, auth.Any(token, everybody{}), 401},
		{"nobody's credentials", "", "127.0.0.1:9", false, auth.Any(), 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got auth.Principal
			h := auth.Require(c.by, func(_ http.ResponseWriter, _ *http.Request, p auth.Principal) { got = p }, auth.Operator)
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = c.from
			if c.header != "" {
				r.Header.Set(auth.OperatorHeader, c.header)
			}
			if c.tls {
				r.TLS = new(tls.ConnectionState)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != c.want || (c.want == 200) != (got.Role == auth.Operator) {
				t.Errorf("%d as %+v, want %d", w.Code, got, c.want)
			}
		})
	}
}

func TestMaySee(t *testing.T) {
	p, _ := everybody{}.Authenticate(nil)
	if !p.MaySee("e1") || p.MaySee("e2") || !(auth.Principal{Role: auth.Operator}).MaySee("e2") {
		t.Error("a proctor sees the exams assigned, an operator all")
	}
}

func TestTokenFile(t *testing.T) {
	dir := t.TempDir()
	if _, err := auth.ReadOperatorToken(dir, false); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v, want that it is not there", err)
	}
	made, err := auth.ReadOperatorToken(dir, true)
	if err != nil || len(made) < 32 {
		t.Fatalf("%q, %v", made, err)
	}
	if info, err := os.Stat(filepath.Join(dir, "admin-token")); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v, want that its owner alone may read it", info.Mode(), err)
	}
	if again, err := auth.ReadOperatorToken(dir, true); again != made || err != nil {
		t.Errorf("read %q, %v, made %q", again, err, made)
	}
	if err := os.WriteFile(filepath.Join(dir, "admin-token"), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := auth.ReadOperatorToken(dir, true); err == nil {
		t.Error("a damaged file was read")
	}
}
