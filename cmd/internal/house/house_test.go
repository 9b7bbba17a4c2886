package house

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const (
	module = "examlink/"
	linter = "../../../.golangci.yml"
	begin  = "        # begin: generated from cmd/internal/house, by make imports\n"
	end    = "        # end: generated\n"
)

var update = flag.Bool("update", false, "rewrite the linter's rules")

// within reports whether a package lies in one of the trees.
func within(pkg string, trees []string) bool {
	return slices.ContainsFunc(trees, func(t string) bool {
		t = strings.TrimSuffix(t, "/...")
		return pkg == t || strings.HasPrefix(pkg, t+"/")
	})
}

// outside reports whether an import is neither of this module nor of the standard
// library.
func outside(imp string) bool {
	return strings.Contains(strings.SplitN(imp, "/", 2)[0], ".")
}

// imports are the packages of this module and what each imports outside of tests.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		all[strings.TrimPrefix(words[0], module)] = words[1:]
	}
	return all
}

// TestImportsRunOneWay compares the imports with the table.
func TestImportsRunOneWay(t *testing.T) {
	all := imports(t)
	place := map[string]int{}
	for i, r := range Rules {
		place[r.Package] = i
		if all[r.Package] == nil && !slices.Contains([]string{"cmd/internal/house"}, r.Package) {
			if _, ok := all[r.Package]; !ok {
				t.Errorf("%s is in the table and not in the code", r.Package)
			}
		}
		for _, may := range r.May {
			if at, ok := place[may]; ok && at < i {
				t.Errorf("%s may import %s, which is above it: imports go down the table", r.Package, may)
			}
		}
	}
	for pkg, list := range all {
		at, known := place[pkg]
		if within(pkg, TestOnly) {
			continue
		}
		if !known {
			t.Errorf("%s is in the code and not in the table", pkg)
			continue
		}
		rule := Rules[at]
		for _, imp := range list {
			own, isOwn := strings.CutPrefix(imp, module)
			switch {
			case isOwn && !slices.Contains(rule.May, own):
				t.Errorf("%s imports %s: the table does not have that", pkg, own)
			case !isOwn && rule.Pure && outside(imp) && !within(imp, rule.Deps):
				t.Errorf("%s imports %s: it may import %q only", pkg, imp, rule.Deps)
			}
			for _, h := range Homes {
				if within(imp, []string{h.Dep}) && !within(pkg, h.In) && !slices.Contains(h.In, pkg) {
					t.Errorf("%s imports %s: %s", pkg, imp, h.Why)
				}
			}
		}
	}
}

// depguard is the table in the linter's form.
func depguard() string {
	var b strings.Builder
	quoted := func(list []string) string {
		var q []string
		for _, s := range list {
			q = append(q, fmt.Sprintf("%q", s))
		}
		return "[" + strings.Join(q, ", ") + "]"
	}
	for _, r := range Rules {
		fmt.Fprintf(&b, "        %s:\n", strings.ReplaceAll(r.Package, "/", "-"))
		files := []string{"**/" + r.Package + "/*.go", "!$test"}
		var may []string
		for _, m := range r.May {
			may = append(may, module+m+"$")
		}
		if r.Pure {
			fmt.Fprintf(&b, "          list-mode: strict\n          files: %s\n          allow: %s\n", quoted(files), quoted(slices.Concat([]string{"$gostd"}, may, r.Deps)))
			continue
		}
		fmt.Fprintf(&b, "          list-mode: lax\n          files: %s\n          allow: %s\n          deny: [{pkg: %q, desc: \"see cmd/internal/house\"}]\n", quoted(files), quoted(may), module)
	}
	for _, h := range Homes {
		var files []string
		for _, in := range h.In {
			tree := "*.go"
			if dir, ok := strings.CutSuffix(in, "/..."); ok {
				in, tree = dir, "**"
			}
			files = append(files, "!**/"+in+"/"+tree)
		}
		fmt.Fprintf(&b, "        home-%s:\n          files: %s\n          deny: [{pkg: %q, desc: %q}]\n", h.Dep[strings.LastIndex(h.Dep, "/")+1:], quoted(append(files, "!$test")), h.Dep, h.Why)
	}
	return b.String()
}

// TestLinterHasTheTable compares the linter's configuration with the table.
func TestLinterHasTheTable(t *testing.T) {
	b, err := os.ReadFile(linter)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := bytes.Cut(b, []byte(begin))
	_, tail, closed := bytes.Cut(rest, []byte(end))
	if !ok || !closed {
		t.Fatalf("%s: no lines %q and %q", linter, begin, end)
	}
	want := string(head) + begin + depguard() + end + string(tail)
	if *update {
		if err := os.WriteFile(linter, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(b) != want {
		t.Error("the linter's rules are not those of the table; make imports rewrites them")
	}
}
