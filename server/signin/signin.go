// Package signin signs proctors and operators in to the board: by a university's accounts
// over OpenID Connect, or by a proctor's link. Who is signed in is in the store, so that
// every server of it knows, and a sign-out ends everything everywhere. The browser has a
// secret in a cookie, the store only its hash.
//
// It knows who somebody is and which exams they may see. It refuses to know what is shown
// to them.
package signin

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"examlink/server/auth"
	"examlink/server/store"
)

// Paths below that of the board.
const (
	Path         = "/board/signin"
	callbackPath = Path + "/callback"
	linkPath     = Path + "/link"
	statePath    = Path + "/state"
	outPath      = "/board/signout"
	boardPath    = "/board"
)

// Chosen by us.
const (
	// DefaultLife is how long somebody stays signed in: longer than an exam.
	DefaultLife = 12 * time.Hour

	answerWithin = 30 * time.Second // with the provider's answers
	storeWithin  = 5 * time.Second
)

// Options configures a Gate.
type Options struct {
	Store store.SignIns
	Audit store.Audit
	// LinkKeys returns the keys that verify proctors' links.
	LinkKeys func() []ed25519.PublicKey
	// Secret seals what a browser keeps while it is at the provider. Servers of one
	// address share it.
	Secret [32]byte
	// Provider, if set, is where people sign in; nil: by links only.
	Provider *Provider
	// Life is how long somebody who came from the provider stays signed in; 0: DefaultLife.
	Life time.Duration
	Now  func() time.Time // nil: the system's clock
	Log  *slog.Logger
}

// Gate signs people in and out, and authenticates their requests. It is safe for
// concurrent use.
type Gate struct {
	o        Options
	provider *client // nil: by links only
	seal     seal
	foreign  http.CrossOriginProtection

	mu      sync.Mutex
	refused map[string]time.Time // when a refusal was last written into the audit log, by its reason
	known   map[string]known     // by the hash of the secret
}

// New makes a gate. The error names what is wrong with the provider's configuration; the
// provider itself is first asked when somebody signs in.
func New(o Options) (*Gate, error) {
	if o.Life <= 0 {
		o.Life = DefaultLife
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	g := &Gate{o: o, refused: map[string]time.Time{}, known: map[string]known{}}
	var err error
	if g.seal, err = newSeal(o.Secret); err != nil {
		return nil, err
	}
	if o.Provider != nil {
		if g.provider, err = newClient(*o.Provider); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// Handlers returns what the gate serves, by pattern.
func (g *Gate) Handlers() map[string]http.Handler {
	all := map[string]http.Handler{
		"POST " + linkPath:    g.foreign.Handler(http.HandlerFunc(g.byLink)),
		"POST " + outPath:     g.foreign.Handler(http.HandlerFunc(g.signOut)),
		"GET " + Path:         http.HandlerFunc(g.begin),
		"GET " + callbackPath: http.HandlerFunc(g.finish),
		"GET " + statePath:    http.HandlerFunc(g.state),
	}
	for pattern, h := range all {
		all[pattern] = bounded(h)
	}
	return all
}

// bounded gives an answer its headers, and a time.
func bounded(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, at := http.NewResponseController(w), time.Now().Add(answerWithin)
		_ = c.SetReadDeadline(at) // a connection without deadlines has bounds of its own
		_ = c.SetWriteDeadline(at)
		ctx, cancel := context.WithDeadline(r.Context(), at)
		defer cancel()
		for k, v := range map[string]string{
			"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
		} {
			w.Header().Set(k, v)
		}
		h.ServeHTTP(w, r.WithContext(ctx))
	})
}

// State is what a page asks first.
type State struct {
	// Accounts says whether people can sign in with accounts of a provider.
	Accounts bool `json:"accounts"`
	// SignedIn says whether the browser is.
	SignedIn bool `json:"signed_in"`
}

func (g *Gate) state(w http.ResponseWriter, r *http.Request) {
	_, err := g.Authenticate(r)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
	_ = json.NewEncoder(w).Encode(State{Accounts: g.provider != nil, SignedIn: err == nil}) // the browser is gone
}

// Authenticate implements auth.Authenticator.
func (g *Gate) Authenticate(r *http.Request) (auth.Principal, error) {
	secret := secretOf(r)
	if secret == "" {
		return auth.Principal{}, auth.ErrMissing
	}
	if r.TLS == nil {
		return auth.Principal{}, auth.ErrInsecure
	}
	v, err := g.signedIn(r.Context(), secret)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return auth.Principal{}, auth.ErrInvalid
	case err != nil:
		g.o.Log.Error("sign-in not read", "err", err)
		return auth.Principal{}, auth.ErrUnavailable
	}
	return principal(v), nil
}

// signedIn returns the sign-in of a secret; store.ErrNotFound when it is over.
func (g *Gate) signedIn(ctx context.Context, secret string) (store.SignIn, error) {
	ctx, cancel := context.WithTimeout(ctx, storeWithin)
	defer cancel()
	id := hash(secret)
	v, err := g.o.Store.Get(ctx, id)
	v, err = g.recall(id, v, err)
	if err == nil && !v.Until.After(g.o.Now()) {
		err = store.ErrNotFound
	}
	return v, err
}

func principal(v store.SignIn) auth.Principal {
	return auth.Principal{Role: auth.Role(v.Role), Identity: v.Identity, Exams: v.Exams}
}
