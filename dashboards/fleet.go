package dashboards

import "examlink/dashboards/grafana"

// fleet answers: is anything wrong with any exam, on any server, now?
func fleet() *grafana.Dashboard {
	d := grafana.New(uidFleet, "examlink / Fleet and exams", "All exams on all servers: which need a look, now and over the time shown.", tag)
	d.Templating = variables("examlink_server_sessions")
	d.Annotations.List = []grafana.Annotation{warnings(`,job=~"$job|"`), occupied(of("examlink_exam_sessions"))}
	toExam := link("The exam ${__data.fields.Exam}", uidExam, "&var-exam=${__data.fields.Exam}")
	labelled := link("The exam ${__field.labels.exam}", uidExam, "&var-exam=${__field.labels.exam}")
	toHealth := link("Server and instrument health", uidHealth, "")

	d.AddRow("Now", grafana.Low, 6,
		grafana.NewStat("Sessions live", "Sessions whose packets arrive, on the servers chosen.", unitCount, noData,
			[]grafana.Target{grafana.Now("", "sum("+of("examlink_server_sessions", `state="live"`)+")")}),
		grafana.NewStat("Sessions silent", "Sessions from which nothing has come for a second or more: suspect, dropped or exam-relevant by the server's own timers.", unitCount, noData,
			[]grafana.Target{grafana.Now("", "sum("+of("examlink_server_sessions", silent)+")")}, counted(5)),
		grafana.NewStat("Below the minimum", "Sessions whose last rate is known and below the policy's minimum. Up as the server read it, down as clients claim it. A rate that is not known counts in neither.", unitCount, noData,
			[]grafana.Target{grafana.Now("{{direction}}", "sum by (direction) ("+of("examlink_exam_below_minimum_sessions")+")")}, counted(5)),
		grafana.NewStat("By WebSocket", "Share of sessions whose network blocks UDP, so that everything goes by TCP.", unitShare, noData,
			[]grafana.Target{grafana.Now("", "sum("+of("examlink_server_session_transports", `transport="websocket"`)+") / sum("+of("examlink_server_session_transports")+")")}),
		grafana.NewStat("Servers not answering", "Servers that Prometheus knows and whose last scrape failed.", unitCount, noData,
			[]grafana.Target{grafana.Now("", "count("+of("up")+") - sum("+of("up")+")")}, counted(1), grafana.Linked(toHealth)),
		grafana.NewStat("Sessions without series", "Live sessions left out of the series by session because there are more than the cap allows. They are in the figures by exam, and not on the session dashboard.", unitCount, noData,
			[]grafana.Target{grafana.Now("", "sum("+of("examlink_server_sessions_without_series")+")")}, counted(100), grafana.Linked(toHealth)),
	)
	d.AddRow("Exams", grafana.High, 2,
		grafana.NewTable("Exams now", "Which exam needs a look? Each exam's sessions, by what is wrong with them.", noData, []string{"Silent", "Below minimum up"}, []grafana.Column{
			{Label: "exam", Title: "Exam", Unit: "string", Links: []grafana.DataLink{toExam}},
			{Title: "Sessions", Unit: unitCount, Expr: "sum by (exam) (" + of("examlink_exam_sessions") + ")"},
			{Title: "Silent", Unit: unitCount, Expr: "sum by (exam) (" + of("examlink_exam_sessions", silent) + ")", Steps: []grafana.Step{grafana.At(0, grafana.Good), grafana.At(1, grafana.Uneasy), grafana.At(5, grafana.Bad)}},
			{Title: "Below minimum up", Unit: unitCount, Expr: "sum by (exam) (" + of("examlink_exam_below_minimum_sessions", up) + ")", Steps: []grafana.Step{grafana.At(0, grafana.Good), grafana.At(1, grafana.Uneasy)}},
			{Title: "Below minimum down", Unit: unitCount, Expr: "sum by (exam) (" + of("examlink_exam_below_minimum_sessions", down) + ")", Steps: []grafana.Step{grafana.At(0, grafana.Good), grafana.At(1, grafana.Uneasy)}},
		}),
		grafana.NewTable("Warnings firing", "What do the alerting rules say now, and for how long? When the table is empty none fires, or Prometheus has not loaded the rules: its page /rules tells.", "none firing, or no rules", []string{"For"}, []grafana.Column{
			{Label: "alertname", Title: "Warning", Unit: "string"},
			{Label: "severity", Title: "Severity", Unit: "string"},
			{Label: "exam", Title: "Exam", Unit: "string"},
			{Label: "session", Title: "Session", Unit: "string"},
			{Label: "instance", Title: "Server", Unit: "string"},
			{Title: "For", Unit: unitSeconds, Expr: `max by (alertname, severity, exam, session, instance) ((time() - ALERTS_FOR_STATE{alertname=~"Examlink.+"}) and ignoring (alertstate) ALERTS{alertname=~"Examlink.+",alertstate="firing"})`},
		}),
	)
	d.AddRow("Sessions over time", grafana.Mid, 3,
		grafana.NewTimeSeries("Sessions by exam", "How many sessions has each exam?", unitCount, noData,
			[]grafana.Target{grafana.Over("{{exam}}", "sum by (exam) ("+of("examlink_exam_sessions")+")")}, grafana.FromZero(), grafana.Linked(labelled)),
		grafana.NewTimeSeries("Silent sessions by exam", "In which exams are sessions silent?", unitCount, noData,
			[]grafana.Target{grafana.Over("{{exam}}", "sum by (exam) ("+of("examlink_exam_sessions", silent)+")")}, grafana.FromZero(), grafana.Linked(labelled)),
		grafana.NewTimeSeries("Sessions by state", "What state are sessions in?", unitCount, noData,
			[]grafana.Target{grafana.Over("{{state}}", "sum by (state) ("+of("examlink_server_sessions")+")")}, byState()...),
	)
	d.AddRow("Warnings and rates over time", grafana.Mid, 3,
		grafana.NewTimeSeries("Warnings raised", "What has the server itself warned of, and how often?", unitCount, noData,
			[]grafana.Target{grafana.Over("{{kind}}", "sum by (kind) ("+increase(of("examlink_server_warnings_total"))+")")}, grafana.FromZero()),
		rateShares("Rates up against the policy", "up", "48000", "125000"),
		rateShares("Rates down against the policy", "down", "96000", "187500"),
	)
	return d
}

// rateShares is the share of rates read that fall below the minimum and below
// the recommendation of the default policy, whose bounds are the histogram's
// buckets'.
func rateShares(title, direction, minimum, recommended string) grafana.Panel {
	const metric = "examlink_server_rate_bytes_per_second"
	match := `direction="` + direction + `"`
	p := grafana.NewTimeSeries(title, "What share of the rates read, in checks and in exams, misses the bounds of the default policy? Floor tests that found only a bound are not among them.", unitShare, noData,
		[]grafana.Target{
			grafana.Over("not above the minimum", reaching(metric, minimum, match)),
			grafana.Over("not above the recommended", reaching(metric, recommended, match)),
		}, grafana.Within(0, 1))
	p.Interval = "5m" // rates are read about every 40 s for each session: shorter windows are noise
	return p
}
