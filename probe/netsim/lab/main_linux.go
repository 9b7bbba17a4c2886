// Command lab measures examlink and its peers on the same emulated links in one
// run and prints how far each is from the truth. It needs root, and for the
// peers iperf3 and irtt; a peer that is not there is left out.
package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"examlink/probe/ippm"
	"examlink/probe/netsim"
)

// link is one cell of the grid. Rates are Mbit/s at the IP layer.
type cell struct {
	down, up float64
	rtt      time.Duration
	loss     float64
	jitter   time.Duration
}

func (c cell) params() (up, down netsim.Params) {
	p := netsim.Params{QueueTime: 100 * time.Millisecond, Delay: c.rtt / 2, Loss: c.loss, Jitter: c.jitter, KeepOrder: true}
	// A queue of 100 ms, but of ten full packets at least: no modem has less.
	size := func(mbit float64) int { return max(int(mbit*1e6/8*0.1), 15000) }
	up, down = p, p
	up.Rate, up.Queue = ippm.Rate(c.up*1e6), size(c.up)
	down.Rate, down.Queue = ippm.Rate(c.down*1e6), size(c.down)
	return up, down
}

func (c cell) String() string {
	return fmt.Sprintf("%g/%g Mbit/s, %d ms, %g %% loss", c.down, c.up, c.rtt.Milliseconds(), c.loss*100)
}

func main() {
	var (
		short    = flag.Bool("short", false, "two cells, no peers")
		runs     = flag.Int("runs", 1, "checks of each cell")
		peers    = flag.Bool("peers", true, "measure with iperf3 and irtt, too")
		only     = flag.String("only", "", "one part only: rates, delay or load")
		sessions = flag.Int("sessions", 5000, "load: how many sessions")
		rtt      = flag.Duration("rtt", 0, "rates: links of this round trip only (20ms or 100ms)")
		loss     = flag.Float64("loss", -1, "rates: links of this loss only (0 or 0.01)")
	)
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	keep := func(c cell) bool { return (*rtt == 0 || c.rtt == *rtt) && (*loss < 0 || c.loss == *loss) }
	if err := lab(ctx, *short, *peers && !*short, *runs, *only, *sessions, keep); err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
		os.Exit(1)
	}
}

func lab(ctx context.Context, short, peers bool, runs int, only string, sessions int, keep func(cell) bool) error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("needs root to make network namespaces")
	}
	dir, err := os.MkdirTemp("", "examlink-lab-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", dir, "examlink/cmd/examlink", "examlink/cmd/examlink-server").CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w: %s", err, out)
	}
	if only == "load" {
		return load(ctx, dir, sessions, 20*time.Second)
	}
	e, err := newEmulator()
	if err != nil {
		return err
	}
	defer e.close()
	b := &bench{ctx: ctx, e: e, dir: dir}
	if err := b.start(); err != nil {
		return err
	}
	defer b.stop()
	if only == "" || only == "rates" {
		if err := b.rates(short, peers, runs, keep); err != nil {
			return err
		}
	}
	if only == "" || only == "delay" {
		return b.delays(short, peers)
	}
	return nil
}

// rates measures capacity over the grid.
func (b *bench) rates(short, peers bool, runs int, keep func(cell) bool) error {
	var cells []cell
	for _, r := range [][2]float64{{0.3, 0.15}, {0.768, 0.384}, {1.5, 1}, {4, 2}, {10, 5}, {25, 10}, {100, 20}} {
		for _, rtt := range []time.Duration{20 * time.Millisecond, 100 * time.Millisecond} {
			for _, loss := range []float64{0, 0.01} {
				cells = append(cells, cell{down: r[0], up: r[1], rtt: rtt, loss: loss})
			}
		}
	}
	if short {
		cells = []cell{{down: 0.768, up: 0.384, rtt: 20 * time.Millisecond}, {down: 10, up: 5, rtt: 100 * time.Millisecond, loss: 0.01}}
	}
	cells = slices.DeleteFunc(cells, func(c cell) bool { return !keep(c) })
	tools := []tool{{"examlink", b.examlink}}
	if peers && have("iperf3") {
		tools = append(tools, tool{"iperf3-udp", b.iperfUDP}, tool{"iperf3-tcp", b.iperfTCP})
	}
	fmt.Printf("%-32s %-11s %9s %9s %8s %8s %7s %6s\n", "link", "tool", "down", "up", "error", "error", "MB", "s")
	table := map[string]*errorsOf{}
	for i, c := range cells {
		for run := range runs {
			for _, t := range tools {
				if b.ctx.Err() != nil {
					return b.ctx.Err()
				}
				up, down := c.params()
				b.e.set(up, down, uint64(i*100+run))
				began := time.Now()
				r, err := t.measure(c)
				if err != nil {
					fmt.Printf("%-32s %-11s %v\n", c, t.name, err)
					continue
				}
				r.seconds = time.Since(began).Seconds()
				upTruth, downTruth := b.e.up.truth(), b.e.down.truth()
				mb := float64(upTruth.OfferedBytes+downTruth.OfferedBytes) / 1e6
				key := fmt.Sprintf("%s, %g %% loss", t.name, c.loss*100)
				if table[key] == nil {
					table[key] = &errorsOf{}
				}
				table[key].add(r.down/c.down-1, r.up/c.up-1, mb, r.seconds)
				fmt.Printf("%-32s %-11s %9.4f %9.4f %7.2f%% %7.2f%% %7.2f %6.1f\n", c, t.name, r.down, r.up,
					100*(r.down/c.down-1), 100*(r.up/c.up-1), mb, r.seconds)
			}
		}
	}
	fmt.Printf("\n%-24s %14s %14s %10s %10s\n", "tool", "down med/worst", "up med/worst", "MB worst", "s worst")
	var names []string
	for n := range table {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		fmt.Printf("%-24s %s\n", n, table[n])
	}
	fmt.Printf("\nemulator, last cell: up %s\n                     down %s\n\n", b.e.up.truth(), b.e.down.truth())
	return nil
}

type tool struct {
	name    string
	measure func(cell) (rates, error)
}

type rates struct{ down, up, seconds float64 } // Mbit/s at the IP layer

type errorsOf struct{ down, up, mb, seconds []float64 }

func (e *errorsOf) add(down, up, mb, seconds float64) {
	e.down = append(e.down, math.Abs(down))
	e.up = append(e.up, math.Abs(up))
	e.mb, e.seconds = append(e.mb, mb), append(e.seconds, seconds)
}

func (e *errorsOf) String() string {
	pair := func(v []float64) string {
		s := slices.Clone(v)
		slices.Sort(s)
		return fmt.Sprintf("%.2f%% /%6.2f%%", 100*s[len(s)/2], 100*s[len(s)-1])
	}
	return fmt.Sprintf("%16s %16s %8.2f %9.1f", pair(e.down), pair(e.up), slices.Max(e.mb), slices.Max(e.seconds))
}

func have(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}

// delays measures round-trip delay, variation and loss on links that nothing
// else loads.
func (b *bench) delays(short, peers bool) error {
	cells := []cell{{rtt: 0}, {rtt: 20 * time.Millisecond}, {rtt: 60 * time.Millisecond}, {rtt: 60 * time.Millisecond, jitter: 5 * time.Millisecond},
		{rtt: 60 * time.Millisecond, loss: 0.01}, {rtt: 60 * time.Millisecond, jitter: 5 * time.Millisecond, loss: 0.05}}
	if short {
		cells = cells[1:2]
	}
	fmt.Printf("%-34s %-9s %12s %12s %14s %s\n", "link", "tool", "round trip", "above truth", "lost up/down", "of truth")
	for i, c := range cells {
		for _, name := range []string{"examlink", "irtt", "ping"} {
			if name != "examlink" && (!peers || !have(name)) {
				continue
			}
			up := netsim.Params{Delay: c.rtt / 2, Loss: c.loss, Jitter: c.jitter, KeepOrder: true}
			b.e.set(up, up, uint64(i))
			d, err := b.delayOf(name)
			label := fmt.Sprintf("%d ms, jitter %d ms, %g %% loss", c.rtt.Milliseconds(), c.jitter.Milliseconds(), c.loss*100)
			if err != nil {
				fmt.Printf("%-34s %-9s %v\n", label, name, err)
				continue
			}
			above := "-"
			if c.jitter == 0 {
				above = fmt.Sprintf("%.3f ms", d.median*1000-float64(c.rtt.Microseconds())/1000)
			}
			fmt.Printf("%-34s %-9s %9.3f ms %12s %6s/%-6s %d/%d\n", label, name, d.median*1000, above, d.lostUp, d.lostDown,
				b.e.up.truth().ProbesLost, b.e.down.truth().ProbesLost)
		}
	}
	return nil
}

// path of a program in the lab's own folder.
func (b *bench) path(program string) string { return filepath.Join(b.dir, program) }

func lines(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\n", "; ")) }
