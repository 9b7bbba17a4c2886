package warning

import (
	"strings"
	"testing"
)

// Every warning says what it means and what to do, and every cause of an interruption
// what to do about it, in sentences.
func TestEveryWarningHasAdvice(t *testing.T) {
	sentence := func(what, s string) {
		t.Helper()
		if s == "" || strings.ToUpper(s[:1]) != s[:1] || !strings.HasSuffix(s, ".") {
			t.Errorf("%s: %q, want a sentence", what, s)
		}
	}
	for _, k := range Kinds() {
		if k == Silent || k == Clock { // the server's; and nothing to do
			continue
		}
		sentence(string(k), Warning{Kind: k}.Remedy())
		if k != Suspended { // it is over when it becomes known
			sentence(string(k)+" means", k.Meaning())
		}
	}
	said := map[string]Cause{}
	for _, c := range append(Causes(), NotKnown) {
		if c == CauseClock { // of no interruption
			continue
		}
		r := Warning{Kind: Outage, Cause: c}.Remedy()
		sentence("cause "+string(c), r)
		if other, twice := said[r]; twice {
			t.Errorf("%q and %q have the same advice %q", c, other, r)
		}
		said[r] = c
	}
}
