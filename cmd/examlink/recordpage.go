package main

import (
	"bytes"
	"fmt"

	"examlink/probe/record"
	"examlink/probe/record/report"
)

// reportPage makes the page of a record's report.
func reportPage(file string) ([]byte, error) {
	r, err := record.Load(file)
	if err != nil {
		return nil, err
	}
	a, err := report.Make(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	var b bytes.Buffer
	err = a.HTML(&b)
	return b.Bytes(), err
}
