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
	v := f.VirtualMachine
	if !slices.Contains(r.Refused, RefuseVirtualMachine) {
		return x, false
	}
	if v == nil {
		return x.notKnown(CauseUnseen, "virtual-machine.unseen", elsewhere(f, askHost), nil), true
	}
	signs := independent(v.Signs)
	list := Values{"signs": found(signs)}
	switch {
	case len(signs) > enoughSigns:
		x.Found = "three signs"
		return x.notMet(CauseRefused, "virtual-machine.three", "virtual-machine.refused.todo", list), true
	case len(signs) == enoughSigns:
		x.Found = "two signs"
		return x.notMet(CauseRefused, "virtual-machine.two", "virtual-machine.refused.todo", list), true
	case len(signs) == 1:
		x.Found = "one sign"
		return x.notKnown(CauseUncertain, "virtual-machine.uncertain.sign", askHost, list), true
	case len(v.Looked) < enoughSigns:
		return x.notKnown(CauseUncertain, "virtual-machine.uncertain", elsewhere(f, askHost), nil), true
	}
	x.Found = "no sign"
	return x.met("virtual-machine.met", nil), true
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
