//go:build unix

package sql

import (
	"sync"
	"testing"

	"examlink/server/store/storetest"
)

// Servers that start at the same time on an empty database wait for each other; one
// of a later version is refused.
func TestPostgreSQLVersions(t *testing.T) {
	o := Options{URL: storetest.StartPostgres(t, "fsync=off").Database()}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			s, err := Open(t.Context(), o)
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	testLaterVersion(t, o)
}
