package page

import (
	"os"
	"sync"
)

// axe is the checker's source; make axe fetches it.
var axe = sync.OnceValues(func() (string, error) {
	b, err := os.ReadFile("axe/node_modules/axe-core/axe.min.js")
	return string(b), err
})

// accessible fails for what axe finds on the page as it is, and for anything wider than
// the window.
func (p *tab) accessible(state string) {
	p.t.Helper()
	if wide := eval[bool](p, `document.documentElement.scrollWidth > innerWidth`); wide {
		p.t.Errorf("%s: wider than the window", state)
	}
	source, err := axe()
	if err != nil {
		if os.Getenv("CI") != "" {
			p.t.Fatalf("needs axe-core, by make axe: %v", err)
		}
		p.t.Logf("%s: not checked by axe, which needs make axe: %v", state, err)
		return
	}
	eval[bool](p, source+"; true")
	found := eval[[]string](p, `axe.run().then(r => r.passes.length < 10 ? ['only ' + r.passes.length + ' rules applied'] : r.violations.flatMap(v => v.nodes.map(n => v.id + ': ' + n.target + ': ' + n.failureSummary)))`)
	for _, f := range found {
		p.t.Errorf("%s: axe: %s", state, f)
	}
}
