//go:build linux

package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"examlink/cmd/internal/lab/emulator"
	"examlink/cmd/internal/lab/stage"
)

// At least a thousand packets for each measurement of delay. Chosen by us.
const (
	delayLasting  = 21 * time.Second
	delayInterval = 20 * time.Millisecond
)

// delayFigures is what a tool reports of a link, in seconds; nil: it reports no
// such figure.
type delayFigures struct {
	Sent      int      `json:"sent"`
	LostUp    *int     `json:"lost_up"`
	LostDown  *int     `json:"lost_down"`
	Unknown   int      `json:"lost_unknown"`
	RoundTrip *float64 `json:"round_trip_median"`
	IPDVUp    *float64 `json:"ipdv_up_median"`
	IPDVDown  *float64 `json:"ipdv_down_median"`
	PDVUp     *float64 `json:"pdv_up_p99"`
	PDVDown   *float64 `json:"pdv_down_p99"`
}

var delayTools = []string{"examlink", "irtt", "ping"}

// delayOf measures with a tool.
func (l *lab) delayOf(tool string) (f delayFigures, err error) {
	if tool == "examlink" {
		m, err := l.watch(l.hosts.Near, l.token, delayLasting, delayInterval)
		return delayFigures{
			m.Sent, &m.LostUp, &m.LostDown, m.LostUnknown, m.RoundTrip.Median, m.IPDVUp.Median, m.IPDVDown.Median, m.PDVUp.P99, m.PDVDown.P99,
		}, err
	}
	measure := map[string]func(ns stage.Namespace, address string, lasting, interval time.Duration) (echoes, error){"irtt": l.irtt, "ping": l.ping}[tool]
	e, err := measure(l.hosts.Near, stage.FarAddress, delayLasting, delayInterval)
	if err != nil {
		return f, err
	}
	f = delayFigures{Sent: e.sent, LostUp: e.lostUp, LostDown: e.lostDown, RoundTrip: &e.roundTrip.Median}
	if e.ipdvUp != nil && e.ipdvDown != nil {
		f.IPDVUp, f.IPDVDown = &e.ipdvUp.Median, &e.ipdvDown.Median
		f.PDVUp, f.PDVDown = pdvP99(e.delayUp), pdvP99(e.delayDown)
	}
	return f, nil
}

// delayTable is the state of the delay experiment.
type delayTable struct {
	scores map[string]*delayScore // by tool
	last   emulator.State
}

// delays measures round-trip delay, its variation and loss on links without
// other traffic.
func (l *lab) delays(links []delayLink, short, peers bool, runs int) error {
	fmt.Println(delayHeader)
	t := delayTable{scores: map[string]*delayScore{}}
	for i, link := range links {
		for run := range runs {
			for _, tool := range delayTools {
				if tool != "examlink" && (!peers || !have(tool)) {
					continue
				}
				if err := l.delay(&t, link, tool, uint64(i*100+run), short); err != nil {
					return err
				}
			}
		}
	}
	fmt.Println()
	for _, tool := range delayTools {
		if s := t.scores[tool]; s != nil {
			fmt.Printf("%-9s %s\n", tool, s)
		}
	}
	fmt.Printf("%s\n", l.stallSummary())
	fmt.Printf("\nground truth of the last measurement: %s\n\n", t.last)
	if len(t.scores) == 0 && len(l.failures) > 0 {
		return errors.New(strings.Join(l.failures, "; "))
	}
	return nil
}

// delay measures one link with one tool and prints the row. A tool that fails is
// a failure of the lab; an error ends the experiment.
func (l *lab) delay(t *delayTable, link delayLink, tool string, seed uint64, short bool) error {
	var f delayFigures
	m, err := l.measure(link.p, link.p, seed, func() (err error) {
		f, err = l.delayOf(tool)
		return err
	})
	if l.ctx.Err() != nil {
		return l.ctx.Err()
	}
	if e := l.record("delay", link.name, tool, m, f, err); e != nil {
		return e
	}
	if err != nil {
		l.failures = append(l.failures, fmt.Sprintf("%s: %s: %v", link.name, tool, err))
		fmt.Printf("%-31s %-8s %v\n", link.name, tool, err)
		return nil
	}
	if t.scores[tool] == nil {
		t.scores[tool] = &delayScore{}
	}
	c := compare(link, f, m.State)
	t.scores[tool].add(c)
	t.last = m.State
	fmt.Println(c.row(link.name, tool, m.mark()))
	if short && c.split != splitExact {
		l.failures = append(l.failures, fmt.Sprintf("%s: %s: loss up/down %s and %s, expected to be exact", link.name, tool, c.lostUp, c.lostDown))
	}
	return nil
}
