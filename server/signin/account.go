package signin

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"net/http"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// begin sends a browser to the provider.
func (g *Gate) begin(w http.ResponseWriter, r *http.Request) {
	if g.provider == nil {
		http.Redirect(w, r, boardPath, http.StatusSeeOther)
		return
	}
	if r.Host != g.provider.host { // the provider sends it there, and that is where its cookies must be
		http.Redirect(w, r, g.provider.p.Address+Path, http.StatusSeeOther)
		return
	}
	p, err := g.provider.discover(r.Context())
	if err != nil {
		g.o.Log.Error("sign-in: the provider does not answer", "err", err)
		back(w, r, "provider")
		return
	}
	was := pending{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Until: g.o.Now().Add(atProvider)}
	sealed, err := g.seal.close(was)
	if err != nil {
		g.o.Log.Error("sign-in", "err", err)
		back(w, r, "provider")
		return
	}
	// Lax: the provider's answer comes from another site.
	setCookie(w, pendingCookie, sealed, atProvider, http.SameSiteLaxMode)
	config := g.provider.config(p)
	http.Redirect(w, r, config.AuthCodeURL(was.State, oidc.Nonce(was.Nonce), oauth2.S256ChallengeOption(was.Verifier)), http.StatusSeeOther)
}

// finish takes the provider's answer. The browser must be the one that was sent there.
func (g *Gate) finish(w http.ResponseWriter, r *http.Request) {
	if g.provider == nil {
		http.NotFound(w, r)
		return
	}
	sealed := ""
	if c, err := r.Cookie(pendingCookie); err == nil {
		sealed = c.Value
	}
	setCookie(w, pendingCookie, "", 0, http.SameSiteLaxMode)
	was, err := g.seal.open(sealed, g.o.Now())
	if err != nil || subtle.ConstantTimeCompare([]byte(was.State), []byte(r.URL.Query().Get("state"))) != 1 {
		g.refuse(r.Context(), "not begun here")
		back(w, r, "again")
		return
	}
	if r.URL.Query().Get("error") != "" { // a text of the provider's, or of anybody's
		g.refuse(r.Context(), "refused by the provider")
		back(w, r, "refused")
		return
	}
	claims, err := g.provider.redeem(r.Context(), r.URL.Query().Get("code"), was)
	if err != nil {
		g.o.Log.Error("sign-in: the provider's answer was not accepted", "err", err)
		g.refuse(r.Context(), "answer of the provider")
		back(w, r, "provider")
		return
	}
	who, err := g.provider.p.Claims.principal(claims)
	switch {
	case errors.Is(err, errNobody):
		g.refuse(r.Context(), "no role")
		back(w, r, "norole")
		return
	case err != nil:
		g.o.Log.Error("sign-in", "err", err)
		g.refuse(r.Context(), "claims")
		back(w, r, "provider")
		return
	}
	if err := g.open(w, r, who, "", g.o.Now().Add(g.o.Life)); err != nil {
		g.o.Log.Error("not signed in", "err", err)
		back(w, r, "store")
		return
	}
	http.Redirect(w, r, boardPath, http.StatusSeeOther)
}

// back sends the browser to the board, which says why nobody is signed in: one of a
// closed list.
func back(w http.ResponseWriter, r *http.Request, why string) {
	http.Redirect(w, r, boardPath+"?signin="+why, http.StatusSeeOther)
}
