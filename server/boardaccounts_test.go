package server_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"

	"examlink/probe/ui/uitest"
	"examlink/server/event"
	"examlink/server/signin"
	"examlink/server/store/memory"
)

// university has one account, which is a proctor of e1.
type university struct{}

func (university) ExampleClientID() string { return "service" }
func (university) GetUserByID(id string) *storage.User {
	if id != "p-7" {
		return nil
	}
	return &storage.User{ID: id, Username: id, Password: "secret"}
}
func (u university) GetUserByUsername(name string) *storage.User { return u.GetUserByID(name) }

// withGroups tells the groups of the account.
type withGroups struct{ *storage.Storage }

func (g withGroups) SetUserinfoFromToken(ctx context.Context, info *oidc.UserInfo, token, subject, origin string) error {
	err := g.Storage.SetUserinfoFromToken(ctx, info, token, subject, origin)
	info.AppendClaims("groups", []string{"proctors", "exam:e1"})
	return err
}

// A proctor signs in with an account of the university, in a browser that keeps to the
// rules of cookies between sites.
func TestBoardPageAccounts(t *testing.T) {
	browser := boardTab(t)
	op := httptest.NewUnstartedServer(nil)
	issuer := "http://" + op.Listener.Addr().String()
	b := newBoardServerOn(t, memory.New(), "", func(address string) *signin.Provider {
		client := storage.WebClient("examlink", "s", address+"/board/signin/callback")
		op.Config.Handler = exampleop.SetupServer(issuer, withGroups{storage.NewStorageWithClients(university{}, map[string]*storage.Client{"examlink": client})}, nil, false)
		op.Start()
		return &signin.Provider{
			Issuer: issuer, ClientID: "examlink", ClientSecret: "s", Address: address,
			Claims: signin.Claims{Identity: "sub", Roles: "groups", Proctor: "proctors", Exams: "groups", Prefix: "exam:"},
		}
	})
	t.Cleanup(op.Close)
	b.says("e1", "s1", "live", event.Admitted{})
	browser.Load(b.at+"/board", uitest.Looks[0])
	browser.Until(`document.getElementById('accounts').checkVisibility()`)
	browser.Run(chromedp.Click(chromedp.CSS("#accounts a")))
	browser.Until(`document.getElementById('username')`)
	browser.Run(chromedp.SendKeys(chromedp.CSS("#username"), "p-7"), chromedp.SendKeys(chromedp.CSS("#password"), "secret"), chromedp.Click(chromedp.CSS("button")))
	browser.Until(`document.querySelectorAll('#rows tr').length === 1 && location.pathname === '/board'`)
	if got := uitest.Value[string](browser, `document.getElementById('identity').textContent + document.getElementById('exam').options.length`); got != "account:p-71" {
		t.Errorf("signed in as %q, want account:p-7 with one exam", got)
	}
	if got := uitest.Value[string](browser, `document.cookie`); strings.Contains(got, "examlink") {
		t.Errorf("scripts can read %q", got)
	}
	browser.Run(chromedp.Click(chromedp.CSS("#out")))
	browser.Until(`document.getElementById('accounts').checkVisibility()`)
}
