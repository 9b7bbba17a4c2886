package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"examlink/cmd/internal/cli"
	"examlink/cmd/internal/config"
	"examlink/cmd/internal/web"
	"examlink/server"
)

// checkFiles checks the files that a configuration names, and the data directory, as
// this user; the server does the same when it starts. The notes say who can read each
// file.
func checkFiles(f config.File) (notes []string, err error) {
	for _, n := range f.Files() {
		if info, err := os.Stat(n.Path); err == nil {
			notes = append(notes, fmt.Sprintf("%s: %s: %s", n.Key, n.Path, cli.Owner(info)))
		}
	}
	err = errors.Join(checkCertificate(f.Server), checkACME(f), checkAlerts(f), checkWeb(f), checkBoard(f), checkStore(f), checkData(f.Server))
	name, root := cli.Reader()
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w\nchecked as %s", err, name)
	case len(notes) == 0:
		return nil, nil
	case root:
		return append(notes, "checked as root, who may read everything; for a server that runs as another user, check with --user NAME"), nil
	}
	return append(notes, "checked as "+name), nil
}

func checkCertificate(s config.Server) error {
	if s.Certificate == "" {
		return nil
	}
	_, err := server.LoadCertificate(s.Certificate, s.Key, time.Now())
	return owned(err)
}

// checkACME reads the files of the certificate's order.
func checkACME(f config.File) error {
	_, err := f.ACMEOptions()
	return owned(err)
}

// checkBoard reads the secret of the sign-in.
func checkBoard(f config.File) error {
	_, err := f.Provider()
	return owned(err)
}

// checkAlerts reads the secret files.
func checkAlerts(f config.File) error {
	o, err := f.AlertOptions()
	for _, w := range o.Webhooks {
		if err == nil {
			err = w.Check()
		}
	}
	return owned(err)
}

// checkStore reads the file of the store's URL.
func checkStore(f config.File) error {
	_, err := f.StoreURL()
	return owned(err)
}

func checkWeb(f config.File) error {
	if err := web.Check(f.Server.AdminWebConfig); err != nil {
		return fmt.Errorf("server.admin_web_config: %w", owned(err))
	}
	return nil
}

// checkData checks that the server could use what is in its data directory. A directory
// that does not exist is made by the server's first start.
func checkData(s config.Server) error {
	if _, err := os.Stat(s.DataDir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if _, err := readKeys(s, time.Now()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("server.data_dir: %w", owned(err))
	}
	err := filepath.WalkDir(s.DataDir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && (d.IsDir() || d.Type().IsRegular()) {
			err = writable(name)
		}
		if errors.Is(err, fs.ErrNotExist) { // a running server has just taken it away
			return nil
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("server.data_dir: %w", owned(err))
	}
	return nil
}

// owned adds to an error about permission whose file it is.
func owned(err error) error {
	var p *fs.PathError
	if errors.Is(err, fs.ErrPermission) && errors.As(err, &p) {
		if info, e := os.Stat(p.Path); e == nil {
			return fmt.Errorf("%w (%s)", err, cli.Owner(info))
		}
	}
	return err
}
