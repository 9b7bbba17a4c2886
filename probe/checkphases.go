package probe

import "time"

// Phase is one step of a check.
type Phase string

// The phases of a check, in their order.
const (
	PhaseConnect      Phase = "connect"
	PhaseDelay        Phase = "delay and loss"
	PhaseFloorDown    Phase = "download against the minimum"
	PhaseFloorUp      Phase = "upload against the minimum"
	PhaseCapacityDown Phase = "download rate"
	PhaseCapacityUp   Phase = "upload rate"
	PhaseGoodput      Phase = "one stream each way"
	PhaseSettle       Phase = "last packets"
)

// Progress is the state of a running check.
type Progress struct {
	Phase     Phase
	Step, Of  int
	Remaining time.Duration // an estimate
	Done      string        // result of the phase; empty while it runs
}

type phasePlan struct {
	phase  Phase
	expect time.Duration
}

func (o *Options) phases() []phasePlan {
	return []phasePlan{
		{PhaseConnect, time.Second},
		{PhaseDelay, o.Check.IdleTime},
		{PhaseFloorDown, time.Second},
		{PhaseFloorUp, time.Second},
		{PhaseCapacityDown, 3 * time.Second},
		{PhaseCapacityUp, 3 * time.Second},
		{PhaseGoodput, 2 * time.Second},
		{PhaseSettle, 200 * time.Millisecond},
	}
}
