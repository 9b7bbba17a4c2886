package memory_test

import (
	"testing"

	"examlink/server/store"
	"examlink/server/store/memory"
	"examlink/server/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Test(t, func(*testing.T) store.Store { return memory.New() }, nil)
}
