package main

import (
	"context"
	"fmt"
	"os"
	"os/user"
	"time"

	"examlink/cmd/internal/config"
	"examlink/server/store"
	"examlink/server/store/sql"
)

// commandRole is the role of the command line in the audit log, where it works without
// the server.
const commandRole = "command"

// account is the account of the operating system that a command is run by: the one that
// called sudo, if one did. Nothing proves it.
func account() string {
	name := os.Getenv("SUDO_USER")
	if name == "" || name == "root" {
		if u, err := user.Current(); err == nil {
			name = u.Username
		}
	}
	if name == "" {
		name = fmt.Sprint("uid ", os.Getuid())
	}
	return plain(name)
}

// byCommand is the entry of what a command did without the server.
func byCommand(action store.Action, subject string) store.AuditEntry {
	return store.AuditEntry{At: time.Now(), Role: commandRole, Identity: account(), Action: action, Subject: plain(subject), Result: store.OK}
}

// writeAudit writes an entry into the audit log of the configured store.
func writeAudit(ctx context.Context, f config.File, e store.AuditEntry) error {
	o, err := storeOptions(f)
	if err != nil {
		return err
	}
	return sql.AppendAudit(ctx, o, e)
}
