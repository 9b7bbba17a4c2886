package signin

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"time"

	"examlink/server/auth"
	"examlink/server/store"
)

// The cookies. With __Host- a browser takes them over TLS only, for this host alone, so
// that no other host of the domain can set them.
const (
	secretCookie  = "__Host-examlink-board"
	pendingCookie = "__Host-examlink-signin"
)

const secretBytes = 32

// auditApart is how often the same refusal is written into the audit log. Chosen by us.
const auditApart = time.Hour

// hash is what the store has of a secret.
func hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// secretOf returns the secret that a request shows; empty: none.
func secretOf(r *http.Request) string {
	c, err := r.Cookie(secretCookie)
	if err != nil {
		return ""
	}
	return c.Value
}

// setCookie sets one; an empty value removes it.
func setCookie(w http.ResponseWriter, name, value string, life time.Duration, site http.SameSite) {
	c := &http.Cookie{Name: name, Value: value, Path: "/", Secure: true, HttpOnly: true, SameSite: site, MaxAge: int(life / time.Second)}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// open signs a person in with a new secret, whatever the browser had before: a secret
// that somebody else planted there is worth nothing.
func (g *Gate) open(w http.ResponseWriter, r *http.Request, who auth.Principal, link string, until time.Time) error {
	var b [secretBytes]byte
	_, _ = rand.Read(b[:]) // crypto/rand never fails
	secret := base64.RawURLEncoding.EncodeToString(b[:])
	now := g.o.Now()
	exam := ""
	if len(who.Exams) == 1 {
		exam = who.Exams[0]
	}
	ctx, cancel := context.WithTimeout(r.Context(), storeWithin)
	defer cancel()
	ctx, _ = store.Audited(ctx, store.AuditEntry{
		At: now, Role: string(who.Role), Identity: who.Identity, Action: store.SignedIn, Exam: exam, Subject: "board", Result: store.OK,
	})
	err := g.o.Store.Open(ctx, store.SignIn{
		ID: hash(secret), Identity: who.Identity, Role: string(who.Role), Exams: who.Exams, Link: link, From: now, Until: until,
	})
	if err != nil {
		return err
	}
	setCookie(w, secretCookie, secret, until.Sub(now), http.SameSiteStrictMode)
	return nil
}

// signOut ends all sign-ins of the person, in every browser and on every server.
func (g *Gate) signOut(w http.ResponseWriter, r *http.Request) {
	who, err := g.Authenticate(r)
	if err == nil {
		ctx, cancel := context.WithTimeout(r.Context(), storeWithin)
		defer cancel()
		ctx, _ = store.Audited(ctx, store.AuditEntry{
			At: g.o.Now(), Role: string(who.Role), Identity: who.Identity, Action: store.SignedOut, Subject: "board", Result: store.OK,
		})
		g.forgetKnown(who.Identity)
		err = g.o.Store.End(ctx, who.Identity)
		if err != nil {
			g.o.Log.Error("not signed out", "err", err)
			http.Error(w, "not signed out: the server's store does not answer; try again", http.StatusServiceUnavailable)
			return
		}
	}
	setCookie(w, secretCookie, "", 0, http.SameSiteStrictMode)
	w.WriteHeader(http.StatusNoContent)
}

// refuse writes into the audit log that somebody was not signed in, once an hour for each
// reason. Nothing that the request says gets into it.
func (g *Gate) refuse(ctx context.Context, reason string) {
	now := g.o.Now()
	g.mu.Lock()
	before, was := g.refused[reason]
	if was && now.Sub(before) < auditApart {
		g.mu.Unlock()
		return
	}
	g.refused[reason] = now
	g.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeWithin)
	defer cancel()
	err := g.o.Audit.Append(ctx, store.AuditEntry{At: now, Role: string(auth.Nobody), Action: store.SignedIn, Subject: "board", Result: store.Refused, Reason: reason})
	if err != nil {
		g.o.Log.Error("refused sign-in not written into the audit log", "reason", reason, "err", err)
	}
}
