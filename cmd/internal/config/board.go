package config

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"examlink/server/exam"
	"examlink/server/signin"
)

// Board configures the proctors' board.
type Board struct {
	Enabled bool   `mapstructure:"enabled" default:"true" doc:"Serve the board. Without signin proctors need a link: 'examlink-server exam proctors'."`
	SignIn  SignIn `mapstructure:"signin" doc:"Sign-in with a university's accounts over OpenID Connect. Register the client there with the redirect address https://ADDRESS/board/signin/callback."`
}

// SignIn is an OpenID Connect provider, and what its claims mean.
type SignIn struct {
	Issuer     string        `mapstructure:"issuer" is:"https address or empty" doc:"The provider's issuer, such as https://id.example.edu. Empty: no accounts."`
	Client     string        `mapstructure:"client" doc:"The identifier of the client."`
	Secret     string        `mapstructure:"secret" secret:"true" doc:"The secret of the client. Empty: it has none, and the sign-in rests on PKCE alone."`
	SecretFile string        `mapstructure:"secret_file" doc:"A file with that secret, instead of secret."`
	Address    string        `mapstructure:"address" is:"https address or empty" doc:"The address of the board, as proctors open it, without a path. Empty: that of the first entry of server.public."`
	Scopes     []string      `mapstructure:"scopes" doc:"What is asked of the provider besides openid, such as groups."`
	Life       time.Duration `mapstructure:"life" default:"12h" min:"5m" max:"168h" doc:"How long somebody stays signed in."`
	Identity   string        `mapstructure:"identity_claim" default:"sub" doc:"The claim that names a person in the audit log. Choose one without names."`
	Roles      string        `mapstructure:"roles_claim" default:"groups" doc:"The claim with a person's roles or groups, a text or a list. Dots lead into objects, as in realm_access.roles."`
	Operator   string        `mapstructure:"operator" doc:"Whoever has this role sees all exams. Empty: nobody does."`
	Proctor    string        `mapstructure:"proctor" doc:"Whoever has this role sees the exams of exams_claim. Empty: nobody does."`
	Exams      string        `mapstructure:"exams_claim" doc:"The claim with the exams of a proctor, a text or a list."`
	Prefix     string        `mapstructure:"exams_prefix" doc:"Only texts that begin with this name an exam; the rest is its identifier. So exams can be among the groups."`
}

// checkWebAddress checks the form of an address without a path.
func checkWebAddress(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("%q, expected an address such as https://id.example.edu", s)
	}
	return nil
}

// provider returns the provider without its secret; nil: none is configured.
func (f File) provider() *signin.Provider {
	s := f.Board.SignIn
	if s.Issuer == "" {
		return nil
	}
	address := s.Address
	if address == "" && len(f.Server.Public) > 0 {
		address = exam.WebAddress(f.Server.Public[0])
	}
	return &signin.Provider{
		Issuer: s.Issuer, ClientID: s.Client, Address: address, Scopes: s.Scopes,
		Claims: signin.Claims{Identity: s.Identity, Roles: s.Roles, Operator: s.Operator, Proctor: s.Proctor, Exams: s.Exams, Prefix: s.Prefix},
	}
}

// Provider returns where proctors sign in; nil: nowhere. It reads the file with the
// secret.
func (f File) Provider() (*signin.Provider, error) {
	p := f.provider()
	if p == nil {
		return nil, nil //nolint:nilnil // none is configured
	}
	p.ClientSecret = f.Board.SignIn.Secret
	if err := readSecret(&p.ClientSecret, f.Board.SignIn.SecretFile); err != nil {
		return nil, fmt.Errorf("board.signin.secret_file: %w", err)
	}
	return p, nil
}

// checkBoard reports values that contradict each other.
func (f File) checkBoard(found *problems) {
	s := f.Board.SignIn
	if s.Secret != "" && s.SecretFile != "" {
		found.add("board.signin.secret", "expected either this or secret_file")
	}
	p := f.provider()
	if p == nil {
		return
	}
	if p.Address == "" {
		found.add("board.signin.address", "empty, expected an address here or in server.public")
		return
	}
	var e *signin.OptionError
	if err := p.Check(); errors.As(err, &e) {
		found.add("board.signin."+e.Option, "%s", e.Problem)
	}
}
