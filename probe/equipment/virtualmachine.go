package equipment

import (
	"slices"
	"strings"
)

// enoughSigns is how many independent signs make a virtual machine, chosen by us: a
// single one also comes from a host that runs virtual machines itself, from security
// features of Windows, or from unusual hardware.
const enoughSigns = 2

// judgeVirtualMachine tells of a virtual machine only by two signs from different
// sources, and that there is none only where two sources could be read.
func judgeVirtualMachine(f Facts, r Requirements) (Finding, bool) {
	x := Finding{ID: IDVirtualMachine, Required: "no virtual machine"}
	const host = "If you use a virtual machine, take the exam on the computer it runs on."
	v := f.VirtualMachine
	if !slices.Contains(r.Refused, RefuseVirtualMachine) {
		return x, false
	}
	if v == nil {
		return x.notKnown(CauseUnseen, "Whether this is a virtual machine could not be determined.", elsewhere(f, host)), true
	}
	signs := independent(v.Signs)
	switch {
	case len(signs) >= enoughSigns:
		x.Found = strings.ToLower(number(len(signs))) + " signs"
		return x.notMet(CauseRefused, number(len(signs))+" signs of a virtual machine: "+found(signs)+". The exam does not accept virtual machines.", host+
			" If you do not, tell your exam's contact what is listed here."), true
	case len(signs) == 1:
		x.Found = "one sign"
		return x.notKnown(CauseUncertain, "One sign of a virtual machine: "+found(signs)+". One sign alone has other explanations.", host), true
	case len(v.Looked) < enoughSigns:
		return x.notKnown(CauseUncertain, "No sign of a virtual machine was found, but too little could be read to tell.", elsewhere(f, host)), true
	}
	x.Found = "no sign"
	return x.met("There is no sign of a virtual machine."), true
}

// independent keeps the first sign of each source.
func independent(signs []Sign) (out []Sign) {
	for _, s := range signs {
		if !slices.ContainsFunc(out, func(o Sign) bool { return o.Source == s.Source }) {
			out = append(out, s)
		}
	}
	return out
}

func found(signs []Sign) string {
	var out []string
	for _, s := range signs {
		out = append(out, s.Found)
	}
	return strings.Join(out, "; ")
}

func number(n int) string {
	if n == 2 {
		return "Two"
	}
	return "Three"
}
