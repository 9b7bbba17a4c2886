package main

import (
	"bytes"
	"errors"
	"testing"

	"examlink/probe"
	"examlink/probe/equipment"
	"examlink/probe/verdict"
)

func reportOn(link verdict.Outcome, f equipment.Facts, r equipment.Requirements) probe.Report {
	return probe.Report{
		Verdict:   verdict.Verdict{Outcome: link, Sentence: "The link."},
		Equipment: &probe.Equipment{Facts: f, Judgement: equipment.Judge(f, r)},
	}
}

// What is wrong comes first, what is good and what is not known are a line each.
func TestComputerIsPrinted(t *testing.T) {
	bytesOf, no := int64(16<<30), false
	f := equipment.Facts{
		By: equipment.ByProgram, System: &equipment.System{Name: equipment.Windows, Version: "8.1", SMode: &no},
		Memory: &equipment.Memory{Bytes: &bytesOf}, Tablet: &no,
		VirtualMachine: &equipment.VirtualMachine{
			Looked: []equipment.Evidence{equipment.Firmware, equipment.Devices},
			Signs:  []equipment.Sign{{Source: equipment.Firmware, Found: `the firmware names "QEMU"`}, {Source: equipment.Devices, Found: "there are devices of QEMU"}},
		},
	}
	var b bytes.Buffer
	p := newPage(&b)
	p.width = 0 // not wrapped
	e := reportOn(verdict.Ready, f, equipment.ProctorU2019()).Equipment
	p.computer(e)
	const want = `
This computer:
- Two signs of a virtual machine: the firmware names "QEMU"; there are devices of QEMU. The exam does not accept virtual machines. If you use a virtual machine, take the exam on the computer it runs on. If you do not, tell your exam's contact what is listed here.
- This computer runs Windows 8.1; 10 or newer is recommended. Update Windows, well before the exam.
- Good: S mode of Windows (off), kind of device (no tablet or phone), memory (16 GB).
- Not known here: browser, webcam, microphone. Open the exam's check page, if you have a link to it, in the browser that you will use in the exam.
`
	if b.String() != want {
		t.Errorf("%s\nwant%s", b.String(), want)
	}
	b.Reset()
	p.computer(nil)
	p.computer(reportOn(verdict.Ready, f, equipment.Requirements{}).Equipment)
	if b.Len() > 0 {
		t.Errorf("printed without requirements: %s", b.String())
	}
}

// The exit code is the link's; with --strict the computer's counts where the link's is 0.
func TestComputersCountIfAskedFor(t *testing.T) {
	bad, unknown := equipment.Facts{System: &equipment.System{Name: equipment.Linux}}, equipment.Facts{}
	for _, c := range []struct {
		link   verdict.Outcome
		f      equipment.Facts
		strict bool
		want   int
	}{
		{verdict.Ready, bad, false, exitReady},
		{verdict.Ready, bad, true, exitComputer},
		{verdict.Marginal, bad, true, exitComputer},
		{verdict.NotReady, bad, true, exitNotReady},
		{verdict.Inconclusive, bad, true, exitInconclusive},
		{verdict.Ready, unknown, true, exitReady},
	} {
		code := exitReady
		var v *verdictError
		if errors.As(exitOfCheck(reportOn(c.link, c.f, equipment.ProctorU2019()), c.strict), &v) {
			code = v.code
		}
		if code != c.want {
			t.Errorf("%+v: %d", c, code)
		}
	}
	if err := exitOfCheck(probe.Report{Verdict: verdict.Verdict{Outcome: verdict.Ready}}, true); err != nil {
		t.Errorf("without the computer: %v", err)
	}
}
