package daemon

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

// Set by the linker, in releases and by make build; else Go's build information has them.
var (
	version = ""
	commit  = "" // with "-modified" if files had been changed since
	date    = "" // of the commit
)

// commitLetters is how much of a commit is shown: enough to find it.
const commitLetters = 12

// build says what a program was built from. Empty: unknown.
type build struct{ version, commit, date string }

// thisBuild is that of this program.
func thisBuild() build {
	b := build{version, commit, date}
	if info, ok := debug.ReadBuildInfo(); ok {
		b = b.complete(info)
	}
	return b
}

// complete adds what Go's build information has.
func (b build) complete(info *debug.BuildInfo) build {
	set := map[string]string{}
	for _, s := range info.Settings {
		set[s.Key] = s.Value
	}
	if v := info.Main.Version; v != "(devel)" {
		b.version = cmp.Or(b.version, v)
	}
	if b.commit == "" {
		b.commit, b.date = set["vcs.revision"], set["vcs.time"]
		if set["vcs.modified"] == "true" && b.commit != "" {
			b.commit += "-modified"
		}
	}
	hash, modified, _ := strings.Cut(b.commit, "-")
	b.commit = hash[:min(len(hash), commitLetters)]
	if modified != "" {
		b.commit += "-" + modified
	}
	return b
}

// short is the release, else the module's version, else the commit.
func (b build) short() string {
	switch {
	case b.version != "":
		return b.version
	case b.commit != "":
		return "devel-" + b.commit
	}
	return "devel"
}

// line is what programs print of their version.
func (b build) line(program string) string {
	from := "commit unknown"
	if b.commit != "" {
		from = "commit " + b.commit
	}
	if b.date != "" {
		from += " of " + b.date
	}
	return fmt.Sprintf("%s %s (%s) %s %s/%s", program, cmp.Or(b.version, "devel"), from, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// Version returns the program's version: the release, else the module's, else
// the commit it was built from.
func Version() string { return thisBuild().short() }

// VersionLine is what `version` and --version print: version, commit and its date.
func VersionLine(program string) string { return thisBuild().line(program) }
