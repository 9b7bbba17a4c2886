package main

import (
	"fmt"
	"strings"

	"examlink/probe"
	"examlink/probe/equipment"
)

// computerColours of outcomes: SGR parameters; none for what is incomplete, which is
// usual where only a page can see the webcam.
var computerColours = map[equipment.Outcome]string{equipment.Meets: "1;32", equipment.Fails: "1;31"}

// computer prints how this computer compares with what the exam asks for: what is not
// met first, what is good and what is not known in a line each.
func (p *page) computer(e *probe.Equipment) {
	if e == nil || e.Outcome == equipment.Unasked {
		return
	}
	fmt.Fprintln(p.w, "\nThis computer:")
	var good, order []string
	unknown := map[string][]string{} // names by where to find out
	line := func(s string) { p.text(2, "- "+s) }
	for _, status := range []equipment.Status{equipment.NotMet, equipment.OnlyJust, equipment.NotKnown, equipment.Met} {
		for _, x := range e.Findings {
			switch {
			case x.Status != status:
			case status == equipment.Met:
				good = append(good, fmt.Sprintf("%s (%s)", x.ID.Title(), x.Found))
			case status == equipment.NotKnown && x.Cause == equipment.CauseUnseen:
				if unknown[x.FindOut] == nil {
					order = append(order, x.FindOut)
				}
				unknown[x.FindOut] = append(unknown[x.FindOut], x.ID.Title())
			default:
				line(strings.Join(strings.Fields(x.Sentence+" "+x.Remedy+" "+x.FindOut), " "))
			}
		}
	}
	if len(good) > 0 {
		line("Good: " + strings.Join(good, ", ") + ".")
	}
	for _, where := range order {
		line(fmt.Sprintf("Not known here: %s. %s", strings.Join(unknown[where], ", "), where))
	}
}
