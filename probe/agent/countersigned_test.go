package agent_test

import (
	"context"
	"crypto/ed25519"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe/agent"
	"examlink/probe/receipt"
	"examlink/probe/record"
	"examlink/probe/record/proof"
	"examlink/server/store"
	"examlink/server/store/memory"
	"examlink/server/store/storetest"
)

// watch runs a watch of a testbed that writes a record.
func (s *testbed) watch(t *testing.T, file string, d time.Duration) {
	t.Helper()
	a, err := agent.New(agent.Options{Probe: s.probe, Record: file})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	if r, err := a.Run(ctx); err != nil || r.Record != file {
		t.Fatalf("%+v, %v", r, err)
	}
}

// prove verifies a record with the server's key, and compares it with its store.
func (s *testbed) prove(t *testing.T, file string, kept store.Store) *proof.Proof {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p, err := proof.Read(f, file, receipt.Expected{Exam: "e1", Student: "s1", Token: "t1"}, s.keys.Token.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	list, err := kept.Records().List(t.Context(), "e1", store.Page{})
	if err != nil {
		t.Fatal(err)
	}
	var heads []proof.Head
	for _, h := range list {
		heads = append(heads, proof.Head{Session: h.Session, Record: receipt.Hash(h.Record), Line: h.Line, Hash: receipt.Hash(h.Hash), At: h.At})
	}
	p.Compare(heads)
	return p
}

// typesOf returns the types of a record's lines.
func typesOf(t *testing.T, file string) (out []string) {
	t.Helper()
	r, err := record.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range r.Lines {
		out = append(out, string(l.Type))
	}
	return out
}

// A record is countersigned each minute and at its end, and goes on so in a later run
// of the program and after a restart of the server.
func TestRecordIsCountersigned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := memory.New()
		s := newTestbedOf(t, kept)
		file := filepath.Join(t.TempDir(), "r.jsonl")
		s.watch(t, file, 3*time.Minute+10*time.Second)
		p := s.prove(t, file, kept)
		if p.Outcome != proof.Whole || p.Countersignatures != 4 || p.Signed.Seen.Probes < 1890 || p.Signed.Seen.State != "live" {
			t.Errorf("%+v", p)
		}
		if types := typesOf(t, file); !slices.Equal(types[len(types)-3:], []string{"minute", "end", "countersignature"}) {
			t.Errorf("%v", types)
		}

		time.AfterFunc(100*time.Second, s.restart)
		s.watch(t, file, 4*time.Minute)
		p = s.prove(t, file, kept)
		if p.Outcome != proof.Whole || p.Countersignatures < 4+3 || p.Stored == nil || p.Stored.Line != p.Signed.Line || len(p.Others) > 0 {
			t.Errorf("after two runs and a restart: %+v", p)
		}
	})
}

// While the store fails or hangs, a watch goes on and ends in time; its record is
// readable, and what comes later is countersigned.
func TestRecordWithoutAStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := &storetest.Absence{Store: memory.New()}
		kept.Away(true)
		s := newTestbedOf(t, kept)
		file := filepath.Join(t.TempDir(), "r.jsonl")
		time.AfterFunc(150*time.Second, func() { kept.Away(false) })
		time.AfterFunc(200*time.Second, func() { kept.Delay(4 * time.Second) })
		began := time.Now()
		s.watch(t, file, 4*time.Minute)
		if over := time.Since(began) - 4*time.Minute; over > 3*time.Second {
			t.Errorf("ended %v late", over)
		}
		p := s.prove(t, file, kept.Store)
		if p.Outcome != proof.Partly || p.Countersignatures != 1 || !p.Ended || p.EndSigned || p.Unsigned == nil {
			t.Errorf("%+v", p)
		}
	})
}

// Countersignatures add a few hundred bytes a minute to a watch, each way.
func TestCountersignaturesCostLittle(t *testing.T) {
	const minutes = 20
	cost := func(kept store.Store) (up, down int64) {
		synctest.Test(t, func(t *testing.T) {
			s := newTestbedOf(t, kept)
			a, err := agent.New(agent.Options{Probe: s.probe, Record: filepath.Join(t.TempDir(), "r.jsonl")})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), minutes*time.Minute)
			defer cancel()
			r, err := a.Run(ctx)
			if err != nil {
				t.Fatal(err)
			}
			up, down = r.Summary.BytesUp/minutes, r.Summary.BytesDown/minutes
		})
		return up, down
	}
	up, down := cost(nil)
	withUp, withDown := cost(memory.New())
	t.Logf("bytes a minute: %d up and %d down, with countersignatures %d and %d more", up, down, withUp-up, withDown-down)
	if withUp-up > 300 || withDown-down > 450 || withUp <= up || withDown <= down {
		t.Errorf("countersignatures add %d bytes a minute up, %d down; want a few hundred", withUp-up, withDown-down)
	}
}

// A server that signs nothing gets no heads, and the record is as before.
func TestRecordOfAServerWithoutKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestbed(t) // signs nothing
		file := filepath.Join(t.TempDir(), "r.jsonl")
		s.watch(t, file, 2*time.Minute)
		if types := strings.Join(typesOf(t, file), " "); strings.Contains(types, "countersignature") || strings.Contains(types, "note") || !strings.HasSuffix(types, "end") {
			t.Error(types)
		}
	})
}
