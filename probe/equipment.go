package probe

import (
	"examlink/probe/equipment"
	"examlink/probe/verdict"
)

// Equipment is what the exam's policy makes of the computer that a check ran on. The
// verdict of the check does not depend on it, and it is not sent to the server.
type Equipment struct {
	Facts equipment.Facts `json:"facts"`
	equipment.Judgement
}

// equipmentBy judges a computer by a policy; nil: nobody has read the computer.
func equipmentBy(f *equipment.Facts, p verdict.Policy) *Equipment {
	if f == nil {
		return nil
	}
	return &Equipment{Facts: *f, Judgement: equipment.Judge(*f, p.Requirements())}
}
