package daemon

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestVersions(t *testing.T) {
	info := func(version string, settings ...string) *debug.BuildInfo {
		out := &debug.BuildInfo{Main: debug.Module{Version: version}}
		for i := 0; i < len(settings); i += 2 {
			out.Settings = append(out.Settings, debug.BuildSetting{Key: settings[i], Value: settings[i+1]})
		}
		return out
	}
	const revision = "0123456789abcdef0123456789abcdef01234567"
	vcs := []string{"vcs.revision", revision, "vcs.time", "2026-11-28T12:00:00Z"}
	for name, c := range map[string]struct {
		linked      build
		info        *debug.BuildInfo
		short, line string
	}{
		"nothing known":     {build{}, info("(devel)"), "devel", "examlink devel (commit unknown) go"},
		"no module either":  {build{}, info(""), "devel", "examlink devel (commit unknown) go"},
		"go build":          {build{}, info("(devel)", append(vcs, "vcs.modified", "false")...), "devel-0123456789ab", "examlink devel (commit 0123456789ab of 2026-11-28T12:00:00Z) go"},
		"changed files":     {build{}, info("v0.0.1-pre+dirty", append(vcs, "vcs.modified", "true")...), "v0.0.1-pre+dirty", "examlink v0.0.1-pre+dirty (commit 0123456789ab-modified of 2026-11-28T12:00:00Z) go"},
		"go install":        {build{}, info("v1.2.3"), "v1.2.3", "examlink v1.2.3 (commit unknown) go"},
		"a release":         {build{"1.2.3", revision, "2026-11-29"}, info("(devel)", vcs...), "1.2.3", "examlink 1.2.3 (commit 0123456789ab of 2026-11-29) go"},
		"make":              {build{"", revision + "-modified", "2026-11-29"}, info("(devel)"), "devel-0123456789ab-modified", "examlink devel (commit 0123456789ab-modified of 2026-11-29) go"},
		"an odd short hash": {build{"", "abc", ""}, info("(devel)"), "devel-abc", "examlink devel (commit abc) go"},
	} {
		b := c.linked.complete(c.info)
		if b.short() != c.short || !strings.HasPrefix(b.line("examlink"), c.line) {
			t.Errorf("%s: %q, %q, want %q, %q", name, b.short(), b.line("examlink"), c.short, c.line)
		}
	}
}
