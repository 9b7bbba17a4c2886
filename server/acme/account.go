package acme

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"

	protocol "github.com/mholt/acmez/v3/acme"
)

// account is an account with the authority, as it is stored.
type account struct {
	Key      []byte `json:"key"` // PKCS #8
	Location string `json:"location"`
	Email    string `json:"email,omitempty"`
}

// accountName is that of the account in the store: all certificates of a directory use it.
func (m *Manager) accountName() string {
	binding := ""
	if m.o.Binding != nil {
		binding = m.o.Binding.ID
	}
	return m.name("account", m.identify(m.o.Directory, binding))
}

// contact is how the authority reaches the operator.
func (m *Manager) contact() []string {
	if m.o.Email == "" {
		return nil
	}
	return []string{"mailto:" + m.o.Email}
}

// account returns the account with the authority: the stored one, or a new one.
func (m *Manager) account(ctx context.Context, client *protocol.Client) (protocol.Account, error) {
	var kept account
	version, err := m.shelf.get(ctx, m.accountName(), &kept)
	if err != nil {
		return protocol.Account{}, err
	}
	if version == 0 {
		return m.register(ctx, client, 0)
	}
	key, err := parseKey(kept.Key)
	if err != nil {
		return protocol.Account{}, fmt.Errorf("account in the store: %w", err)
	}
	a := protocol.Account{Status: protocol.StatusValid, Contact: m.contact(), PrivateKey: key, Location: kept.Location}
	if kept.Email == m.o.Email {
		return a, nil
	}
	if a, err = client.UpdateAccount(ctx, a); err != nil {
		return m.again(ctx, client, version, fmt.Errorf("account: %w", err))
	}
	a.Location, kept.Email = kept.Location, m.o.Email
	_, err = m.shelf.put(ctx, m.accountName(), kept, version)
	return a, err
}

// again registers another account if the authority does not know the one that is stored;
// after every other error it returns that.
func (m *Manager) again(ctx context.Context, client *protocol.Client, version uint64, err error) (protocol.Account, error) {
	var p protocol.Problem
	if errors.As(err, &p) && p.Type == protocol.ProblemTypeAccountDoesNotExist {
		return m.register(ctx, client, version)
	}
	return protocol.Account{}, err
}

// register opens an account and stores it over a version.
func (m *Manager) register(ctx context.Context, client *protocol.Client, over uint64) (protocol.Account, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return protocol.Account{}, err
	}
	a := protocol.Account{Contact: m.contact(), TermsOfServiceAgreed: m.o.Agreed, PrivateKey: key}
	if b := m.o.Binding; b != nil {
		if err := a.SetExternalAccountBinding(ctx, client, protocol.EAB{KeyID: b.ID, MACKey: b.Key}); err != nil {
			return a, fmt.Errorf("external account binding: %w", err)
		}
	}
	if a, err = client.NewAccount(ctx, a); err != nil {
		return a, fmt.Errorf("open an account: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return a, err
	}
	if _, err := m.shelf.put(ctx, m.accountName(), account{slices.Clone(der), a.Location, m.o.Email}, over); err != nil {
		return a, fmt.Errorf("keep the account: %w", err)
	}
	return a, nil
}

func parseKey(der []byte) (crypto.Signer, error) {
	k, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	s, ok := k.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("a key of type %T, expected one that signs", k)
	}
	return s, nil
}
