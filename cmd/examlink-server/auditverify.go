package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"examlink/cmd/internal/cli"
	"examlink/server/api"
	"examlink/server/store"
)

const auditCheckSchema = "examlink.audit-check/1"

// auditCheck is what a verification of the audit log found.
type auditCheck struct {
	Schema  string            `json:"schema"`
	At      time.Time         `json:"at"`
	Holds   bool              `json:"holds"`
	Entries uint64            `json:"entries"`
	Erased  uint64            `json:"erased"` // of them, about students who were erased
	Ends    store.AuditEnds   `json:"ends"`
	Last    store.AuditEnd    `json:"last"`  // the latest entry that was verified
	Flaws   []store.AuditFlaw `json:"flaws"` // at most 102
}

func verifyAudit(c *cobra.Command, s *api.Client, x auditFlags) error {
	expected, err := parseExpected(x.expect)
	if err != nil {
		return cli.Usage(err)
	}
	page, err := s.Audit(c.Context(), store.AuditFilter{})
	if err != nil {
		return err
	}
	v := checkAudit(page, expected)
	if !v.Holds { // retention may have removed the oldest entries meanwhile
		again, err := s.Audit(c.Context(), store.AuditFilter{})
		if err != nil {
			return err
		}
		if again.Ends.Base != page.Ends.Base {
			v = checkAudit(again, expected)
		}
	}
	if x.asJSON {
		err = json.NewEncoder(c.OutOrStdout()).Encode(v)
	} else {
		printAuditCheck(c.OutOrStdout(), v)
	}
	if err == nil && !v.Holds {
		err = errors.New("the audit log does not hold: it was changed, or its database is damaged")
	}
	return err
}

// parseExpected reads NUMBER:HASH; empty: the zero value.
func parseExpected(text string) (e store.AuditEnd, err error) {
	if text == "" {
		return e, nil
	}
	number, hash, _ := strings.Cut(text, ":")
	e.Number, err = strconv.ParseUint(number, 10, 63)
	if err == nil {
		err = e.Hash.UnmarshalText([]byte(hash))
	}
	if err != nil || e.Number == 0 {
		return e, fmt.Errorf("--expect: %q, expected the number of an entry, a colon and its hash, as --verify prints them", text)
	}
	return e, nil
}

// checkAudit verifies a whole log. expected is an entry as it was noted earlier.
func checkAudit(page api.AuditPage, expected store.AuditEnd) auditCheck {
	check := store.NewAuditCheck(page.Ends)
	v := auditCheck{Schema: auditCheckSchema, At: page.At, Ends: page.Ends, Flaws: []store.AuditFlaw{}}
	found := expected.Number <= page.Ends.Base.Number // removed by retention, or nothing is expected
	var noted []store.AuditFlaw
	for _, e := range page.Entries {
		check.Add(e)
		if e.Number == expected.Number {
			if found = true; e.Hash != expected.Hash {
				noted = append(noted, store.AuditFlaw{Number: e.Number, Problem: "its hash is not the one that was noted: the log was replaced, or restored from a backup"})
			}
		}
	}
	check.Close()
	if b := page.Ends.Base; b.Number > 0 && page.At.Sub(b.At) < store.LeastAudit {
		noted = append(noted, store.AuditFlaw{Number: b.Number, Problem: fmt.Sprintf("it was removed, although it is less than %d days old, which retention cannot do", int(store.LeastAudit.Hours()/24))})
	}
	if !found {
		noted = append(noted, store.AuditFlaw{Number: expected.Number, Problem: "it was noted earlier, and is not there: the end of the log was removed, or the log restored from a backup"})
	}
	v.Entries, v.Erased, v.Last = check.Entries, check.Erased, check.Last()
	v.Flaws = append(append(v.Flaws, check.Flaws...), noted...)
	v.Holds = len(v.Flaws) == 0
	return v
}

func printAuditCheck(out io.Writer, v auditCheck) {
	for _, f := range v.Flaws {
		fmt.Fprintf(out, "entry %d: %s\n", f.Number, plain(f.Problem))
	}
	if v.Holds {
		fmt.Fprintf(out, "The audit log holds: %d entries", v.Entries)
		if v.Erased > 0 {
			fmt.Fprintf(out, ", %d of them about students who were erased", v.Erased)
		}
		fmt.Fprintln(out, ".")
	}
	if b := v.Ends.Base; b.Number > 0 {
		fmt.Fprintf(out, "Entries up to %d, of %s, were removed when their retention was over.\n", b.Number, utcMinute(b.At))
	}
	if v.Entries > 0 {
		fmt.Fprintf(out, "Last entry: %d:%s\n", v.Last.Number, v.Last.Hash)
	}
}
