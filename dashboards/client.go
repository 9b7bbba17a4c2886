package dashboards

import "examlink/dashboards/grafana"

// client answers: what does the student's own client see of the link?
func client() *grafana.Dashboard {
	d := grafana.New(uidClient, "examlink / Client", "One student's client, from its own metrics. They are served on the loopback: Prometheus must run on the same machine, or be let through.", tag)
	d.Templating = variables("examlink_client_connected")
	d.Annotations.List = []grafana.Annotation{{
		Name: "Warnings", Datasource: grafana.Chosen(), Enable: true, IconColor: grafana.Bad, Step: "15s",
		Expr:        of("examlink_client_warning_active") + " > 0",
		TitleFormat: "{{kind}}", TextFormat: "The client warns of {{kind}}.", TagKeys: "kind",
	}}
	ratio := func(title, direction, words string) grafana.Panel {
		return grafana.NewStat(title, words, unitShare, noData,
			[]grafana.Target{grafana.Now("{{instance}}", of("examlink_client_rate_bytes_per_second", direction)+" / "+of("examlink_client_minimum_rate_bytes_per_second", direction))},
			grafana.Colored(grafana.At(0, grafana.Bad), grafana.At(1, grafana.Good)))
	}
	d.AddRow("Now", grafana.Low, 6,
		grafana.NewStat("Server", "Does the server answer the client?", unitCount, noData,
			[]grafana.Target{grafana.Now("{{instance}}", of("examlink_client_connected"))}, grafana.Worded(yesNo("answers", "does not answer"))),
		ratio("Upload to the minimum", up, "Is the upload that the last floor test read at least the minimum? 100 % is the minimum. Nothing when the test found only a bound."),
		ratio("Download to the minimum", down, "Is the download that the last floor test read at least the minimum? 100 % is the minimum. Nothing when the test found only a bound."),
		grafana.NewStat("Warnings standing", "How many warnings stand?", unitCount, noData,
			[]grafana.Target{grafana.Now("{{instance}}", "sum by (instance) ("+of("examlink_client_warning_active")+")")}, counted(3)),
		grafana.NewStat("Age of the rates", "How long ago did the last floor test end?", unitSeconds, noData,
			[]grafana.Target{grafana.Now("{{direction}}", "time() - max by (direction) ("+of("examlink_client_floor_test_timestamp_seconds")+")")}),
		grafana.NewStat("Reports waiting", "How many warnings and minutes has the server not taken yet?", unitCount, noData,
			[]grafana.Target{grafana.Now("{{instance}}", of("examlink_client_reports_waiting"))}, counted(60)),
	)
	d.AddRow("States", grafana.Mid, 2,
		grafana.NewStateTimeline("Connection", "When did the server answer? A gap is a time in which nothing is known: no client, or no scrape.", noData,
			[]grafana.Target{grafana.Over("{{instance}}", of("examlink_client_connected"))}, yesNo("answers", "does not answer")),
		grafana.NewStateTimeline("Warnings", "Which warnings stood when?", noData,
			[]grafana.Target{grafana.Over("{{kind}}", "max by (kind) ("+of("examlink_client_warning_active")+")")},
			grafana.Texts(noData, grafana.Result{Value: "0", Text: "none", Color: grafana.Unknown}, grafana.Result{Value: "1", Text: "stands", Color: grafana.Uneasy})),
	)
	lines := func(direction string) []grafana.Target {
		return append([]grafana.Target{
			grafana.Over("rate", bits("max("+of("examlink_client_rate_bytes_per_second", direction)+")")),
			grafana.Over("at least", bits("max("+of("examlink_client_rate_lower_bound_bytes_per_second", direction)+")")),
		}, bounds("client", direction)...)
	}
	d.AddRow("Rates", grafana.Mid, 2,
		grafana.NewTimeSeries("Upload", "Does the link send what the exam asks for? Counted by the server.", unitBits, noData, lines(up), bounded()...),
		grafana.NewTimeSeries("Download", "Does the link receive what the exam asks for? Counted by the client.", unitBits, noData, lines(down), bounded()...),
		grafana.NewTimeSeries("Floor tests", "What did floor tests find, and how often could they not tell?", unitCount, noData,
			[]grafana.Target{grafana.Over("{{direction}} {{outcome}}", "sum by (direction, outcome) ("+increase(of("examlink_client_floor_tests_total"))+")")}, grafana.FromZero()),
		grafana.NewTimeSeries("Glances", "What did glances, the small trains between floor tests, find?", unitCount, noData,
			[]grafana.Target{grafana.Over("{{direction}} {{outcome}}", "sum by (direction, outcome) ("+increase(of("examlink_client_glances_total"))+")")}, grafana.FromZero()),
	)
	d.AddRow("Packets", grafana.Mid, 3,
		grafana.NewTimeSeries("Loss", "What share of probes got lost, in which direction? Unknown: no echo told, as in an interruption.", unitShare, noData,
			[]grafana.Target{grafana.Over("{{direction}}", "sum by (direction) ("+rate(of("examlink_client_probes_lost_total"))+") / ignoring (direction) group_left () sum("+rate(of("examlink_client_probes_sent_total"))+")")}, grafana.FromZero()),
		grafana.NewTimeSeries("Probes", "Do probes leave and come back at their pace?", unitPackets, noData,
			[]grafana.Target{
				grafana.Over("sent", "sum("+rate(of("examlink_client_probes_sent_total"))+")"),
				grafana.Over("answered", "sum("+rate(of("examlink_client_probes_received_total"))+")"),
				grafana.Over("over TCP", "sum("+rate(of("examlink_client_probes_over_tcp_total"))+")"),
			}, grafana.FromZero()),
		grafana.NewTimeSeries("Echoes out of the ordinary", "Do echoes come late, twice or out of order?", unitPackets, noData,
			[]grafana.Target{
				grafana.Over("late", "sum("+rate(of("examlink_client_echoes_late_total"))+")"),
				grafana.Over("twice", "sum("+rate(of("examlink_client_echoes_duplicate_total"))+")"),
				grafana.Over("out of order", "sum("+rate(of("examlink_client_echoes_reordered_total"))+")"),
			}, grafana.FromZero()),
	)
	d.AddRow("Delay", grafana.Mid, 3,
		grafana.NewTimeSeries("Round-trip delay", "How long does an answer take, in the median and for the slowest twentieth?", unitSeconds, noData,
			[]grafana.Target{
				grafana.Over("median", quantile(".5", "examlink_client_round_trip_delay_seconds", nil)),
				grafana.Over("95 %", quantile(".95", "examlink_client_round_trip_delay_seconds", nil)),
			}, grafana.FromZero()),
		grafana.NewHeatmap("Round-trip delays", "How are round-trip delays spread?", unitSeconds, noData,
			[]grafana.Target{grafana.Buckets("sum by (le) (" + increase(of("examlink_client_round_trip_delay_seconds_bucket")) + ")")}),
		grafana.NewTimeSeries("Delay variation", "How far above the lowest delay are the slowest hundredth, each way? This is what policies bound.", unitSeconds, noData,
			[]grafana.Target{grafana.Over("{{direction}}", quantile(".99", "examlink_client_pdv_seconds", []string{"direction"}))}, grafana.FromZero()),
		grafana.NewTimeSeries("One-way delay", "How long does each way take, in the median? Wrong by up to the error bound, in opposite senses.", unitSeconds, noData,
			[]grafana.Target{
				grafana.Over("{{direction}}", quantile(".5", "examlink_client_one_way_delay_seconds", []string{"direction"})),
				grafana.Over("error bound", "max("+of("examlink_client_one_way_delay_error_bound_seconds")+")"),
			}, grafana.FromZero()),
		grafana.NewTimeSeries("Change from packet to packet", "How much does delay change from one packet to the next, in the median?", unitSeconds, noData,
			[]grafana.Target{grafana.Over("{{direction}}", quantile(".5", "examlink_client_ipdv_seconds", []string{"direction"}))}, grafana.FromZero()),
		grafana.NewTimeSeries("Interarrival jitter (RFC 3550)", "What would a video call's own statistics say?", unitSeconds, noData,
			[]grafana.Target{grafana.Over("{{direction}}", "max by (direction) ("+of("examlink_client_rfc3550_jitter_seconds")+")")}, grafana.FromZero()),
	)
	d.AddRow("The instrument", grafana.Mid, 3,
		grafana.NewTimeSeries("Lateness of probes", "How late does this computer send? What it adds is no fault of the network.", unitSeconds, noData,
			[]grafana.Target{
				grafana.Over("median", quantile(".5", "examlink_client_pacing_lateness_seconds", nil)),
				grafana.Over("99 %", quantile(".99", "examlink_client_pacing_lateness_seconds", nil)),
			}, grafana.FromZero()),
		grafana.NewTimeSeries("Lag in reading", "How long do echoes lie in this computer before they are read? It is in none of the delays.", unitSeconds, noData,
			[]grafana.Target{grafana.Over("99 %", quantile(".99", "examlink_client_receive_lag_seconds", nil))}, grafana.FromZero()),
		grafana.NewTimeSeries("Not sent, or dropped here", "What did this computer itself not send on time, or drop?", unitPackets, noData,
			[]grafana.Target{
				grafana.Over("not sent", "sum("+rate(of("examlink_client_probes_unsent_total"))+")"),
				grafana.Over("dropped", "sum("+rate(of("examlink_client_local_drops_total"))+")"),
			}, grafana.FromZero()),
		grafana.NewTimeSeries("Cost of floor tests", "How much of the link do floor tests take?", unitBits, noData,
			[]grafana.Target{grafana.Over("{{direction}}", bits("sum by (direction) ("+rate(of("examlink_client_floor_test_bytes_total"))+")"))}, grafana.FromZero()),
		grafana.NewTimeSeries("Warnings raised", "What was warned of, and how often?", unitCount, noData,
			[]grafana.Target{grafana.Over("{{kind}}", "sum by (kind) ("+increase(of("examlink_client_warnings_total"))+")")}, grafana.FromZero()),
		grafana.NewTimeSeries("Reports", "Does the server take what the client reports?", unitCount, noData,
			[]grafana.Target{
				grafana.Over("taken", "sum("+increase(of("examlink_client_reports_taken_total"))+")"),
				grafana.Over("refused", "sum("+increase(of("examlink_client_reports_refused_total"))+")"),
				grafana.Over("no room", "sum("+increase(of("examlink_client_reports_dropped_total"))+")"),
			}, grafana.FromZero()),
	)
	return d
}
