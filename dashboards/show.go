package dashboards

import "examlink/dashboards/grafana"

// Units, as Grafana calls them.
const (
	unitBits      = "bps"
	unitSeconds   = "s"
	unitShare     = "percentunit"
	unitCount     = "short"
	unitPackets   = "pps"
	unitBytes     = "bytes"
	unitPerSecond = "ops"
)

// noData is what is shown where nothing is known. It is never a zero.
const noData = "no data"

// below is a value lower than any that is measured: the step that begins there
// is for known values, what lies under it for unknown ones.
const below = -1e15

// counted colours a count of things that ought not to be: none is good, and so
// many are bad.
func counted(bad float64) grafana.Option {
	if bad <= 1 {
		return grafana.Colored(grafana.At(0, grafana.Good), grafana.At(bad, grafana.Bad))
	}
	return grafana.Colored(grafana.At(0, grafana.Good), grafana.At(1, grafana.Uneasy), grafana.At(bad, grafana.Bad))
}

// A session's states, in the colours that they have everywhere.
const (
	isConnected = "blue"
	isLive      = grafana.Good
	isSuspect   = "yellow"
	isDropped   = grafana.Uneasy
	isRelevant  = grafana.Bad
)

// sessionStates are the values of examlink_session_state.
func sessionStates() []grafana.Mapping {
	return grafana.Texts(noData,
		grafana.Result{Value: "0", Text: "connected, no probe yet", Color: isConnected},
		grafana.Result{Value: "1", Text: "live", Color: isLive},
		grafana.Result{Value: "2", Text: "suspect", Color: isSuspect},
		grafana.Result{Value: "3", Text: "dropped", Color: isDropped},
		grafana.Result{Value: "4", Text: "exam-relevant", Color: isRelevant},
	)
}

// byState stacks counts of sessions, each state in its colour.
func byState() []grafana.Option {
	return []grafana.Option{
		grafana.FromZero(), grafana.Stacked(), grafana.Painted("connected", isConnected), grafana.Painted("live", isLive),
		grafana.Painted("suspect", isSuspect), grafana.Painted("dropped", isDropped), grafana.Painted("exam-relevant", isRelevant),
	}
}

// outcomes are the verdicts' colours.
func outcomes() []grafana.Option {
	return []grafana.Option{
		grafana.Painted("ready", grafana.Good), grafana.Painted("marginal", "yellow"),
		grafana.Painted("not ready", grafana.Bad), grafana.Painted("inconclusive", grafana.Unknown),
	}
}

// transports are the values of examlink_session_transport_websocket.
func transports() []grafana.Mapping {
	return grafana.Texts(noData,
		grafana.Result{Value: "0", Text: "UDP", Color: grafana.Good},
		grafana.Result{Value: "1", Text: "WebSocket (UDP blocked)", Color: grafana.Uneasy},
	)
}

// yesNo are the values of a gauge that is 1 when all is well.
func yesNo(yes, no string) []grafana.Mapping {
	return grafana.Texts(noData,
		grafana.Result{Value: "1", Text: yes, Color: grafana.Good},
		grafana.Result{Value: "0", Text: no, Color: grafana.Bad},
	)
}

// link leads to another dashboard and takes time, data source, job and instance along.
func link(title, uid, more string) grafana.DataLink {
	return grafana.DataLink{Title: title, URL: "/d/" + uid + "?${__url_time_range}&${datasource:queryparam}&${job:queryparam}&${instance:queryparam}" + more}
}

// warnings marks when alerts fired, and occupied when an exam had sessions: the
// closest to its window that the metrics know.
func warnings(matchers string) grafana.Annotation {
	return grafana.Annotation{
		Name: "Warnings", Datasource: grafana.Chosen(), Enable: true, IconColor: grafana.Bad, Step: "15s",
		Expr:        `ALERTS{alertstate="firing",alertname=~"Examlink.+"` + matchers + `}`,
		TitleFormat: "{{alertname}}", TextFormat: "exam {{exam}}, session {{session}}, server {{instance}}", TagKeys: "severity",
	}
}

func occupied(selector string) grafana.Annotation {
	return grafana.Annotation{
		Name: "Exams with sessions", Datasource: grafana.Chosen(), Enable: true, IconColor: "blue", Step: "1m",
		Expr:        "sum by (exam) (" + selector + ") > 0",
		TitleFormat: "Sessions of exam {{exam}}", TextFormat: "Sessions of this exam were there. When the exam was planned is not in the metrics.", TagKeys: "exam",
	}
}

// bounds are a direction's minimum and recommendation, as lines.
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
