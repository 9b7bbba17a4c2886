package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"examlink/cmd/internal/script"
	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/exam"
)

// scriptsAtOnce is how many scripts run at the same time: they wait for the clock
// most of the time.
const scriptsAtOnce = "4"

func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", scriptsAtOnce); err != nil {
		panic(err)
	}
	testscript.Main(m, map[string]func(){"examlink": main})
}

func TestScripts(t *testing.T) {
	bin := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", bin+string(filepath.Separator), "examlink/cmd/examlink-server").CombinedOutput(); err != nil {
		t.Fatalf("build examlink-server: %v\n%s", err, out)
	}
	commands := script.Commands()
	commands["cutlines"] = cutLines
	commands["expiredtoken"] = expiredToken
	commands["pending"] = pending
	commands["receiptof"] = receiptOf
	commands["replace"] = replace
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"), Cmds: commands, RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", filepath.Join(e.WorkDir, "home")) // for records
			e.Setenv("PATH", bin+string(filepath.ListSeparator)+e.Getenv("PATH"))
			return nil
		},
	})
}

// cutLines keeps the first lines of a file.
func cutLines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: cutlines FILE LINES")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	lines := strings.SplitAfter(ts.ReadFile(args[0]), "\n")
	if n >= len(lines) {
		ts.Fatalf("%s has %d lines", args[0], len(lines))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Join(lines[:n], "")), 0o600))
}

// expiredToken writes a join token that expired an hour ago, signed with the
// keys of a server's data directory.
func expiredToken(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: expiredtoken DATA-DIR HOST:PORT FILE")
	}
	now := time.Now()
	keys, err := server.LoadKeys(ts.MkAbs(args[0]), "", "", now)
	ts.Check(err)
	token, err := exam.Issue(keys.Token, wire.JoinToken{
		Exam: "script", Student: "s1", Servers: []string{args[1]}, Fingerprint: keys.Fingerprint(),
		NotBefore: now.Add(-2 * time.Hour).Unix(), Expires: now.Add(-time.Hour).Unix(),
	})
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(token), 0o600))
}

// receiptOf writes the receipt in a report of "check --json" into a file.
func receiptOf(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: receiptof REPORT FILE")
	}
	var r struct{ Receipt string }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &r))
	if r.Receipt == "" {
		ts.Fatalf("%s has no receipt", args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(r.Receipt), 0o600))
}

// pending waits until the file beside a record holds a minute.
func pending(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: pending FILE")
	}
	for range 600 {
		if b, err := os.ReadFile(ts.MkAbs(args[0])); err == nil && bytes.Contains(b, []byte(`"received":1`)) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("%s holds no minute", args[0])
}

// replace replaces a word in a file, once.
func replace(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: replace FILE OLD NEW")
	}
	b, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), bytes.Replace(b, []byte(args[1]), []byte(args[2]), 1), 0o600))
}
