package verdict

import (
	"reflect"
	"testing"

	"examlink/probe/ippm"
)

// The summary names each criterion with a finding once, in the right list.
func TestSummary(t *testing.T) {
	number := func(v float64) *float64 { return &v }
	facts := Facts{
		Download:           {Value: number(1e6), Low: number(0.99e6), High: number(1.01e6)},
		Upload:             {Value: number(0.3e6), Low: number(0.29e6), High: number(0.31e6), Minimum: ippm.Reject},
		OneWayDelayDown:    Known(.01, .01, .01, 100),
		OneWayDelayUp:      Known(.01, .01, .01, 100),
		RoundTripDelay:     Known(.02, .02, .02, 100),
		LoadedDelayDown:    Unseen("not loaded"),
		LoadedDelayUp:      Unseen("not loaded"),
		DelayVariationDown: Known(.001, .001, .001, 100),
		DelayVariationUp:   Known(.001, .001, .001, 100),
		LossDown:           Known(0, 0, 0, 1000),
		LossUp:             Unknown("too few packets"),
		Outage:             Known(0, 0, 0, 100),
		UDP:                {Why: "blocked"},
	}
	p := BuiltIn()[0]
	want := Summary{
		Outcome: NotReady, Policy: p.Name, Version: p.Version,
		Missed: []Criterion{Upload}, Unclear: []Criterion{LossUp}, Below: []Criterion{UDP, Download},
	}
	got := Judge(p, facts).Summary()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if err := got.Validate(); err != nil {
		t.Error(err)
	}
	if (Summary{Outcome: "fine"}).Validate() == nil || (Summary{Outcome: Ready, Below: []Criterion{"x"}}).Validate() == nil {
		t.Error("what is in no list is taken")
	}
}
