package dashboards

import "examlink/dashboards/grafana"

// missing explains what the metrics do not contain.
const missing = `Except for the first row, these panels do not show **which exam a check was for**. The first row counts the students of exams with a roster; ` + "`examlink-server exam status`" + ` names them. A **verdict** is reported by the client, under the policy it was given; an aborted check has none. A student who runs five checks is counted five times.

**Rate tests** are the trains of checks, compared with the minimum of the server's policy when they ran. A slow link takes more of them than a fast one.`

// checks answers: are the links checked before an exam good enough for it?
func checks() *grafana.Dashboard {
	d := grafana.New(uidChecks, "examlink / Checks before an exam", "Results of checks run before exams.", tag)
	d.Time.From = "now-7d"
	d.Templating = variables("examlink_server_sessions")
	d.Annotations.List = []grafana.Annotation{warnings(`,job=~"$job|"`), occupied(of("examlink_exam_sessions", watching))}
	share := func(title, criterion, findings, words string) grafana.Panel {
		return grafana.NewStat(title, words+" Checks that could not tell are left out.", unitShare, "no verdict reported",
			[]grafana.Target{grafana.Now("", "1 - "+checked(criterion, findings, "$__range"))},
			grafana.Colored(grafana.At(0, grafana.Bad), grafana.At(.8, grafana.Uneasy), grafana.At(.95, grafana.Good)))
	}
	const verdicts, criteria = "examlink_server_verdicts_total", "examlink_server_verdict_criteria_total"
	came := func(title, outcome, words string, colors ...grafana.Step) grafana.Panel {
		expr := "sum(increase(" + of(verdicts, `outcome=~"`+outcome+`"`) + "[$__range])) / sum(increase(" + of(verdicts) + "[$__range]))"
		return grafana.NewStat(title, words, unitShare, "no verdict reported", []grafana.Target{grafana.Now("", expr)}, grafana.Colored(colors...))
	}
	perHour := func(p grafana.Panel) grafana.Panel { p.Interval = "1h"; return p }
	against := func(title, finding, words string) grafana.Panel {
		expr := "sum by (criterion) (" + increase(of(criteria, `finding="`+finding+`"`)) + ") > 0"
		return perHour(grafana.NewTimeSeries(title, words, unitCount, "none, or no data", []grafana.Target{grafana.Over("{{criterion}}", expr)}, grafana.FromZero()))
	}
	missed := func(title, criterion string) grafana.Panel {
		return grafana.NewTimeSeries(title, "What share of the checks in each hour missed the minimum, and what share missed the recommendation? Checks that could not tell are left out.", unitShare, "no verdict reported",
			[]grafana.Target{
				grafana.Over("below minimum", checked(criterion, "missed", "$__rate_interval")),
				grafana.Over("below recommended", checked(criterion, "missed|below-recommended", "$__rate_interval")),
			}, grafana.Within(0, 1))
	}
	note := grafana.NewText("Limitations", missing)
	d.Add(grafana.Mid-2, 1, note)
	d.AddRow("Exams ahead", grafana.Mid, 2, funnel()...)
	d.AddRow("Verdicts in the selected time range", grafana.Low, 4,
		grafana.NewStat("Checks with a verdict", "How many checks reported a verdict?", unitCount, noData,
			[]grafana.Target{grafana.Now("", "sum(increase("+of(verdicts)+"[$__range]))")}),
		came("Ready or marginal", "ready|marginal", "What share of the verdicts found every minimum met?", grafana.At(0, grafana.Bad), grafana.At(.8, grafana.Uneasy), grafana.At(.95, grafana.Good)),
		came("Not ready", "not ready", "What share of the verdicts found a minimum missed?", grafana.At(0, grafana.Good), grafana.At(.05, grafana.Uneasy), grafana.At(.2, grafana.Bad)),
		came("Inconclusive", "inconclusive", "What share of the verdicts are undecided? These students should run the check again.", grafana.At(0, grafana.Good), grafana.At(.05, grafana.Uneasy), grafana.At(.2, grafana.Bad)),
	)
	d.AddRow("Verdicts over time", grafana.Mid, 2,
		perHour(grafana.NewTimeSeries("Verdicts", "What verdicts did checks report in each hour?", unitCount, noData,
			[]grafana.Target{grafana.Over("{{outcome}}", "sum by (outcome) ("+increase(of(verdicts))+")")},
			append(outcomes(), grafana.FromZero(), grafana.Stacked())...)),
		against("Criteria missed", "missed", "Which criteria missed the minimum, making the verdict not ready?"),
		against("Criteria undecided", "unclear", "For which criteria could checks not decide whether the minimum is met?"),
		against("Criteria below recommended", "below-recommended", "Which criteria met the minimum, but missed the recommendation or left it undecided?"),
	)
	d.AddRow("Rates by the checks in the selected time range", grafana.Low, 4,
		share("Upload meets minimum", "upload", "missed", "What share of the checks found that the upload rate is at least the policy's minimum?"),
		share("Upload meets recommended", "upload", "missed|below-recommended", "What share of the checks found that the upload rate is at least the one that the policy recommends?"),
		share("Download meets minimum", "download", "missed", "What share of the checks found that the download rate is at least the policy's minimum?"),
		share("Download meets recommended", "download", "missed|below-recommended", "What share of the checks found that the download rate is at least the one that the policy recommends?"),
	)
	d.AddRow("Over time", grafana.Mid, 2,
		perHour(grafana.NewTimeSeries("Sessions started", "When do students run checks? Each check is one session; so is each watch.", unitCount, noData,
			[]grafana.Target{grafana.Over("{{purpose}}", "sum by (purpose) ("+increase(of("examlink_server_sessions_started_total"))+")")}, grafana.FromZero())),
		perHour(grafana.NewTimeSeries("Rate tests", "How many trains of checks met the minimum of the server's policy, were below it, or could not tell?", unitCount, noData,
			[]grafana.Target{grafana.Over("{{direction}} {{outcome}}", "sum by (direction, outcome) ("+increase(of("examlink_server_rate_tests_total", `bound="minimum"`, checking))+")")}, grafana.FromZero())),
		perHour(missed("Upload against the policy", "upload")),
		perHour(missed("Download against the policy", "download")),
		perHour(grafana.NewTimeSeries("Trains", "How many trains were started, for checks, floor tests and glances?", unitCount, noData,
			[]grafana.Target{grafana.Over("{{direction}}", "sum by (direction) ("+increase(of("examlink_server_trains_total"))+")")}, grafana.FromZero())),
		perHour(grafana.NewTimeSeries("Requests refused", "Which handshakes, sessions, trains and reports were refused, and why? token and version point to the student's side, full and shutdown to the server.", unitCount, noData,
			[]grafana.Target{grafana.Over("{{reason}}", "sum by (reason) ("+increase(of("examlink_server_requests_refused_total"))+")")}, grafana.FromZero())),
		perHour(grafana.NewTimeSeries("Goodput measured", "How many bytes did streams that measure goodput carry? Only checks open such streams, so this shows when checks ran.", unitBytes, noData,
			[]grafana.Target{grafana.Over("{{direction}}", "sum by (direction) ("+increase(of("examlink_server_goodput_bytes_total"))+")")}, grafana.FromZero())),
		perHour(grafana.NewTimeSeries("Connections by transport", "How many connections used WebSocket because the network blocks UDP?", unitCount, noData,
			[]grafana.Target{grafana.Over("{{transport}}", "sum by (transport) ("+increase(of("examlink_server_connections_total"))+")")}, grafana.FromZero())),
	)
	return d
}
