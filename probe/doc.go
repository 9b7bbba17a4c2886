// Package probe measures the link between this computer and an examlink server,
// and says whether it will carry a remotely proctored exam.
//
// # A check
//
// Check opens a session, watches the idle link for some seconds, tests both
// directions against the policy's minimum, looks for their rates, and returns a
// Report with a verdict. An error means that nothing could be measured: no
// network, no server, a refused token. What the network did badly is in the
// report, never an error.
//
// # A watch
//
// Watch keeps a session open for as long as its context lasts: a probe every
// 100 ms, floor tests within a byte budget, a new connection when the old one
// falls silent. What it finds goes to sinks, one call at a time; it ends with a
// Summary. RunPlan follows a plan.Plan instead: checks while the exam is far, a
// watch from shortly before it to its end.
//
// # Numbers
//
// Rates are IP-layer bits per second, counted by the receiver (RFC 9097). A value
// that is not known is nil, never 0: an Interval whose Value is nil and whose Low
// is set is a lower bound. Delays are in seconds where they are reported as
// figures. Both directions are measured apart: up is from this computer to the
// server.
//
// # Rooms
//
// This package is a facade. The engine lies in probe/watch (schedule, warnings,
// redial), probe/ratetest (floor test, capacity, goodput), probe/monitor (delay,
// loss), probe/session (the connection), and below them probe/train, probe/ippm,
// probe/verdict, probe/warning and probe/plan, which do no I/O. probe/agent
// assembles a whole watch with its record, its metrics and its reports.
//
// The package touches no files, flags, terminals and metric registries.
package probe
