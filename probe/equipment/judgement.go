package equipment

import (
	"fmt"
	"strings"
)

// Outcome is a judgement in short.
type Outcome string

// The outcomes.
const (
	Meets      Outcome = "met"
	Fails      Outcome = "not met"
	Incomplete Outcome = "incomplete" // nothing fails, but not everything is known
	Unasked    Outcome = "no requirements"
)

// JudgementSchema names the layout of Answer in JSON.
const JudgementSchema = "examlink.equipment-judgement/1"

// Answer is a judgement as a server sends it to a page.
type Answer struct {
	Schema string `json:"schema"`
	Judgement
}

// Judgement is what an exam's requirements make of a computer.
type Judgement struct {
	Outcome  Outcome   `json:"outcome"`
	Sentence string    `json:"sentence"`
	Source   string    `json:"source,omitempty"` // of the requirements
	Date     string    `json:"date,omitempty"`
	Findings []Finding `json:"findings"`
}

// Judge compares the facts with each requirement, and sums up.
func Judge(f Facts, r Requirements) Judgement {
	j := Judgement{Source: r.Source, Date: r.Date, Findings: Findings(f, r)}
	by := map[Status][]Finding{}
	for _, x := range j.Findings {
		by[x.Status] = append(by[x.Status], x)
	}
	switch bad, unknown := by[NotMet], by[NotKnown]; {
	case len(j.Findings) == 0:
		j.Outcome, j.Sentence = Unasked, "The exam's policy says nothing about the computer."
	case len(bad) > 0:
		j.Outcome, j.Sentence = Fails, fmt.Sprintf("As it is, this computer does not meet the exam's requirements: %s.", names(bad))
	case len(unknown) > 0:
		j.Outcome, j.Sentence = Incomplete, fmt.Sprintf("What is known of this computer meets the exam's requirements. Not known here: %s.", names(unknown))
	default:
		j.Outcome, j.Sentence = Meets, "This computer meets the exam's requirements."
	}
	return j
}

// Findings compares the facts with each requirement, in the order of the IDs. What is
// not required has no finding.
func Findings(f Facts, r Requirements) []Finding {
	out := []Finding{}
	for _, judge := range []func(Facts, Requirements) (Finding, bool){
		judgeSystem, judgeSMode, judgeTablet, judgeVirtualMachine, judgeMemory, judgeBrowser, judgeWebcam, judgeMicrophone, judgeOthers,
	} {
		if x, required := judge(f, r); required {
			out = append(out, x)
		}
	}
	return out
}

// Title returns the name of a requirement for people, without a capital.
func (id ID) Title() string { return words[string(id)] }

func names(all []Finding) string {
	var out []string
	for _, x := range all {
		s := x.ID.Title()
		if short, _, _ := strings.Cut(x.Found, " ("); short != "" {
			s += " (" + short + ")"
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}
