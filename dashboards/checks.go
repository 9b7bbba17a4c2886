package dashboards

import "examlink/dashboards/grafana"

// missing is what this dashboard would show if the metrics had it.
const missing = `Metrics do not carry **who has and has not tested** by 72 hours before the exam, nor which exam a check was for. A **verdict** is the client's own word, by the policy it was given; a check that broke off has none. A student who tests five times is in it five times.

In the time of an exam, the rates include those of its floor tests: look at the days before. The bounds are those of the default policy, since they are the histogram's buckets.`

// checks answers: do the links that are tested ahead of an exam carry it?
func checks() *grafana.Dashboard {
	d := grafana.New(uidChecks, "examlink / Checks ahead of an exam", "What checks ahead of exams find, as far as the metrics tell.", tag)
	d.Time.From = "now-7d"
	d.Templating = variables("examlink_server_sessions")
	d.Annotations.List = []grafana.Annotation{warnings(`,job=~"$job|"`), occupied(of("examlink_exam_sessions"))}
	const read = "examlink_server_rate_bytes_per_second"
	share := func(title, direction, bound, words string, asked grafana.Step) grafana.Panel {
		match := `direction="` + direction + `"`
		expr := "1 - sum(increase(" + of(read+"_bucket", match, `le=~"`+bound+`(\\.0)?"`) + "[$__range])) / sum(increase(" + of(read+"_count", match) + "[$__range]))"
		return grafana.NewStat(title, words, unitShare, "no rate was read", []grafana.Target{grafana.Now("", expr)},
			grafana.Colored(grafana.At(0, grafana.Bad), grafana.At(.8, grafana.Uneasy), asked))
	}
	const verdicts, criteria = "examlink_server_verdicts_total", "examlink_server_verdict_criteria_total"
	came := func(title, outcome, words string, colors ...grafana.Step) grafana.Panel {
		expr := "sum(increase(" + of(verdicts, `outcome=~"`+outcome+`"`) + "[$__range])) / sum(increase(" + of(verdicts) + "[$__range]))"
		return grafana.NewStat(title, words, unitShare, "no verdict was told", []grafana.Target{grafana.Now("", expr)}, grafana.Colored(colors...))
	}
	perHour := func(p grafana.Panel) grafana.Panel { p.Interval = "1h"; return p }
	against := func(title, finding, words string) grafana.Panel {
		expr := "sum by (criterion) (" + increase(of(criteria, `finding="`+finding+`"`)) + ") > 0"
		return perHour(grafana.NewTimeSeries(title, words, unitCount, "nothing", []grafana.Target{grafana.Over("{{criterion}}", expr)}, grafana.FromZero()))
	}
	note := grafana.NewText("What is not here", missing)
	d.Add(grafana.Mid-2, 1, note)
	d.AddRow("Verdicts, the time shown as one", grafana.Low, 4,
		grafana.NewStat("Checks with a verdict", "How many checks have told what they came to?", unitCount, noData,
			[]grafana.Target{grafana.Now("", "sum(increase("+of(verdicts)+"[$__range]))")}),
		came("Ready, or only just", "ready|marginal", "What share of the checks found every minimum met?", grafana.At(0, grafana.Bad), grafana.At(.8, grafana.Uneasy), grafana.At(.95, grafana.Good)),
		came("Not ready", "not ready", "What share of the checks found a minimum missed?", grafana.At(0, grafana.Good), grafana.At(.05, grafana.Uneasy), grafana.At(.2, grafana.Bad)),
		came("Inconclusive", "inconclusive", "What share of the checks could not tell? Those students are asked to test again.", grafana.At(0, grafana.Good), grafana.At(.05, grafana.Uneasy), grafana.At(.2, grafana.Bad)),
	)
	d.AddRow("Verdicts over time", grafana.Mid, 2,
		perHour(grafana.NewTimeSeries("Verdicts", "What did the checks of each hour come to?", unitCount, noData,
			[]grafana.Target{grafana.Over("{{outcome}}", "sum by (outcome) ("+increase(of(verdicts))+")")},
			append(outcomes(), grafana.FromZero(), grafana.Stacked())...)),
		against("Minimum missed", "missed", "Which criteria made checks say not ready?"),
		against("Could not be told", "unclear", "Which criteria could checks not decide?"),
		against("Recommended not met", "below-recommended", "Which criteria met the minimum alone?"),
	)
	d.AddRow("Rates, the time shown as one", grafana.Low, 4,
		share("Up, above the minimum", "up", "48000", "What share of the rates read up is above 0.384 Mbit/s?", grafana.At(.95, grafana.Good)),
		share("Up, above the recommended", "up", "125000", "What share of the rates read up is above 1.0 Mbit/s?", grafana.At(.95, grafana.Good)),
		share("Down, above the minimum", "down", "96000", "What share of the rates read down is above 0.768 Mbit/s?", grafana.At(.95, grafana.Good)),
		share("Down, above the recommended", "down", "187500", "What share of the rates read down is above 1.5 Mbit/s?", grafana.At(.95, grafana.Good)),
	)
	d.AddRow("Over time", grafana.Mid, 2,
		perHour(grafana.NewTimeSeries("Sessions started", "When do students test? A check is one session; so is a watch.", unitCount, noData,
			[]grafana.Target{grafana.Over("sessions", "sum("+increase(of("examlink_server_sessions_started_total"))+")")}, grafana.FromZero())),
		perHour(grafana.NewTimeSeries("Rates read", "How many rates stand behind the shares on this page? Few say little.", unitCount, noData,
			[]grafana.Target{grafana.Over("{{direction}}", "sum by (direction) ("+increase(of(read+"_count"))+")")}, grafana.FromZero())),
		perHour(rateShares("Up against the policy", "up", "48000", "125000")),
		perHour(rateShares("Down against the policy", "down", "96000", "187500")),
		perHour(grafana.NewTimeSeries("Trains", "How many trains were run, for checks and for floor tests?", unitCount, noData,
			[]grafana.Target{grafana.Over("{{direction}}", "sum by (direction) ("+increase(of("examlink_server_trains_total"))+")")}, grafana.FromZero())),
		perHour(grafana.NewTimeSeries("Sessions that could not test", "Were students turned away, and why? Version and token are the student's side, the others ours.", unitCount, noData,
			[]grafana.Target{grafana.Over("{{reason}}", "sum by (reason) ("+increase(of("examlink_server_requests_refused_total"))+")")}, grafana.FromZero())),
		perHour(grafana.NewTimeSeries("Goodput measured", "How much was sent in streams that measure goodput? Only checks open them, so this is when checks were made.", unitBytes, noData,
			[]grafana.Target{grafana.Over("{{direction}}", "sum by (direction) ("+increase(of("examlink_server_goodput_bytes_total"))+")")}, grafana.FromZero())),
		perHour(grafana.NewTimeSeries("Connections by transport", "How many of those who test sit behind a network that blocks UDP?", unitCount, noData,
			[]grafana.Target{grafana.Over("{{transport}}", "sum by (transport) ("+increase(of("examlink_server_connections_total"))+")")}, grafana.FromZero())),
	)
	return d
}
