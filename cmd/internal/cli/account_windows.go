package cli

import (
	"errors"
	"fmt"
	"os"
	"os/user"
)

func become(string) error {
	return errors.New("--user: not on Windows; run the check as that user")
}

// Reader names the user of this process; root is true for one who may read everything.
func Reader() (name string, root bool) {
	u, err := user.Current()
	if err != nil {
		return "this user", false
	}
	return u.Username, false
}

// Owner says who owns a file, with which mode, and who may read it by that.
func Owner(info os.FileInfo) string { return fmt.Sprintf("mode %04o", info.Mode().Perm()) }
