package sql

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"
)

// Each file is one version of the tables, by the number that its name begins with.
// Versions that have been released do not change; there is no way back.
//
//go:embed migrations/*.sql
var migrationFiles embed.FS

// migrations lists the versions' statements; the first is of version 1.
func migrations() (list []string, err error) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	for i, name := range names {
		if want := fmt.Sprintf("migrations/%04d_", i+1); !strings.HasPrefix(name, want) {
			return nil, fmt.Errorf("%s, expected a name that begins with %s", name, want)
		}
		b, err := migrationFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		list = append(list, string(b))
	}
	return list, nil
}

// migrate brings the tables to the newest version, in one transaction. It refuses a
// database of a version that it does not know.
func (d *database) migrate(ctx context.Context) error {
	list, err := migrations()
	if err != nil {
		return err
	}
	tx, err := d.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := d.migrateTo(ctx, tx, list); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

func (d *database) migrateTo(ctx context.Context, tx *sql.Tx, list []string) error {
	if d.dialect.migrating != "" {
		if _, err := tx.ExecContext(ctx, d.dialect.migrating); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS schema_version (version bigint NOT NULL PRIMARY KEY, applied bigint NOT NULL)"); err != nil {
		return err
	}
	version, err := schemaVersion(ctx, tx)
	if err != nil {
		return err
	}
	if version > len(list) {
		return fmt.Errorf("a database of version %d, expected at most %d: a later examlink-server wrote it", version, len(list))
	}
	types := strings.NewReplacer("{text}", d.dialect.text, "{bytes}", d.dialect.bytes)
	for i := version; i < len(list); i++ {
		for statement := range strings.SplitSeq(types.Replace(list[i]), ";\n") {
			if strings.TrimSpace(statement) == "" {
				continue
			}
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return fmt.Errorf("version %d of the tables: %w", i+1, err)
			}
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO schema_version (version, applied) VALUES ($1, $2)", i+1, time.Now().UnixMicro()); err != nil {
			return err
		}
	}
	return nil
}

// schemaVersion is the version of the tables; 0 if there are none.
func schemaVersion(ctx context.Context, q interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}) (version int, err error) {
	err = q.QueryRowContext(ctx, "SELECT coalesce(max(version), 0) FROM schema_version").Scan(&version)
	return version, err
}
