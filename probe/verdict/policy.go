// Package verdict judges links: from a policy and the measured facts it derives
// a verdict, with a reason and a remedy for each criterion.
//
// It is pure: it does not measure, do I/O or read a clock.
package verdict

import (
	"cmp"
	"fmt"
	"reflect"
	"time"

	"examlink/probe/equipment"
	"examlink/probe/ippm"
)

// Policy is a named, versioned set of bounds: lower bounds for rates, upper
// bounds for everything else. The requirements for the computer are kept with them and
// judged apart, by package equipment: a verdict is about the link alone.
type Policy struct {
	Name    string `mapstructure:"name" json:"name" example:"our-exam"`
	Version string `mapstructure:"version" json:"version" example:"\"1\""`
	Source  string `mapstructure:"source" json:"source,omitempty" example:"our handbook, section 4"`
	Date    string `mapstructure:"date" json:"date,omitempty" example:"\"2026-10-01\"" doc:"Of the source: YYYY-MM-DD or YYYY."`

	Minimum     Bounds `mapstructure:"minimum" json:"minimum" example:"{download: 1Mbit/s, upload: 500kbit/s, one_way_delay: 400ms, round_trip_delay: 800ms, delay_variation: 100ms, loss: 0.03, outage: 30s}"`
	Recommended Bounds `mapstructure:"recommended" json:"recommended" example:"{download: 2Mbit/s, upload: 1Mbit/s, one_way_delay: 150ms, round_trip_delay: 300ms, delay_variation: 50ms, loaded_delay: 400ms, loss: 0.001, outage: 3s}"`

	Equipment equipment.Requirements `mapstructure:"equipment" json:"equipment,omitzero" doc:"What the exam asks of the computer: 'examlink check' tells students of it, apart from the verdict. Browsers: the preferred one first. Refused: {refusals}. What is left out is not required." example:"{webcam: 640x480, webcam_recommended: 1280x720, microphone: true, memory_mebibytes: 4096, browsers: [chrome, firefox], systems: [{name: windows, minimum: \"10\"}, {name: macos, minimum: \"11\"}], refused: [chromebook, tablet, linux, virtual-machine]}"`
}

// Equal reports whether two policies are the same in everything, the computer included.
func (p Policy) Equal(q Policy) bool { return reflect.DeepEqual(p, q) }

// Bounds is one column of a policy. A zero value sets no bound.
type Bounds struct {
	Download       ippm.Rate     `mapstructure:"download"`         // IP-layer bit/s towards the student
	Upload         ippm.Rate     `mapstructure:"upload"`           // IP-layer bit/s from the student
	OneWayDelay    time.Duration `mapstructure:"one_way_delay"`    // median, each direction
	RoundTripDelay time.Duration `mapstructure:"round_trip_delay"` // median
	DelayVariation time.Duration `mapstructure:"delay_variation"`  // 99th percentile of PDV, each direction
	LoadedDelay    time.Duration `mapstructure:"loaded_delay"`     // added by a load that fills the buffer, each direction
	Loss           float64       `mapstructure:"loss"`             // share of packets, each direction
	Outage         time.Duration `mapstructure:"outage"`           // longest time without a packet
}

// network adds the bounds that all policies share, because exam providers do
// not publish them. One-way delay is ITU-T G.114's 150 ms and 400 ms, the round trip
// twice that: it is known exactly, where each way has an error of half of it. Delay
// variation is ITU-T Y.1541's 50 ms for classes 0 and 1, and twice that as the
// limit; loss is its 0.1 %, with a limit of 3 %, from where vendors of live
// video call it noticeable. A buffer that a load fills may add 400 ms, G.114's limit,
// because others at home fill it: no minimum, since nobody may. An outage of 30 s is what edX allows a proctored
// exam.
func network(minimum, recommended Bounds) (Bounds, Bounds) {
	minimum.OneWayDelay, recommended.OneWayDelay = 400*time.Millisecond, 150*time.Millisecond
	minimum.RoundTripDelay, recommended.RoundTripDelay = 2*minimum.OneWayDelay, 2*recommended.OneWayDelay
	minimum.DelayVariation, recommended.DelayVariation = 100*time.Millisecond, 50*time.Millisecond
	recommended.LoadedDelay = 400 * time.Millisecond
	minimum.Loss, recommended.Loss = 0.03, 0.001
	minimum.Outage, recommended.Outage = 30*time.Second, 3*time.Second
	return minimum, recommended
}

func builtIn(name, version, source, date string, minDown, minUp, recDown, recUp ippm.Rate, e equipment.Requirements) Policy {
	p := Policy{Name: name, Version: version, Source: source, Date: date, Equipment: e}
	p.Minimum, p.Recommended = network(
		Bounds{Download: minDown * ippm.MbitPerSecond, Upload: minUp * ippm.MbitPerSecond},
		Bounds{Download: recDown * ippm.MbitPerSecond, Upload: recUp * ippm.MbitPerSecond})
	return p
}

// DefaultName is the policy used when none is named.
const DefaultName = "default"

// BuiltIn returns the policies that ship with examlink, the default first. If a
// provider publishes only one number, it is both minimum and recommendation. Of some
// providers only the rates are known to us: those policies ask nothing of the computer.
func BuiltIn() []Policy {
	return []Policy{
		builtIn(DefaultName, "1", "ProctorU requirements as published by CU Boulder for remote proctoring", "2019", 0.768, 0.384, 1.5, 1.0, equipment.ProctorU2019()),
		builtIn("proctoru-2020", "1", "ProctorU support article 115011772748", "2020", 1, 1, 12, 3, equipment.ProctorU2020()),
		builtIn("proctoru-current", "1", "ProctorU requirements as republished by ichs.zendesk.com", "2025", 3, 3, 3, 3, equipment.ProctorU2025()),
		builtIn("honorlock", "1", "Honorlock requirements as republished by testing.arizona.edu", "2024", 1.5, 0.75, 1.5, 0.75, equipment.Requirements{}),
		builtIn("onvue", "1", "Pearson OnVUE technical requirements", "2020", 3, 3, 3, 3, equipment.Requirements{}),
		builtIn("edx-software-secure", "1", "edX support article 360023434994", "2021", 0.5, 0.5, 0.5, 0.5, equipment.Requirements{}),
	}
}

// Find returns the policy with a name from a list.
func Find(policies []Policy, name string) (Policy, error) {
	var names []string
	for _, p := range policies {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return Policy{}, fmt.Errorf("unknown policy %q, expected one of %q", name, names)
}

// InForce returns the policy to judge by: the exam's, as the server sent it, unless
// the client's own is another than the default. A server's policy whose bounds are not
// valid is ignored. Requirements for the computer that this version cannot read do not
// make it invalid: a newer server may have more of them.
func InForce(own Policy, sent *Policy) Policy {
	if sent == nil || !own.Equal(BuiltIn()[0]) || sent.checkBounds() != nil {
		return own
	}
	return *sent
}

// Check validates a policy. The error names the key.
func (p Policy) Check() error {
	if err := p.checkBounds(); err != nil {
		return err
	}
	if err := p.Equipment.Check(); err != nil {
		return fmt.Errorf("policy %q: equipment: %w", p.Name, err)
	}
	return nil
}

// Requirements returns what the policy asks of the computer, with the policy's own source
// and date if it names no other.
func (p Policy) Requirements() equipment.Requirements {
	r := p.Equipment
	if r.Source == "" {
		r.Source, r.Date = p.Source, cmp.Or(r.Date, p.Date)
	}
	return r
}

func (p Policy) checkBounds() error {
	type pair struct {
		key      string
		min, rec float64
		less     bool // smaller is better
	}
	for _, c := range []pair{
		{"download", float64(p.Minimum.Download), float64(p.Recommended.Download), false},
		{"upload", float64(p.Minimum.Upload), float64(p.Recommended.Upload), false},
		{"one_way_delay", float64(p.Minimum.OneWayDelay), float64(p.Recommended.OneWayDelay), true},
		{"round_trip_delay", float64(p.Minimum.RoundTripDelay), float64(p.Recommended.RoundTripDelay), true},
		{"delay_variation", float64(p.Minimum.DelayVariation), float64(p.Recommended.DelayVariation), true},
		{"loaded_delay", float64(p.Minimum.LoadedDelay), float64(p.Recommended.LoadedDelay), true},
		{"loss", p.Minimum.Loss, p.Recommended.Loss, true},
		{"outage", float64(p.Minimum.Outage), float64(p.Recommended.Outage), true},
	} {
		switch {
		case c.min < 0 || c.rec < 0:
			return fmt.Errorf("policy %q: %s: below 0, expected 0 (no bound) or more", p.Name, c.key)
		case c.min == 0 || c.rec == 0:
		case c.less && c.rec > c.min, !c.less && c.rec < c.min:
			return fmt.Errorf("policy %q: %s: the recommended bound is less strict than the minimum", p.Name, c.key)
		}
	}
	switch {
	case p.Name == "":
		return fmt.Errorf("policy: name: empty")
	case p.Version == "":
		return fmt.Errorf("policy %q: version: empty", p.Name)
	case p.Minimum.Download <= 0 || p.Minimum.Upload <= 0:
		return fmt.Errorf("policy %q: minimum: expected a download and an upload above 0", p.Name)
	case p.Minimum.Loss > 1 || p.Recommended.Loss > 1:
		return fmt.Errorf("policy %q: loss: expected a share from 0 to 1", p.Name)
	}
	return nil
}
