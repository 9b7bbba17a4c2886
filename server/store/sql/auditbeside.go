package sql

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"examlink/server/store"
)

// ErrNoAudit says that there is no store yet, or one of a version without an audit log.
var ErrNoAudit = errors.New("there is no audit log yet: the server has not been started with this version")

// AppendAudit appends entries to the audit log of a store beside a server that may be
// using it, as the command line does. It changes nothing else, makes no store and brings
// none to a new version. Errors: ErrNoAudit; store.ErrInvalid.
func AppendAudit(ctx context.Context, o Options, entries ...store.AuditEntry) error {
	clean, err := cleanAudit(entries)
	if err != nil {
		return err
	}
	d, err := openBeside(ctx, o)
	if err != nil {
		return fmt.Errorf("audit log: %w", err)
	}
	err = d.appendBeside(ctx, clean)
	if err := errors.Join(err, d.close()); err != nil {
		return fmt.Errorf("audit log: %w", err)
	}
	return nil
}

// openBeside opens a database that another process may be using.
func openBeside(ctx context.Context, o Options) (*database, error) {
	if o.URL != "" {
		return openPostgres(ctx, o.URL)
	}
	switch _, err := os.Stat(o.File); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, ErrNoAudit
	case err != nil:
		return nil, err
	}
	db, err := sqliteIn(o.File, "rw", 1, "synchronous(FULL)", "fullfsync(ON)", "secure_delete(ON)")
	if err != nil {
		return nil, err
	}
	return &database{read: db, write: db, release: func() error { return nil }}, nil
}

func (d *database) appendBeside(ctx context.Context, entries []store.AuditEntry) error {
	version, err := schemaVersion(ctx, d.write)
	if err != nil {
		if d.fresh(ctx) {
			return ErrNoAudit
		}
		return err
	}
	first, newest, err := auditVersions()
	switch {
	case err != nil:
		return err
	case version < first:
		return ErrNoAudit
	case version > newest:
		return fmt.Errorf("a database of version %d, expected at most %d: a later examlink-server wrote it", version, newest)
	}
	ctx, cancel := context.WithTimeout(ctx, changeTimeout)
	defer cancel()
	tx, err := d.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := appendAudit(ctx, tx, entries); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// fresh reports whether a database can be read and has no tables of ours.
func (d *database) fresh(ctx context.Context) bool {
	tables := "SELECT count(*) FROM sqlite_master WHERE name = 'schema_version'"
	if d.dialect.name == "PostgreSQL" {
		tables = "SELECT count(*) FROM information_schema.tables WHERE table_name = 'schema_version'"
	}
	n, err := first(ctx, d.write, "tables", func(r row) (n int64, err error) { err = r.Scan(&n); return n, err }, tables)
	return err == nil && n == 0
}

// auditVersions are the first version of the tables with an audit log, and the newest.
func auditVersions() (first, newest int, err error) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return 0, 0, err
	}
	for i, name := range names {
		if strings.HasSuffix(name, "_audit.sql") {
			first = i + 1
		}
	}
	return first, len(names), nil
}
