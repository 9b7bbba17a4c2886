package main

import (
	"strings"
	"testing"

	"examlink/probe"
)

// A receipt that the server owes is said to be missing, and why; one that the server does
// not issue is not.
func TestReceiptOwed(t *testing.T) {
	for _, owed := range []bool{true, false} {
		var out strings.Builder
		keepReceipt(&out, probe.Report{ReceiptOwed: owed})
		if got := strings.HasPrefix(out.String(), "No receipt yet: the exam's server has your result but could not store it"); got != owed {
			t.Errorf("owed %t: %q", owed, out.String())
		}
	}
}
