package exam

import (
	"context"
	"fmt"
	"time"

	"examlink/server/store"
)

// MostProctorLinks is how many links are issued at once. Chosen by us.
const MostProctorLinks = 100

// IssuedProctorLink is a proctor's link with its address, which is not kept.
type IssuedProctorLink struct {
	ProctorLink
	Address string
}

// ProctorLinks issues links to the board of an exam, each for one proctor.
func (m *Manager) ProctorLinks(ctx context.Context, id string, count int, valid time.Duration) (links []IssuedProctorLink, err error) {
	e, err := m.Get(ctx, id)
	switch {
	case err == nil && e.Closed:
		err = fmt.Errorf("exam %s is closed: %w", id, store.ErrConflict)
	case err == nil && (count < 1 || count > MostProctorLinks):
		err = &InputError{"count", fmt.Sprintf("%d, expected 1 to %d", count, MostProctorLinks)}
	case err == nil && (valid <= 0 || valid > MostProctorLink):
		err = &InputError{"valid_seconds", fmt.Sprintf("%v, expected more than 0s and at most %v", valid, MostProctorLink)}
	}
	if err != nil {
		return nil, err
	}
	issuer := m.o.Issuer()
	if err := issuer.Ready(); err != nil {
		return nil, &InputError{"servers", err.Error()}
	}
	for range count {
		l, address, err := issuer.ProctorLink(e, valid, m.o.Now())
		if err != nil {
			return nil, err
		}
		links = append(links, IssuedProctorLink{l, address})
	}
	store.Describe(ctx, fmt.Sprintf("proctors' links: %d issued, valid for %v", count, valid))
	return links, nil
}
