package page

import "examlink/probe/ui/uitest"

// accessible fails for what axe finds on the page as it is, and for anything wider than
// the window.
func (p *tab) accessible(state string) {
	p.t.Helper()
	if wide := eval[bool](p, `document.documentElement.scrollWidth > innerWidth`); wide {
		p.t.Errorf("%s: wider than the window", state)
	}
	eval[bool](p, uitest.AxeSource(p.t)+"; true")
	found := eval[[]string](p, `axe.run().then(r => r.passes.length < 10 ? ['only ' + r.passes.length + ' rules applied'] : r.violations.flatMap(v => v.nodes.map(n => v.id + ': ' + n.target + ': ' + n.failureSummary)))`)
	for _, f := range found {
		p.t.Errorf("%s: axe: %s", state, f)
	}
}
