package cli

import (
	"errors"
	"fmt"
	"os/user"
	"strconv"
	"strings"
)

// account is a user as processes have one.
type account struct {
	name   string
	id     int
	group  int
	groups []int
}

// findAccount finds a user by name or number. A number that this system has no name for
// is a user, too: systemd's dynamic users exist while their unit runs, and their group
// has the same number.
func findAccount(name string) (a account, err error) {
	u, err := user.Lookup(name)
	if err != nil {
		u, err = user.LookupId(name)
	}
	if id, notNumber := strconv.ParseUint(name, 10, 31); err != nil && notNumber == nil {
		return account{name, int(id), int(id), []int{int(id)}}, nil
	}
	if err != nil {
		return a, fmt.Errorf("--user: no user %q on this computer", name)
	}
	numbers, err := u.GroupIds()
	if err != nil {
		return a, fmt.Errorf("--user: %w", err)
	}
	a = account{name: u.Username}
	var errs [2]error
	a.id, errs[0] = strconv.Atoi(u.Uid)
	a.group, errs[1] = strconv.Atoi(u.Gid)
	for _, s := range numbers {
		g, err := strconv.Atoi(s)
		if err != nil {
			return a, fmt.Errorf("--user: group %q: %w", s, err)
		}
		a.groups = append(a.groups, g)
	}
	return a, errors.Join(errs[:]...)
}

// userName is the name of a user's number, or the number.
func userName(id int) string {
	if u, err := user.LookupId(strconv.Itoa(id)); err == nil {
		return u.Username
	}
	return strconv.Itoa(id)
}

// groupName is the name of a group's number, or the number.
func groupName(id int) string {
	if g, err := user.LookupGroupId(strconv.Itoa(id)); err == nil {
		return g.Name
	}
	return strconv.Itoa(id)
}

// whoReads says in words who may read a file by its permission bits.
func whoReads(owner, group string, bits uint32) string {
	if bits&0o004 != 0 {
		return "everybody"
	}
	readers := []string{owner}
	if bits&0o400 == 0 {
		readers = nil
	}
	if bits&0o040 != 0 {
		readers = append(readers, "group "+group)
	}
	if len(readers) == 0 {
		return "nobody but root"
	}
	return strings.Join(readers, " and ")
}
