package server_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"examlink/server"
)

func TestTokenKeys(t *testing.T) {
	dir := t.TempDir()
	if _, err := server.ReadTokenKeys(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("none: %v", err)
	}
	if _, err := server.RotateTokenKey(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("rotate without a key: %v", err)
	}
	first, err := server.LoadKeys(dir, "", "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	remove, err := first.NoteServed(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "token-old.seed"), []byte("not a key of ours"), 0o600); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for range 10 { // the tenth sorts before the second by name
		k, err := server.RotateTokenKey(dir)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, k.ID)
	}
	again, err := server.LoadKeys(dir, "", "", time.Now())
	if err != nil || len(again.Tokens) != 11 || again.Tokens[0].ID != ids[9] || again.Tokens[1].ID != ids[8] || !again.Token.Equal(again.Tokens[0].Key) {
		t.Fatalf("%d keys, %v", len(again.Tokens), err)
	}
	if !again.Tokens[10].Key.Equal(first.Token) {
		t.Error("the first key is not the oldest one")
	}
	if err := again.CheckServed(dir); err == nil || !strings.Contains(err.Error(), "reload it") {
		t.Errorf("a running server does not know the newest key: %v", err)
	}
	remove()
	if err := again.CheckServed(dir); err != nil {
		t.Error(err)
	}
	nothing := func() error { return nil }
	if err := server.RemoveTokenKey(dir, ids[9], nothing); err == nil {
		t.Error("the newest key was removed")
	}
	if err := server.RemoveTokenKey(dir, "unknown", nothing); err == nil {
		t.Error("an unknown key was removed")
	}
	refused := errors.New("refused")
	if err := server.RemoveTokenKey(dir, first.Tokens[0].ID, func() error { return refused }); !errors.Is(err, refused) {
		t.Errorf("%v, want that the key stays", err)
	}
	if err := server.RemoveTokenKey(dir, first.Tokens[0].ID, nothing); err != nil {
		t.Error(err)
	}
	if left, err := server.LoadKeys(dir, "", "", time.Now()); err != nil || len(left.Tokens) != 10 || left.Tokens[0].ID != ids[9] {
		t.Errorf("%d keys, %v: the first one was made again?", len(left.Tokens), err)
	}
}
