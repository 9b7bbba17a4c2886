package dashboards

import "examlink/dashboards/grafana"

// Units, by Grafana's names.
const (
	unitBits      = "bps"
	unitSeconds   = "s"
	unitShare     = "percentunit"
	unitCount     = "short"
	unitPackets   = "pps"
	unitBytes     = "bytes"
	unitPerSecond = "ops"
)

// noData is shown where no value is known, never a zero.
const noData = "no data"

// notKnown is shown where a rate is not known: no test yet, or the session is silent.
const notKnown = "not known"

// below is lower than any measured value: the step that begins there applies to
// known values, the one under it to unknown values.
const below = -1e15

// counted colours a count of undesired items: 0 is good, bad or more is bad.
func counted(bad float64) grafana.Option {
	if bad <= 1 {
		return grafana.Colored(grafana.At(0, grafana.Good), grafana.At(bad, grafana.Bad))
	}
	return grafana.Colored(grafana.At(0, grafana.Good), grafana.At(1, grafana.Uneasy), grafana.At(bad, grafana.Bad))
}

// Colours of session states on all dashboards.
const (
	isConnected = "blue"
	isLive      = grafana.Good
	isSuspect   = "yellow"
	isDropped   = grafana.Uneasy
	isRelevant  = grafana.Bad
)

// sessionStates maps the values of examlink_session_state.
func sessionStates() []grafana.Mapping {
	return grafana.Texts(noData,
		grafana.Result{Value: "0", Text: "connected, no probe yet", Color: isConnected},
		grafana.Result{Value: "1", Text: "live", Color: isLive},
		grafana.Result{Value: "2", Text: "suspect", Color: isSuspect},
		grafana.Result{Value: "3", Text: "dropped", Color: isDropped},
		grafana.Result{Value: "4", Text: "exam-relevant", Color: isRelevant},
	)
}

// byState stacks session counts, each state in its colour.
func byState() []grafana.Option {
	return []grafana.Option{
		grafana.FromZero(), grafana.Stacked(), grafana.Painted("connected", isConnected), grafana.Painted("live", isLive),
		grafana.Painted("suspect", isSuspect), grafana.Painted("dropped", isDropped), grafana.Painted("exam-relevant", isRelevant),
	}
}

// outcomes colours verdicts.
func outcomes() []grafana.Option {
	return []grafana.Option{
		grafana.Painted("ready", grafana.Good), grafana.Painted("marginal", "yellow"),
		grafana.Painted("not ready", grafana.Bad), grafana.Painted("inconclusive", grafana.Unknown),
	}
}

// rateOutcomes maps the outcomes of rates compared with the minimum.
func rateOutcomes() []grafana.Mapping {
	return grafana.Texts(notKnown,
		grafana.Result{Value: "0", Text: "below minimum", Color: grafana.Bad},
		grafana.Result{Value: "1", Text: "too close to tell", Color: grafana.Uneasy},
		grafana.Result{Value: "2", Text: "meets minimum", Color: grafana.Good},
	)
}

// Thresholds of a silence, in seconds: the defaults of server.silence.
const (
	suspectAfter  = 1
	droppedAfter  = 3
	relevantAfter = 30
)

// silences colours the time since the last packet as the state it leads to.
func silences() []grafana.Step {
	return []grafana.Step{
		grafana.At(below, isLive), grafana.At(suspectAfter, isSuspect), grafana.At(droppedAfter, isDropped), grafana.At(relevantAfter, isRelevant),
	}
}

// rateLines draws what is known of a rate: the interval's ends and, where the link
// was filled, the rate. A link that was not filled has a lower bound only.
func rateLines(rate, lower, upper string) []grafana.Target {
	return []grafana.Target{
		grafana.Over("rate", bits("max("+rate+")")),
		grafana.Over("at least", bits("max("+lower+")")),
		grafana.Over("at most", bits("max("+upper+")")),
	}
}

// transports maps the values of examlink_session_transport_websocket.
func transports() []grafana.Mapping {
	return grafana.Texts(noData,
		grafana.Result{Value: "0", Text: "UDP", Color: grafana.Good},
		grafana.Result{Value: "1", Text: "WebSocket (UDP blocked)", Color: grafana.Uneasy},
	)
}

// yesNo maps a gauge that is 1 when all is well.
func yesNo(yes, no string) []grafana.Mapping {
	return grafana.Texts(noData,
		grafana.Result{Value: "1", Text: yes, Color: grafana.Good},
		grafana.Result{Value: "0", Text: no, Color: grafana.Bad},
	)
}

// link leads to another dashboard and keeps time range, data source, job and instance.
func link(title, uid, more string) grafana.DataLink {
	return grafana.DataLink{Title: title, URL: "/d/" + uid + "?${__url_time_range}&${datasource:queryparam}&${job:queryparam}&${instance:queryparam}" + more}
}

// warnings marks when alerts fired. occupied marks when an exam had sessions: the
// closest approximation of its scheduled window in the metrics.
func warnings(matchers string) grafana.Annotation {
	return grafana.Annotation{
		Name: "Alerts", Datasource: grafana.Chosen(), Enable: true, IconColor: grafana.Bad, Step: "15s",
		Expr:        `ALERTS{alertstate="firing",alertname=~"Examlink.+"` + matchers + `}`,
		TitleFormat: "{{alertname}}", TextFormat: "exam {{exam}}, session {{session}}, server {{instance}}", TagKeys: "severity",
	}
}

func occupied(selector string) grafana.Annotation {
	return grafana.Annotation{
		Name: "Exams with sessions", Datasource: grafana.Chosen(), Enable: true, IconColor: "blue", Step: "1m",
		Expr:        "sum by (exam) (" + selector + ") > 0",
		TitleFormat: "Sessions of exam {{exam}}", TextFormat: "The exam had sessions at this time, not counting checks. The metrics do not contain its schedule.", TagKeys: "exam",
	}
}

// bounds draws a direction's minimum and recommendation as lines.
func bounds(side, direction string) []grafana.Target {
	return []grafana.Target{
		grafana.Over("minimum", bits("max("+of("examlink_"+side+"_minimum_rate_bytes_per_second", direction)+")")),
		grafana.Over("recommended", bits("max("+of("examlink_"+side+"_recommended_rate_bytes_per_second", direction)+")")),
	}
}

// bounded styles the lines of bounds.
func bounded() []grafana.Option {
	return []grafana.Option{grafana.Bound("minimum", grafana.Bad), grafana.Bound("recommended", grafana.Good), grafana.FromZero()}
}
