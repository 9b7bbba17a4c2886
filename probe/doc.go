// Package probe measures the link between this computer and an examlink server
// and reports whether it will carry a remotely proctored exam.
//
// # A check
//
// Check opens a session, measures the idle link for some seconds, tests both
// directions against the policy's minimum, measures their rates, and returns a
// Report with a verdict. An error means that nothing could be measured: no
// network, no server, a refused token. Poor network quality is in the report,
// never an error.
//
// # A watch
//
// Watch keeps a session open until its context ends: a probe every 100 ms, floor
// tests within a byte budget, a new connection when the old one falls silent. It
// passes its findings to sinks, one call at a time, and returns a Summary. RunPlan
// follows a plan.Plan instead: checks while the exam is far, a watch from shortly
// before it to its end.
//
// # Numbers
//
// Rates are IP-layer bits per second, counted by the receiver (RFC 9097). An
// unknown value is nil, never 0: an Interval whose Value is nil and whose Low is
// set is a lower bound. Delays in reported figures are in seconds. The two
// directions are measured separately: up is from this computer to the server.
//
// # Packages
// This package is a facade. The engine is in probe/watch (schedule, warnings,
// reconnecting), probe/ratetest (floor test, capacity, goodput), probe/monitor
// (delay, loss), probe/session (the connection), and below them probe/train,
// probe/ippm, probe/verdict, probe/warning and probe/plan, which do no I/O.
// probe/agent assembles a whole watch with its record, its metrics and its reports.
// The package does not touch files, flags, terminals or metric registries.
package probe
