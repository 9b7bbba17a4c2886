package main

import (
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"examlink/docs/schemas"
	"examlink/probe/verdict"
	"examlink/server/api"
	"examlink/server/store"
)

// withHistory is a desk where an exam was created, a roster imported and tokens issued.
func withHistory(t *testing.T) *desk {
	t.Helper()
	d := newDesk(t)
	day := time.Now().Add(30 * 24 * time.Hour).Format(time.DateOnly)
	d.good("create", "msds-5001", "--start", day+"T09:00", "--end", day+"T11:00", "--zone", "America/Denver")
	d.good("roster", "msds-5001", d.file("roster.csv", "s-1,one@example.edu\ns-2,two@example.edu\n"), "--yes")
	d.good("tokens", "msds-5001", "--csv", "--student", "s-1")
	return d
}

func TestAuditCommand(t *testing.T) {
	d := withHistory(t)
	if code, out, errs := d.command("token", "--exam", "msds-5001", "--student", "s-2", "--server", "exam.example.edu:8443"); code != 0 || out == "" {
		t.Fatalf("%d %s", code, errs)
	}
	code, out, errs := d.audit()
	if code != 0 || errs != "" {
		t.Fatalf("%d %s", code, errs)
	}
	me := regexp.QuoteMeta(account())
	wantText(t, out, `^NUMBER +TIME +WHO +ACTION +EXAM +STUDENT +WHAT +RESULT\n1 +20.* UTC +`+me+` \(operator\) +created +msds-5001 +- +- +ok\n`,
		`(?m)imported +msds-5001 +s-1 +2 added, 0 changed, 0 removed +ok$`, `(?m)issued +msds-5001 +s-1 +with contacts; join tokens: 1 issued, 0 replaced +ok$`,
		`(?m)`+me+` \(command\) +issued +msds-5001 +s-2 +join tokens: 1 issued +ok$`)
	for want, args := range map[string][]string{
		"s-2 +join tokens: 1 issued": {"--who", "command"}, "with contacts": {"--exam", "msds-5001", "--student", "s-1"}, "created": {"--who", account(), "--since", "1h"},
		"^no entries\n$": {"--exam", "other"}, "no entries\n": {"--since", time.Now().Add(time.Hour).Format(time.RFC3339)},
	} {
		if _, out, errs := d.audit(args...); !regexp.MustCompile(want).MatchString(out) || strings.HasPrefix(out, "NUMBER") && args[0] == "--who" && args[1] == "command" && strings.Count(out, "\n") != 2 {
			t.Errorf("%q: %s%s, want %s", args, out, errs, want)
		}
	}
	d.good("erase", "msds-5001", "--student", "s-1", "--yes")
	if _, out, _ = d.audit(); strings.Contains(out, "s-1") || !strings.Contains(out, "(erased)") {
		t.Errorf("after an erasure:\n%s", out)
	}
	_, out, _ = d.audit("--json")
	schemas.Fields[api.AuditPage](t, api.AuditSchema)
	schemas.Test(t, api.AuditSchema, []byte(out))
	for want, args := range map[string][]string{
		"expected together with --exam": {"--student", "s-1"}, "it verifies the whole log": {"--verify", "--exam", "e"}, "expected together with --verify": {"--expect", "1:00"},
		`--since: "yesterday", expected a time such as`: {"--since", "yesterday"}, `--expect: "12", expected the number`: {"--verify", "--expect", "12"},
	} {
		if code, out, errs := d.audit(args...); code != exitUsage || out != "" || !strings.Contains(errs, want) {
			t.Errorf("%q: %d %s%s, want %s", args, code, out, errs, want)
		}
	}
}

// Verification says where the log was changed.
func TestAuditVerify(t *testing.T) {
	last := regexp.MustCompile(`Last entry: (\d+:[0-9a-f]{64})\n`)
	for name, c := range map[string]struct {
		change, want string
	}{
		"nothing":               {"", `^The audit log holds: [0-9]+ entries, [0-9]+ of them about students who were erased\.\nLast entry: `},
		"a result":              {"UPDATE audit SET result = 'refused' WHERE number = 2", `^entry 2: its hash does not match`},
		"who it was":            {"UPDATE audit SET identity = 'admin-token:mallory' WHERE number = 3", `^entry 3: its hash does not match`},
		"whom it concerned":     {"UPDATE audit_students SET student = 's-7' WHERE student = 's-2'", `entry [0-9]+: its student is not the one that was written`},
		"an entry":              {"DELETE FROM audit WHERE number = 2", `^entry 3: entry 2 is missing before it`},
		"the last one":          {"DELETE FROM audit WHERE number = (SELECT max(number) FROM audit)", `^entry [0-9]+: the log ends at entry [0-9]+, expected [0-9]+`},
		"the order":             {"UPDATE audit SET number = -1 WHERE number = 2; UPDATE audit SET number = 2 WHERE number = 3; UPDATE audit SET number = 3 WHERE number = -1", `^entry 2: its hash does not match`},
		"the last one, and end": {"DELETE FROM audit WHERE number > 2; UPDATE audit_ends SET head_number = 2, head_hash = (SELECT hash FROM audit WHERE number = 2)", `entry [0-9]+: it was noted earlier, and is not there`},
		"the first ones":        {"UPDATE audit_ends SET base_number = 2, base_at = (SELECT at FROM audit WHERE number = 2), base_hash = (SELECT hash FROM audit WHERE number = 2); DELETE FROM audit WHERE number <= 2", `^entry 2: it was removed, although it is less than 30 days old`},
	} {
		t.Run(name, func(t *testing.T) {
			d := withHistory(t)
			d.good("erase", "msds-5001", "--student", "s-1", "--yes")
			d.audit() // its entry
			code, out, errs := d.audit("--verify")
			if code != 0 || errs != "" {
				t.Fatalf("%d %s%s", code, out, errs)
			}
			noted := last.FindStringSubmatch(out)[1]
			db, err := sql.Open("sqlite", filepath.Join(d.dir, "examlink.db"))
			if err == nil {
				_, err = db.Exec(c.change)
			}
			if err != nil {
				t.Fatal(err)
			}
			_ = db.Close()
			code, out, errs = d.audit("--verify", "--expect", noted)
			if !regexp.MustCompile(c.want).MatchString(out) || (code == 0) != (c.change == "") {
				t.Errorf("%d %s%s, want %s", code, out, errs, c.want)
			}
			code, out, _ = d.audit("--verify", "--json")
			var v auditCheck
			schemas.Fields[auditCheck](t, auditCheckSchema)
			schemas.Test(t, auditCheckSchema, []byte(out))
			if err := json.Unmarshal([]byte(out), &v); err != nil || v.Holds != (code == 0) || v.Holds != (len(v.Flaws) == 0) {
				t.Errorf("%d %s, %v", code, out, err)
			}
		})
	}
}

// All that the store has about a student is one document.
func TestExamExport(t *testing.T) {
	d := withHistory(t)
	d.receive("s-1", time.Hour, verdict.Marginal)
	at := time.Now()
	s, ctx := d.srv.Store(), t.Context()
	q, err := s.Queue(ctx, "proctors")
	if err != nil {
		t.Fatal(err)
	}
	m := store.Message{ID: "m1", Lane: "l", Kind: "dropped", Exam: "msds-5001", Student: "s-1", At: at, Body: json.RawMessage(`{"student":"s-1"}`)}
	given := m
	given.ID = "m2"
	for _, m := range []store.Message{m, given} {
		if _, err := q.Put(ctx, m); err != nil {
			t.Fatal(err)
		}
	}
	waiting, err := q.Waiting(ctx)
	if err == nil {
		err = q.GiveUp(ctx, waiting[1].Number, store.Reason{Why: "410 Gone", Sentence: "s-1 is gone.", At: at})
	}
	if err == nil {
		err = s.Records().Append(ctx, store.RecordHead{Session: "x", Exam: "msds-5001", Student: "s-1", Line: 3, Hash: store.Hash{1}, At: at})
	}
	if err == nil {
		err = s.Sessions().Put(ctx, store.LiveSession{ID: "x", Exam: "msds-5001", Student: "s-1", Token: "t", Purpose: "watch", Transport: "quic", State: "live", LastPacket: at})
	}
	if err != nil {
		t.Fatal(err)
	}
	out := d.good("export", "msds-5001", "--student", "s-1")
	schemas.Fields[api.StudentExport](t, api.StudentSchema)
	schemas.Test(t, api.StudentSchema, []byte(out))
	var x api.StudentExport
	if err := json.Unmarshal([]byte(out), &x); err != nil {
		t.Fatal(err)
	}
	if x.Roster == nil || x.Roster.Contact != "one@example.edu" || len(x.Tokens) != 1 || len(x.Receipts) != 1 || len(x.Records) != 1 || len(x.Sessions) != 1 ||
		len(x.Waiting) != 1 || len(x.Undelivered) != 1 || len(x.Audit) != 2 || strings.Contains(out, "s-2") || strings.Contains(out, "two@example.edu") {
		t.Errorf("%s", out)
	}
	d.good("erase", "msds-5001", "--student", "s-1", "--yes")
	for want, args := range map[string][]string{"not found": {"export", "msds-5001", "--student", "s-1"}, "--student: empty": {"export", "msds-5001"}} {
		if code, out, errs := d.run(args...); code == 0 || out != "" || !strings.Contains(errs, want) {
			t.Errorf("%d %s%s, want %s", code, out, errs, want)
		}
	}
}

// Where nothing can be noted, no token is issued and no backup left; a restored log has
// its restoration.
func TestCommandsAreAudited(t *testing.T) {
	d := withHistory(t)
	copied := filepath.Join(d.dir, "copy.db")
	if code, _, errs := d.command("backup", copied); code != 0 {
		t.Fatal(errs)
	}
	if _, out, _ := d.audit("--who", "command"); !regexp.MustCompile(`backup +- +- +copy.db +ok\n`).MatchString(out) {
		t.Errorf("%s", out)
	}
	fresh := t.TempDir()
	for _, name := range []string{"token.seed", "tls.crt", "tls.key", "server.secret"} {
		b, err := os.ReadFile(filepath.Join(d.dir, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(fresh, name), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	elsewhere := &desk{t: t, dir: fresh}
	if code, out, errs := elsewhere.command("token", "--exam", "e", "--student", "s", "--server", "a:1"); code != exitFailure || out != "" || !strings.Contains(errs, "no audit log yet") {
		t.Errorf("%d %s %s", code, out, errs)
	}
	if code, _, errs := elsewhere.command("restore", copied); code != 0 {
		t.Fatal(errs)
	}
	db, err := sql.Open("sqlite", filepath.Join(fresh, "examlink.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var action, identity, subject string
	if err := db.QueryRow("SELECT action, identity, subject FROM audit ORDER BY number DESC LIMIT 1").Scan(&action, &identity, &subject); err != nil || action != "restore" || identity != account() || subject != "copy.db" {
		t.Errorf("%s %s %s, %v", action, identity, subject, err)
	}
}
