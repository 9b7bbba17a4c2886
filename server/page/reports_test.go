package page

import (
	"strings"
	"time"

	"examlink/probe"
	"examlink/probe/ippm"
	"examlink/probe/verdict"
)

// reports are reports of checks, by scenario.
func reports() map[string]probe.Report {
	known := func(v float64) verdict.Fact { return verdict.Known(v, 0.98*v, 1.02*v, 4) }
	good := func() verdict.Facts {
		low := 6.1e6
		f := verdict.Facts{
			verdict.Download: {Low: &low, Samples: 2}, verdict.Upload: known(2.4e6), verdict.Outage: verdict.Known(0.2, 0.2, 0.2, 400),
			verdict.LossDown: verdict.Known(0, 0, 0.0188, 200), verdict.LossUp: verdict.Known(0, 0, 0.0188, 200),
		}
		for _, c := range []verdict.Criterion{verdict.OneWayDelayDown, verdict.OneWayDelayUp, verdict.RoundTripDelay, verdict.DelayVariationDown, verdict.DelayVariationUp, verdict.LoadedDelayDown, verdict.LoadedDelayUp} {
			f[c] = known(0.0213)
		}
		return f
	}
	report := func(change func(verdict.Facts)) probe.Report {
		f, p := good(), verdict.BuiltIn()[0]
		change(f)
		return probe.Report{
			Schema: probe.ReportSchema, Client: "page", Started: time.Date(2026, 11, 29, 18, 30, 5, 0, time.UTC), Duration: ippm.Seconds(7 * time.Second), Server: "exam.example.edu:443",
			Exam: "msds-5001", Session: "1f", Transport: probe.TransportUDP, Policy: p, Verdict: verdict.Judge(p, f), BytesDown: 710_000, BytesUp: 420_000,
			Receipt: "eyJhbGciOiJFZERTQSIsInR5cCI6ImV4YW1saW5rLXJlY2VpcHQrand0In0." + strings.Repeat("eyJleGFtIjoibXNkcy01MDAxIn0", 12) + ".c2lnbmF0dXJl",
		}
	}
	all := map[string]probe.Report{
		"ready":    report(func(verdict.Facts) {}),
		"marginal": report(func(f verdict.Facts) { f[verdict.Download] = known(1.1e6) }),
		"not-ready": report(func(f verdict.Facts) {
			f[verdict.Upload], f[verdict.RoundTripDelay] = known(0.29e6), known(0.95)
			f[verdict.Download] = known(1.1e6)
		}),
		"inconclusive": report(func(f verdict.Facts) {
			f[verdict.Upload] = verdict.Unknown("this computer was too busy to send on time")
		}),
		"blocked": report(func(f verdict.Facts) {
			f[verdict.UDP] = verdict.Unknown("the network lets TCP through to the server but not UDP")
			f[verdict.LossDown], f[verdict.LossUp] = verdict.Unseen("TCP sends lost packets again, so losses show up as delay"), verdict.Unseen("TCP sends lost packets again, so losses show up as delay")
		}),
	}
	all["unjudged"] = all["ready"]
	b := all["blocked"]
	b.Transport, b.Receipt, b.ReceiptOwed, b.ClockAhead = probe.TransportWebSocket, "", true, ippm.Seconds(7*time.Minute)
	b.Interrupted = "the connection broke and did not come back: timeout"
	all["blocked"] = b
	return all
}
