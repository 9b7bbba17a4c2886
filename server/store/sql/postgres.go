package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// Chosen by us.
const (
	postgresWriters = 8 // each change has a transaction of its own
	postgresConns   = 16
	pingAfter       = 10 * time.Millisecond // of not being used a connection may have been lost
	connectTimeout  = 5 * time.Second       // unless the URL has connect_timeout
	lockTimeout     = "10s"                 // for rows that another transaction has
)

// durable makes commits wait for the disk, unless they wait for more than that.
const durable = "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"

// openPostgres opens the database at a URL.
func openPostgres(ctx context.Context, address string) (*database, error) {
	c, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, err // without the password
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = connectTimeout
	}
	for name, value := range map[string]string{"application_name": "examlink-server", "lock_timeout": lockTimeout} {
		if _, ok := c.RuntimeParams[name]; !ok {
			c.RuntimeParams[name] = value
		}
	}
	c.RuntimeParams["default_transaction_isolation"] = "read committed"
	db := stdlib.OpenDB(*c, stdlib.OptionAfterConnect(func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, durable)
		return err
	}), stdlib.OptionShouldPing(func(_ context.Context, p stdlib.ShouldPingParams) bool { return p.IdleDuration > pingAfter }))
	db.SetMaxOpenConns(postgresConns)
	db.SetMaxIdleConns(postgresConns)
	if err := checkPostgres(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &database{read: db, write: db, release: func() error { return nil }, dialect: dialect{
		name: "PostgreSQL", text: `text COLLATE "C"`, bytes: "bytea", writers: postgresWriters, batch: 1, rows: 500, abandon: true, shared: true,
		migrating: "SELECT pg_advisory_xact_lock(7308332148923460203)", // no other program's, chosen at random
	}}, nil
}

// checkPostgres checks that the database can keep what we store.
func checkPostgres(ctx context.Context, db *sql.DB) error {
	var encoding string
	if err := db.QueryRowContext(ctx, "SELECT current_setting('server_encoding')").Scan(&encoding); err != nil {
		return err
	}
	if encoding != "UTF8" {
		return fmt.Errorf("PostgreSQL: a database in %s, expected one in UTF8", encoding)
	}
	return nil
}
