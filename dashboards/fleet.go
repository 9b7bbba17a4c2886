package dashboards

import "examlink/dashboards/grafana"

// fleet answers: does any exam on any server need attention now?
func fleet() *grafana.Dashboard {
	d := grafana.New(uidFleet, "examlink / Fleet and exams", "All exams on all servers: which need attention, now and over time.", tag)
	d.Templating = variables("examlink_server_sessions")
	d.Annotations.List = []grafana.Annotation{warnings(`,job=~"$job|"`), occupied(of("examlink_exam_sessions", watching))}
	toExam := link("Exam ${__data.fields.Exam}", uidExam, "&var-exam=${__data.fields.Exam}")
	labelled := link("Exam ${__field.labels.exam}", uidExam, "&var-exam=${__field.labels.exam}")
	toHealth := link("Server and instrument health", uidHealth, "")

	d.AddRow("Now", grafana.Low, 6,
		grafana.NewStat("Live sessions", "Sessions during exams on the selected servers whose packets are arriving, without checks.", unitCount, noData,
			[]grafana.Target{grafana.Now("", "sum("+of("examlink_server_sessions", watching, `state="live"`)+")")}),
		grafana.NewStat("Silent sessions", "Sessions without packets for at least server.silence.suspect (1 s by default): suspect, dropped or exam-relevant.", unitCount, noData,
			[]grafana.Target{grafana.Now("", "sum("+of("examlink_server_sessions", watching, silent)+")")}, counted(5)),
		grafana.NewStat("Below minimum", "Sessions whose last rate, with its error, is below the policy's minimum: up as measured by the server, down as reported by clients. Sessions whose rate is not known are not counted; if none is known, neither is this.", unitCount, notKnown,
			[]grafana.Target{grafana.Now("{{direction}}", ratesBelow("direction", of))}, counted(5)),
		grafana.NewStat("Over WebSocket", "Share of sessions that run over TCP because their network blocks UDP.", unitShare, noData,
			[]grafana.Target{grafana.Now("", "sum("+of("examlink_server_session_transports", `transport="websocket"`)+") / sum("+of("examlink_server_session_transports")+")")}),
		grafana.NewStat("Servers down", "Scrape targets whose last scrape failed.", unitCount, noData,
			[]grafana.Target{grafana.Now("", "count("+of("up")+") - sum("+of("up")+")")}, counted(1), grafana.Linked(toHealth)),
		grafana.NewStat("Sessions without series", "Sessions without series of their own because there are more sessions than the limit. They are included in the per-exam figures, but not in the session tables and the session dashboard.", unitCount, noData,
			[]grafana.Target{grafana.Now("", "sum("+of("examlink_server_sessions_without_series")+")")}, counted(100), grafana.Linked(toHealth)),
	)
	d.Add(grafana.Low, 3,
		grafana.NewStat("Alerts firing", "How many alerts are firing? No data means that Prometheus has not loaded the rules; its page /rules shows them.", unitCount, noData,
			[]grafana.Target{grafana.Now("", `count(ALERTS{alertname=~"Examlink.+",alertstate="firing"}) or 0 * sum(`+of("instance:examlink_server_sessions:sum")+")")}, counted(1)),
		grafana.NewStat("Rates not known", "Sessions during exams whose rate is not known, because they are silent or no test has ended yet.", unitCount, noData,
			[]grafana.Target{grafana.Now("{{direction}}", "sum by (direction) ("+of("examlink_exam_rate_sessions", watching, `outcome="unknown"`)+")")}, grafana.Colored(grafana.At(0, grafana.Good), grafana.At(1, grafana.Uneasy))),
		grafana.NewStat("Checks running", "Checks before an exam that run now. A check that was broken off is not counted.", unitCount, noData,
			[]grafana.Target{grafana.Now("", "sum("+of("examlink_server_sessions", checking, `state=~"connected|live"`)+")")}),
	)
	d.AddRow("Exams", grafana.High, 2,
		grafana.NewTable("Exams now", "Which exams need attention? Shows the sessions of each exam, and how many have a problem.", noData, []string{"Silent", "Upload below minimum"}, []grafana.Column{
			{Label: "exam", Title: "Exam", Unit: "string", Links: []grafana.DataLink{toExam}},
			{Title: "Sessions", Unit: unitCount, Expr: "sum by (exam) (" + of("examlink_exam_sessions", watching) + ")"},
			{Title: "Silent", Unit: unitCount, Expr: "sum by (exam) (" + of("examlink_exam_sessions", watching, silent) + ")", Steps: []grafana.Step{grafana.At(0, grafana.Good), grafana.At(1, grafana.Uneasy), grafana.At(5, grafana.Bad)}},
			{Title: "Upload below minimum", Unit: unitCount, Expr: ratesBelow("exam", of, up), Mappings: grafana.Texts(notKnown), Steps: []grafana.Step{grafana.At(0, grafana.Good), grafana.At(1, grafana.Uneasy)}},
			{Title: "Download below minimum", Unit: unitCount, Expr: ratesBelow("exam", of, down), Mappings: grafana.Texts(notKnown), Steps: []grafana.Step{grafana.At(0, grafana.Good), grafana.At(1, grafana.Uneasy)}},
		}),
		grafana.NewTable("Firing alerts", "Which alerts are firing, and since when? The panel Alerts firing tells an empty table of none from one without rules. An alert on a server has neither exam nor session.", noData, []string{"Active for"}, []grafana.Column{
			{Label: "alertname", Title: "Alert", Unit: "string"},
			{Label: "severity", Title: "Severity", Unit: "string"},
			{Label: "exam", Title: "Exam", Unit: "string", Empty: "none"},
			{Label: "session", Title: "Session", Unit: "string", Empty: "none"},
			{Label: "instance", Title: "Server", Unit: "string", Empty: "none"},
			{Title: "Active for", Unit: unitSeconds, Expr: `max by (alertname, severity, exam, session, instance) ((time() - ALERTS_FOR_STATE{alertname=~"Examlink.+"}) and ignoring (alertstate) ALERTS{alertname=~"Examlink.+",alertstate="firing"})`},
		}),
	)
	d.AddRow("Sessions over time", grafana.Mid, 3,
		grafana.NewTimeSeries("Sessions by exam", "How many sessions does each exam have?", unitCount, noData,
			[]grafana.Target{grafana.Over("{{exam}}", "sum by (exam) ("+of("examlink_exam_sessions", watching)+")")}, grafana.FromZero(), grafana.Linked(labelled)),
		grafana.NewTimeSeries("Silent sessions by exam", "How many sessions of each exam are silent?", unitCount, noData,
			[]grafana.Target{grafana.Over("{{exam}}", "sum by (exam) ("+of("examlink_exam_sessions", watching, silent)+")")}, grafana.FromZero(), grafana.Linked(labelled)),
		grafana.NewTimeSeries("Sessions by state", "How many sessions are in each state?", unitCount, noData,
			[]grafana.Target{grafana.Over("{{state}}", "sum by (state) ("+of("examlink_server_sessions", watching)+")")}, byState()...),
	)
	d.AddRow("Alerts and rates over time", grafana.Mid, 2,
		grafana.NewTimeSeries("Alerts raised by servers", "Which alerts did the servers themselves raise, and how often? recovered counts alerts that cleared.", unitCount, noData,
			[]grafana.Target{grafana.Over("{{kind}}", "sum by (kind) ("+increase(of("examlink_server_warnings_total"))+")")}, grafana.FromZero()),
		grafana.NewTimeSeries("Sessions below minimum", "What share of the sessions has a rate below the policy's minimum, of those whose rate is known? A lower bound is sufficient to meet it.", unitShare, notKnown,
			[]grafana.Target{grafana.Over("up", sessionsBelow(up)), grafana.Over("down", sessionsBelow(down))}, grafana.Within(0, 1)),
	)
	return d
}
