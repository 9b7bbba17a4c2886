package probe_test

import (
	"testing"
	"testing/synctest"

	"examlink/docs/schemas"
	"examlink/probe"
	"examlink/probe/equipment"
	"examlink/probe/verdict"
)

// The computer is judged by the exam's policy and leaves the verdict on the link alone.
func TestTheComputerIsJudgedApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up, down := good()
		w := newTestbed(t, up, down)
		w.halt()
		w.policy = verdict.BuiltIn()[1] // asks for 4 GB, where the default asks for 1
		w.policy.Equipment.Source, w.policy.Equipment.Date = "", ""
		w.policy.Minimum, w.policy.Recommended = verdict.BuiltIn()[0].Minimum, verdict.BuiltIn()[0].Recommended
		w.policy.Recommended.LoadedDelay = 0
		w.serve()
		o := w.options()
		mode, bytes := true, int64(2<<30)
		o.Computer = &equipment.Facts{
			Schema: equipment.FactsSchema, By: equipment.ByProgram, Memory: &equipment.Memory{Bytes: &bytes},
			System: &equipment.System{Name: equipment.Windows, Version: "10", Title: "Windows 10", Architecture: "amd64", SMode: &mode},
			VirtualMachine: &equipment.VirtualMachine{
				Looked: []equipment.Evidence{equipment.Firmware, equipment.Devices},
				Signs:  []equipment.Sign{{Source: equipment.Firmware, Found: `the firmware names "QEMU"`}},
			},
		}
		r, err := probe.Check(t.Context(), o, nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.Verdict.Outcome != verdict.Ready || r.Equipment == nil || r.Equipment.Outcome != equipment.Fails || r.Equipment.Source != w.policy.Source {
			t.Fatalf("%s; computer %+v", r.Verdict.Sentence, r.Equipment)
		}
		got := map[equipment.ID]equipment.Status{}
		for _, x := range r.Equipment.Findings {
			got[x.ID] = x.Status
		}
		if got[equipment.IDMemory] != equipment.NotMet || got[equipment.IDSMode] != equipment.NotMet || got[equipment.IDSystem] != equipment.Met {
			t.Errorf("%v", got)
		}
		schemas.Test(t, probe.ReportSchema, encoded(t, r))
	})
}

// A report of a check without the computer's facts has nothing about it.
func TestNobodyReadTheComputer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up, down := good()
		r, err := probe.Check(t.Context(), newTestbed(t, up, down).options(), nil)
		if err != nil || r.Equipment != nil {
			t.Errorf("%v, %+v", err, r.Equipment)
		}
	})
}
