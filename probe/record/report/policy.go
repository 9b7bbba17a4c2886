package report

import (
	"examlink/probe/record"
	"examlink/probe/wire"
)

// Policy holds the bounds that a record's figures are judged by.
type Policy struct {
	Name        string `json:"name"`
	Version     string `json:"version"`
	Minimum     Rates  `json:"minimum"`
	Recommended Rates  `json:"recommended"`
}

// Rates are bit/s at the IP layer; 0 sets no bound.
type Rates struct {
	Download float64 `json:"download_bits_per_second,omitempty"`
	Upload   float64 `json:"upload_bits_per_second,omitempty"`
}

func policyOf(p record.Policy) Policy {
	return Policy{Name: p.Name, Version: p.Version, Minimum: Rates(p.Minimum), Recommended: Rates(p.Recommended)}
}

// of returns the rate of one direction.
func (r Rates) of(d wire.Direction) float64 { return record.Rates(r).Of(d) }
