//go:build linux

package main

import (
	"strings"
	"testing"
	"time"
)

func TestGridOptions(t *testing.T) {
	if cells, err := (gridOptions{loss: -1}).cells(); err != nil || len(cells) != 37 {
		t.Errorf("%d cells, %v", len(cells), err)
	}
	if cells, err := (gridOptions{loss: -1, policed: true}).cells(); err != nil || len(cells) != 9 || cells[1].String() != "0.6/0.3 Mbit/s, policed, 60 kB" {
		t.Errorf("%v, %v", cells, err)
	}
	cells, err := gridOptions{rates: "0.1/0.2,3/4", rtt: 50 * time.Millisecond, loss: 0}.cells()
	if err != nil || len(cells) != 2 || cells[1].String() != "3/4 Mbit/s, 50 ms, 0 % loss" {
		t.Errorf("%v, %v", cells, err)
	}
	for _, bad := range []string{"1", "1/x", "0/1", "1/2,", "NaN/1"} {
		if _, err := (gridOptions{rates: bad}).cells(); err == nil || !strings.Contains(err.Error(), "expected Mbit/s") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
