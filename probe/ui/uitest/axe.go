package uitest

import (
	"embed"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// axeFiles pin the version of axe-core, and its hash.
//
//go:embed axe/package.json axe/package-lock.json
var axeFiles embed.FS

var axe struct {
	sync.Mutex

	source string
}

// AxeSource returns the script of axe-core, fetched once by npm into the user's cache. Without npm,
// or without a registry, the test is skipped; in CI it fails.
func AxeSource(t *testing.T) string {
	t.Helper()
	axe.Lock()
	defer axe.Unlock()
	if axe.source != "" {
		return axe.source
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		missing(t, "axe-core: "+err.Error())
	}
	dir := filepath.Join(cache, "examlink-page-tests")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		missing(t, "axe-core: "+err.Error())
	}
	lock, err := axeFiles.ReadFile("axe/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("node_modules", "axe-core", "axe.min.js")
	b, err := os.ReadFile(filepath.Join(dir, file))
	if have, e := os.ReadFile(filepath.Join(dir, "package-lock.json")); err != nil || e != nil || string(have) != string(lock) {
		b = fetchAxe(t, dir, file)
	}
	axe.source = string(b)
	return axe.source
}

// fetchAxe installs axe-core beside a directory and renames it, so that tests of
// several packages can do so at the same time.
func fetchAxe(t *testing.T, dir, file string) []byte {
	t.Helper()
	npm, err := exec.LookPath("npm")
	if err != nil {
		missing(t, "axe-core: no npm is installed")
	}
	fresh, err := os.MkdirTemp(filepath.Dir(dir), "examlink-page-tests-*")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(fresh)
	for _, name := range []string{"package.json", "package-lock.json"} {
		b, err := axeFiles.ReadFile("axe/" + name)
		if err == nil {
			err = os.WriteFile(filepath.Join(fresh, name), b, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	c := exec.CommandContext(t.Context(), npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	c.Dir = fresh
	if out, err := c.CombinedOutput(); err != nil {
		missing(t, "axe-core: npm ci: "+err.Error()+"\n"+string(out))
	}
	b, err := os.ReadFile(filepath.Join(fresh, file))
	if err != nil {
		t.Fatal(err)
	}
	_ = os.RemoveAll(dir)
	_ = os.Rename(fresh, dir) // another test may have been faster
	return b
}

// Accessible requires that axe-core finds nothing on the page as it is.
func (b *Browser) Accessible(what string) {
	b.t.Helper()
	const ask = `axe.run(document, {resultTypes: ["violations"]}).then((r) => r.violations.map((v) =>
		v.id + ": " + v.help + " " + v.nodes.slice(0, 3).map((n) => n.html.slice(0, 200) + " (" + n.failureSummary + ")").join("; ")))`
	Value[bool](b, AxeSource(b.t)+";true")
	if found := Value[[]string](b, ask); len(found) > 0 {
		b.t.Errorf("%s: axe found\n%s", what, strings.Join(found, "\n"))
	}
}

// Fits requires that the page is no wider than the screen.
func (b *Browser) Fits(what string) {
	b.t.Helper()
	if wide := Value[float64](b, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); wide > 0 {
		b.t.Errorf("%s: %v pixels wider than the screen", what, wide)
	}
}
