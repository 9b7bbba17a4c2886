//go:build unix

package cli

import (
	"fmt"
	"os"
	"syscall"
)

// become makes this process another user's, for good. Only root can.
func become(name string) error {
	a, err := findAccount(name)
	if err != nil {
		return err
	}
	if os.Geteuid() == a.id {
		return nil
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("--user: only root can check as another user; run this as %s, or with sudo", a.name)
	}
	err = syscall.Setgroups(a.groups)
	if err == nil {
		err = syscall.Setgid(a.group)
	}
	if err == nil {
		err = syscall.Setuid(a.id)
	}
	if err != nil {
		return fmt.Errorf("--user %s: %w", name, err)
	}
	return nil
}

// Reader names the user of this process; root is true for one who may read everything.
func Reader() (name string, root bool) { return userName(os.Geteuid()), os.Geteuid() == 0 }

// Owner says who owns a file, with which mode, and who may read it by that.
func Owner(info os.FileInfo) string {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fmt.Sprintf("mode %04o", info.Mode().Perm())
	}
	owner, group := userName(int(s.Uid)), groupName(int(s.Gid))
	return fmt.Sprintf("owner %s:%s, mode %04o, read by %s", owner, group, info.Mode().Perm(), whoReads(owner, group, uint32(info.Mode().Perm())))
}
