package dashboards_test

import "strings"

// expectation is one value of an answer, of the series with these labels, given as
// name=value separated by spaces. The scene defines where values come from.
type expectation struct {
	labels string
	value  float64
	within float64 // 0: rounding alone
	absent bool    // no such series
}

func (e expectation) matches(labels map[string]string) bool {
	for _, pair := range strings.Fields(e.labels) {
		name, value, _ := strings.Cut(pair, "=")
		if labels[name] != value {
			return false
		}
	}
	return true
}

// is expects one value of the only series.
func is(v float64) []expectation { return []expectation{{value: v}} }

// of expects values of several series.
func of(pairs ...any) []expectation {
	var out []expectation
	for i := 0; i < len(pairs); i += 2 {
		v, ok := pairs[i+1].(float64)
		if !ok {
			v = float64(pairs[i+1].(int))
		}
		out = append(out, expectation{labels: pairs[i].(string), value: v})
	}
	return out
}

// none also expects no series with these labels.
func none(e []expectation, labels string) []expectation {
	return append(e, expectation{labels: labels, absent: true})
}

// hour is the window, in seconds, of panels whose minimum interval is one hour.
const hour = 3615.0

// expected is the result of each query of each panel at the moment of the scene.
// A counter grows by 1800 times its rate over the selected time range of half an
// hour; the usual window is one minute.
var expected = map[string][]expectation{
	"examlink-fleet / Live sessions / A":            is(3),
	"examlink-fleet / Silent sessions / A":          is(1),
	"examlink-fleet / Below minimum / A":            of("direction=up", 1, "direction=down", 1),
	"examlink-fleet / Over WebSocket / A":           is(.25),
	"examlink-fleet / Servers down / A":             is(1),
	"examlink-fleet / Sessions without series / A":  is(5),
	"examlink-fleet / Alerts firing / A":            is(1),
	"examlink-fleet / Rates not known / A":          of("direction=up", 1, "direction=down", 2),
	"examlink-fleet / Checks running / A":           is(2),
	"examlink-fleet / Exams now / A":                of("exam=msds-5001", 3, "exam=csca-5622", 1),
	"examlink-fleet / Exams now / B":                of("exam=msds-5001", 1, "exam=csca-5622", 0),
	"examlink-fleet / Exams now / C":                of("exam=msds-5001", 1, "exam=csca-5622", 0),
	"examlink-fleet / Exams now / D":                none(of("exam=msds-5001", 1), "exam=csca-5622"),
	"examlink-fleet / Firing alerts / A":            of("alertname=ExamlinkSessionDropped severity=critical exam=msds-5001 session=s-gone instance=exam-1:9481", (moment-420)*15),
	"examlink-fleet / Sessions by exam / A":         of("exam=msds-5001", 3, "exam=csca-5622", 1),
	"examlink-fleet / Silent sessions by exam / A":  of("exam=msds-5001", 1, "exam=csca-5622", 0),
	"examlink-fleet / Sessions by state / A":        of("state=live", 3, "state=exam-relevant", 1, "state=suspect", 0),
	"examlink-fleet / Alerts raised by servers / A": of("kind=dropped", 6, "kind=recovered", 3),

	"examlink-fleet / Sessions below minimum / A": is(1. / 3),
	"examlink-fleet / Sessions below minimum / B": is(.5),

	"examlink-exam / Live sessions / A":                 is(2),
	"examlink-exam / Silent sessions / A":               is(1),
	"examlink-exam / Silent for 30 s or more / A":       is(1),
	"examlink-exam / Upload below minimum / A":          is(1),
	"examlink-exam / Download below minimum / A":        is(1),
	"examlink-exam / Over WebSocket / A":                is(0),
	"examlink-exam / Never connected / A":               is(2),
	"examlink-exam / Sessions, worst first / A":         none(none(of("session=s-good", 1, "session=s-slow", 1, "session=s-gone", 4), "session=s-left"), "session=s-check"),
	"examlink-exam / Sessions, worst first / B":         of("session=s-good", 0, "session=s-gone", (moment-419)*15),
	"examlink-exam / Sessions, worst first / C":         none(none(of("session=s-good", 2, "session=s-slow", 0), "session=s-gone"), "session=s-check"),
	"examlink-exam / Sessions, worst first / D":         none(of("session=s-good", 1280000, "session=s-slow", 312000), "session=s-gone"),
	"examlink-exam / Sessions, worst first / E":         none(of("session=s-slow", 328000), "session=s-good"),
	"examlink-exam / Sessions, worst first / F":         none(of("session=s-good", 2, "session=s-slow", 0), "session=s-gone"),
	"examlink-exam / Sessions, worst first / G":         none(of("session=s-good", 4e6, "session=s-slow", 704000), "session=s-gone"),
	"examlink-exam / Sessions, worst first / H":         none(of("session=s-slow", 736000), "session=s-good"),
	"examlink-exam / Sessions, worst first / I":         none(of("session=s-good", .02, "session=s-slow", .08), "session=s-gone"),
	"examlink-exam / Sessions, worst first / J":         of("session=s-slow", .01),
	"examlink-exam / Sessions, worst first / K":         of("session=s-slow", .02),
	"examlink-exam / Sessions, worst first / L":         none(of("session=s-good", 0, "session=s-slow", 2), "session=s-gone"),
	"examlink-exam / Sessions, worst first / M":         of("session=s-good", 0, "session=s-slow", 0),
	"examlink-exam / States of sessions / A":            none(none(of("session=s-good", 1, "session=s-gone", 4), "session=s-left"), "session=s-check"),
	"examlink-exam / Upload by session, at least / A":   none(none(of("session=s-good", 1280000, "session=s-slow", 312000), "session=s-gone"), "session=s-check"),
	"examlink-exam / Upload by session, at least / B":   is(384000),
	"examlink-exam / Upload by session, at least / C":   is(1e6),
	"examlink-exam / Download by session, at least / A": of("session=s-good", 4e6, "session=s-slow", 704000),
	"examlink-exam / Download by session, at least / B": is(768000),
	"examlink-exam / Download by session, at least / C": is(1.5e6),
	"examlink-exam / Sessions by state / A":             of("state=live", 2, "state=exam-relevant", 1),
	"examlink-exam / Round-trip delay by session / A":   of("session=s-good", .02, "session=s-slow", .08),

	"examlink-session / State / A":                         is(1),
	"examlink-session / Last packet / A":                   is(0),
	"examlink-session / Upload / A":                        is(0),
	"examlink-session / Download / A":                      is(0),
	"examlink-session / Active warnings (claimed) / A":     is(2),
	"examlink-session / Transport / A":                     is(0),
	"examlink-session / Session age / A":                   is((moment - 100) * 15),
	"examlink-session / Age of the rates / A":              is(moment % 48 * 15),
	"examlink-session / Age of the rates / B":              is(moment % 30 * 15),
	"examlink-session / Age of the last minute report / A": is(moment % 7 * 15),
	// 61 of 121 points, or of 120 in Prometheus 3, which excludes the first
	"examlink-session / Time below minimum / A": {{value: .506, within: .004}},
	"examlink-session / Time below minimum / B": is(1),
	"examlink-session / State over time / A":    is(1),
	"examlink-session / Upload rate / A":        is(320000),
	"examlink-session / Upload rate / B":        is(312000),
	"examlink-session / Upload rate / C":        is(328000),
	"examlink-session / Upload rate / D":        is(384000),
	"examlink-session / Upload rate / E":        is(1e6),
	"examlink-session / Probes received / A":    is(10),
	"examlink-session / Download rate / A":      is(720000),
	"examlink-session / Download rate / B":      is(704000),
	"examlink-session / Download rate / C":      is(736000),
	"examlink-session / Download rate / D":      is(768000),
	"examlink-session / Download rate / E":      is(1.5e6),
	"examlink-session / Round-trip delay / A":   is(.08),
	"examlink-session / Loss / A":               is(.01),
	"examlink-session / Loss / B":               is(.02),
	"examlink-session / Delay variation / A":    is(.005),
	"examlink-session / Delay variation / B":    is(.006),

	"examlink-checks / Students of exams ahead / A":     is(42),
	"examlink-checks / Students of exams ahead / B":     is(35),
	"examlink-checks / Students of exams ahead / C":     is(31),
	"examlink-checks / Students of exams ahead / D":     is(25),
	"examlink-checks / Students by exam ahead / A":      none(of("exam=maed-6000", 42), "exam=msds-5001"),
	"examlink-checks / Students by exam ahead / B":      none(of("exam=maed-6000", 35), "exam=msds-5001"),
	"examlink-checks / Students by exam ahead / C":      none(of("exam=maed-6000", 31), "exam=msds-5001"),
	"examlink-checks / Students by exam ahead / D":      none(of("exam=maed-6000", 25), "exam=msds-5001"),
	"examlink-checks / Students by exam ahead / E":      none(of("exam=maed-6000", 86400), "exam=msds-5001"),
	"examlink-checks / Checks with a verdict / A":       is(.5 * 1800),
	"examlink-checks / Ready or marginal / A":           is(.75),
	"examlink-checks / Not ready / A":                   is(.125),
	"examlink-checks / Inconclusive / A":                is(.125),
	"examlink-checks / Verdicts / A":                    of("outcome=ready", .25*hour, "outcome=marginal", .125*hour, "outcome=inconclusive", .0625*hour),
	"examlink-checks / Criteria missed / A":             none(of("criterion=upload", .0625*hour), "criterion=loss-up"),
	"examlink-checks / Criteria undecided / A":          of("criterion=loss-down", .0625*hour),
	"examlink-checks / Criteria below recommended / A":  of("criterion=download", .125*hour),
	"examlink-checks / Upload meets minimum / A":        is(.84375),
	"examlink-checks / Upload meets recommended / A":    is(.625),
	"examlink-checks / Download meets minimum / A":      is(.8),
	"examlink-checks / Download meets recommended / A":  is(.55),
	"examlink-checks / Sessions started / A":            of("purpose=watch", .25*hour, "purpose=check", .25*hour),
	"examlink-checks / Rate tests / A":                  of("direction=up outcome=below", .25*hour, "direction=up outcome=inconclusive", 5*hour, "direction=down outcome=meets", .8*hour),
	"examlink-checks / Upload against the policy / A":   is(.15625),
	"examlink-checks / Upload against the policy / B":   is(.375),
	"examlink-checks / Download against the policy / A": is(.2),
	"examlink-checks / Download against the policy / B": is(.45),
	"examlink-checks / Trains / A":                      of("direction=up", .2*hour, "direction=down", .3*hour),
	"examlink-checks / Requests refused / A":            of("reason=full", .5*hour, "reason=token", .25*hour),
	"examlink-checks / Goodput measured / A":            of("direction=up", 100*hour, "direction=down", 200*hour),
	"examlink-checks / Connections by transport / A":    of("transport=udp", .5*hour, "transport=websocket", .25*hour),

	"examlink-health / Server up / A":                 of("instance=exam-1:9481", 1, "instance=exam-2:9481", 0),
	"examlink-health / Certificate validity / A":      of("instance=exam-1:9481", 30*86400),
	"examlink-health / Configuration / A":             of("instance=exam-1:9481", 0),
	"examlink-health / Session series used / A":       of("instance=exam-1:9481", 7./8),
	"examlink-health / Echoes within 5 ms / A":        is(.995),
	"examlink-health / Notifications undelivered / A": of("receiver=proctors", 18),
	"examlink-health / Data directory / A":            of("part=queues", 1, "part=warnings", 0),
	"examlink-health / Failed writes / A":             of("part=queues", 0, "part=warnings", 18),
	"examlink-health / Alertmanager / A":              is(1),
	"examlink-health / Sessions / A":                  of("instance=exam-1:9481", 7),
	"examlink-health / CPU / A":                       of("instance=exam-1:9481", .25),
	"examlink-health / Memory / A":                    of("instance=exam-1:9481", 1e8),
	"examlink-health / Goroutines / A":                of("instance=exam-1:9481", 42),
	"examlink-health / Open files / A":                of("instance=exam-1:9481", .01),
	"examlink-health / Requests refused / A":          of("reason=full", .5, "reason=token", .25),
	"examlink-health / Turnaround / A":                of("le=0.0001", 50*60, "le=0.005", 199*60, "le=+Inf", 200*60),
	"examlink-health / Turnaround, quantiles / A":     of("instance=exam-1:9481", .0001+.0049*50/149),
	"examlink-health / Turnaround, quantiles / B":     of("instance=exam-1:9481", .0001+.0049*148/149),
	"examlink-health / Probes / A":                    is(40),
	"examlink-health / Probes / B":                    is(39.5),
	"examlink-health / Packets dropped / A":           of("reason=send", .5, "reason=replay", .125),
	"examlink-health / Train traffic / A":             of("direction=up", 8000, "direction=down", 16000),
	"examlink-health / Connections / A":               is(.5),
	"examlink-health / Connections / B":               is(.25),
	"examlink-health / Notifications sent / A":        of("receiver=proctors", .2),
	"examlink-health / Failed delivery attempts / A":  of("receiver=proctors", .1),
	"examlink-health / Notifications waiting / A":     of("receiver=proctors", 3),
	"examlink-health / Server up over time / A":       of("instance=exam-1:9481", 1, "instance=exam-2:9481", 0),
	"examlink-health / Scrape duration / A":           of("instance=exam-1:9481", .01),
	"examlink-health / Samples per scrape / A":        of("instance=exam-1:9481", 300),
	"examlink-health / Programs / A":                  of("instance=exam-1:9481 version=1.2.3 goversion=go1.26.0 goos=linux", moment*15),
	"examlink-health / Policies / A":                  of("instance=exam-1:9481 policy=default version=1", 1),

	"examlink-client / Server connection / A":                    is(1),
	"examlink-client / Upload / A":                               is(2),
	"examlink-client / Download / A":                             is(2),
	"examlink-client / Active warnings / A":                      is(1),
	"examlink-client / Age of the rates / A":                     of("direction=up", 30, "direction=down", 60),
	"examlink-client / Reports waiting / A":                      is(4),
	"examlink-client / Record / A":                               is(1),
	"examlink-client / Record lines not written / A":             is(9),
	"examlink-client / Connection / A":                           is(1),
	"examlink-client / Warnings / A":                             of("kind=below-recommended", 1, "kind=loss", 0),
	"examlink-client / Upload rate / A":                          is(480000),
	"examlink-client / Upload rate / B":                          is(472000),
	"examlink-client / Upload rate / C":                          is(488000),
	"examlink-client / Upload rate / D":                          is(384000),
	"examlink-client / Upload rate / E":                          is(1e6),
	"examlink-client / Download rate / A":                        is(1536000),
	"examlink-client / Download rate / B":                        is(1520000),
	"examlink-client / Download rate / C":                        is(1552000),
	"examlink-client / Download rate / D":                        is(768000),
	"examlink-client / Download rate / E":                        is(1.5e6),
	"examlink-client / Floor tests / A":                          of("direction=up outcome=meets", 6, "direction=up outcome=below", 3, "direction=up outcome=inconclusive", 2),
	"examlink-client / Glances / A":                              of("direction=up outcome=meets", 6, "direction=up outcome=below", 3, "direction=up outcome=inconclusive", 2),
	"examlink-client / Loss / A":                                 of("direction=up", .05, "direction=down", .025, "direction=unknown", .025),
	"examlink-client / Probes / A":                               is(10),
	"examlink-client / Probes / B":                               is(9),
	"examlink-client / Probes / C":                               is(0),
	"examlink-client / Late, duplicate and reordered echoes / A": is(.125),
	"examlink-client / Late, duplicate and reordered echoes / B": is(.0625),
	"examlink-client / Late, duplicate and reordered echoes / C": is(.25),
	"examlink-client / Round-trip delay / A":                     is(.02),
	"examlink-client / Round-trip delay / B":                     is(.029),
	"examlink-client / Round-trip delay distribution / A":        of("le=0.02", 300, "le=0.03", 600, "le=+Inf", 600),
	"examlink-client / Delay variation / A":                      of("direction=up", .0099, "direction=down", .0099),
	"examlink-client / One-way delay / A":                        of("direction=up", .01, "direction=down", .01),
	"examlink-client / One-way delay / B":                        is(.011),
	"examlink-client / Inter-packet delay variation / A":         of("direction=up", .0025, "direction=down", .0025),
	"examlink-client / Interarrival jitter (RFC 3550) / A":       of("direction=up", .004, "direction=down", .004),
	"examlink-client / Probe send lateness / A":                  is(.0001),
	"examlink-client / Probe send lateness / B":                  is(.000982),
	"examlink-client / Receive lag / A":                          is(.000982),
	"examlink-client / Unsent and locally dropped packets / A":   of("reason=host", .5, "reason=no-route", 2, "reason=stalled", 0),
	"examlink-client / Unsent and locally dropped packets / B":   is(.25),
	"examlink-client / Floor test traffic / A":                   of("direction=up", 2400, "direction=down", 4800),
	"examlink-client / Warnings raised / A":                      of("kind=below-recommended", .6, "kind=loss", 0),
	"examlink-client / Reports / A":                              is(3),
	"examlink-client / Reports / B":                              is(.6),
	"examlink-client / Reports / C":                              is(1.2),
}
