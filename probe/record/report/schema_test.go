package report_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"examlink/docs/schemas"
	"examlink/probe/record"
	"examlink/probe/record/report"
)

// Records and accounts conform to the published schemas: whole ones, one
// without measurements, and a damaged one.
func TestAccountsHaveTheirSchema(t *testing.T) {
	schemas.Fields[report.Account](t, report.Schema)
	schemas.Fields[record.Line](t, record.Schema)
	exam, empty, damaged := threeHours(t), newScript(t), threeHours(t)
	empty.end(sec)
	b, err := os.ReadFile(damaged.name)
	if err != nil {
		t.Fatal(err)
	}
	b = append(bytes.Replace(b, []byte(`"outcome":"below"`), []byte(`"outcome":"meets"`), 1), "torn"...)
	if err := os.WriteFile(damaged.name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	var accounts, lines [][]byte
	for _, s := range []*script{exam, empty, damaged} {
		b, err := json.Marshal(account(t, s.name))
		if err != nil {
			t.Fatal(err)
		}
		accounts = append(accounts, b)
	}
	schemas.Test(t, report.Schema, accounts...)

	b, err = os.ReadFile(exam.name)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(b) {
		lines = append(lines, line)
	}
	schemas.Test(t, record.Schema, lines...)
}
