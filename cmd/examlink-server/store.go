package main

import (
	"context"

	"examlink/cmd/internal/config"
	"examlink/server/store/sql"
)

// storeOptions are those of the store that a configuration names.
func storeOptions(f config.File) (sql.Options, error) {
	address, err := f.StoreURL()
	return sql.Options{File: f.StoreFile(), URL: address}, err
}

// openStore opens the store that a configuration names.
func openStore(ctx context.Context, f config.File) (*sql.Store, error) {
	o, err := storeOptions(f)
	if err != nil {
		return nil, err
	}
	return sql.Open(ctx, o)
}
