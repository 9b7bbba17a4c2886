package dashboards

import "examlink/dashboards/grafana"

// client answers: what does one student's client measure?
func client() *grafana.Dashboard {
	d := grafana.New(uidClient, "examlink / Client", "One student's client, from its own metrics. The client serves them on the loopback interface: Prometheus must run on the same machine or be given access.", tag)
	d.Templating = variables("examlink_client_connected")
	d.Annotations.List = []grafana.Annotation{{
		Name: "Warnings", Datasource: grafana.Chosen(), Enable: true, IconColor: grafana.Bad, Step: "15s",
		Expr:        of("examlink_client_warning_active") + " > 0",
		TitleFormat: "{{kind}}", TextFormat: "Client warning {{kind}} is active.", TagKeys: "kind",
	}}
	result := func(title, direction, words string) grafana.Panel {
		return grafana.NewStat(title, words+" A lower bound is sufficient. Not known before the first test and while the server does not answer.", unitCount, notKnown,
			[]grafana.Target{grafana.Now("{{instance}}", of("examlink_client_floor_test_outcome", direction))}, grafana.Worded(rateOutcomes()))
	}
	d.AddRow("Now", grafana.Low, 6,
		grafana.NewStat("Server connection", "Does the server answer the client?", unitCount, noData,
			[]grafana.Target{grafana.Now("{{instance}}", of("examlink_client_connected"))}, grafana.Worded(yesNo("answering", "not answering"))),
		result("Upload", up, "Did the last floor test find that the upload rate is at least the policy's minimum?"),
		result("Download", down, "Did the last floor test find that the download rate is at least the policy's minimum?"),
		grafana.NewStat("Active warnings", "How many warnings are active?", unitCount, noData,
			[]grafana.Target{grafana.Now("{{instance}}", "sum by (instance) ("+of("examlink_client_warning_active")+")")}, counted(3)),
		grafana.NewStat("Age of the rates", "How long ago did the last floor test end?", unitSeconds, noData,
			[]grafana.Target{grafana.Now("{{direction}}", "time() - max by (direction) ("+of("examlink_client_floor_test_timestamp_seconds")+")")}),
		grafana.NewStat("Reports waiting", "How many reports are queued because the server has not accepted them yet?", unitCount, noData,
			[]grafana.Target{grafana.Now("{{instance}}", of("examlink_client_reports_waiting"))}, counted(60)),
	)
	d.Add(grafana.Low, 2,
		grafana.NewStat("Record", "Could the client write the last line of its record? No data: it keeps none.", unitCount, noData,
			[]grafana.Target{grafana.Now("{{instance}}", of("examlink_client_record_last_write_successful"))}, grafana.Worded(yesNo("written", "cannot write"))),
		grafana.NewStat("Record lines not written", "How many lines of the record could not be written in the selected time range?", unitCount, noData,
			[]grafana.Target{grafana.Now("{{instance}}", "sum by (instance) (increase("+of("examlink_client_record_write_errors_total")+"[$__range]))")}, counted(1)),
	)
	d.AddRow("States", grafana.Mid, 2,
		grafana.NewStateTimeline("Connection", "When did the server answer? A gap means no data: no client, or no scrape.", noData,
			[]grafana.Target{grafana.Over("{{instance}}", of("examlink_client_connected"))}, yesNo("answering", "not answering")),
		grafana.NewStateTimeline("Warnings", "When was each warning active?", noData,
			[]grafana.Target{grafana.Over("{{kind}}", "max by (kind) ("+of("examlink_client_warning_active")+")")},
			grafana.Texts(noData, grafana.Result{Value: "0", Text: "inactive", Color: grafana.Unknown}, grafana.Result{Value: "1", Text: "active", Color: grafana.Uneasy})),
	)
	lines := func(direction string) []grafana.Target {
		known := func(metric string) string {
			return of("examlink_client_"+metric, direction) + " and on (job, instance, direction) " + of("examlink_client_floor_test_outcome", direction)
		}
		return append(rateLines(known("rate_bytes_per_second"), known("rate_lower_bound_bytes_per_second"), known("rate_upper_bound_bytes_per_second")), bounds("client", direction)...)
	}
	d.AddRow("Rates", grafana.Mid, 2,
		grafana.NewTimeSeries("Upload rate", "Is the upload rate sufficient for the exam? Measured at the server.", unitBits, noData, lines(up), bounded()...),
		grafana.NewTimeSeries("Download rate", "Is the download rate sufficient for the exam? Measured at the client.", unitBits, noData, lines(down), bounded()...),
		grafana.NewTimeSeries("Floor tests", "What did floor tests find, and how often were they inconclusive?", unitCount, noData,
			[]grafana.Target{grafana.Over("{{direction}} {{outcome}}", "sum by (direction, outcome) ("+increase(of("examlink_client_floor_tests_total"))+")")}, grafana.FromZero()),
		grafana.NewTimeSeries("Glances", "What did glances, the short trains between floor tests, find?", unitCount, noData,
			[]grafana.Target{grafana.Over("{{direction}} {{outcome}}", "sum by (direction, outcome) ("+increase(of("examlink_client_glances_total"))+")")}, grafana.FromZero()),
	)
	d.AddRow("Packets", grafana.Mid, 3,
		grafana.NewTimeSeries("Loss", "What share of probes was lost, in which direction? The direction is unknown if no echo covered the probe, as during an outage.", unitShare, noData,
			[]grafana.Target{grafana.Over("{{direction}}", "sum by (direction) ("+rate(of("examlink_client_probes_lost_total"))+") / ignoring (direction) group_left () sum("+rate(of("examlink_client_probes_sent_total"))+")")}, grafana.FromZero()),
		grafana.NewTimeSeries("Probes", "Are probes sent and answered at the expected rate?", unitPackets, noData,
			[]grafana.Target{
				grafana.Over("sent", "sum("+rate(of("examlink_client_probes_sent_total"))+")"),
				grafana.Over("answered", "sum("+rate(of("examlink_client_probes_received_total"))+")"),
				grafana.Over("over TCP", "sum("+rate(of("examlink_client_probes_over_tcp_total"))+")"),
			}, grafana.FromZero()),
		grafana.NewTimeSeries("Late, duplicate and reordered echoes", "Do echoes arrive late, more than once or out of order?", unitPackets, noData,
			[]grafana.Target{
				grafana.Over("late", "sum("+rate(of("examlink_client_echoes_late_total"))+")"),
				grafana.Over("duplicate", "sum("+rate(of("examlink_client_echoes_duplicate_total"))+")"),
				grafana.Over("reordered", "sum("+rate(of("examlink_client_echoes_reordered_total"))+")"),
			}, grafana.FromZero()),
	)
	d.AddRow("Delay", grafana.Mid, 3,
		grafana.NewTimeSeries("Round-trip delay", "What is the round-trip delay, median and 95th percentile?", unitSeconds, noData,
			[]grafana.Target{
				grafana.Over("median", quantile(".5", "examlink_client_round_trip_delay_seconds", nil)),
				grafana.Over("95 %", quantile(".95", "examlink_client_round_trip_delay_seconds", nil)),
			}, grafana.FromZero()),
		grafana.NewHeatmap("Round-trip delay distribution", "How are round-trip delays distributed?", unitSeconds, noData,
			[]grafana.Target{grafana.Buckets("sum by (le) (" + increase(of("examlink_client_round_trip_delay_seconds_bucket")) + ")")}),
		grafana.NewTimeSeries("Delay variation", "What is the 99th percentile of packet delay variation (delay above the lowest of the window), in each direction? Policies bound this value.", unitSeconds, noData,
			[]grafana.Target{grafana.Over("{{direction}}", quantile(".99", "examlink_client_pdv_seconds", []string{"direction"}))}, grafana.FromZero()),
		grafana.NewTimeSeries("One-way delay", "What is the median delay in each direction? The error is at most the error bound, with opposite signs in the two directions.", unitSeconds, noData,
			[]grafana.Target{
				grafana.Over("{{direction}}", quantile(".5", "examlink_client_one_way_delay_seconds", []string{"direction"})),
				grafana.Over("error bound", "max("+of("examlink_client_one_way_delay_error_bound_seconds")+")"),
			}, grafana.FromZero()),
		grafana.NewTimeSeries("Inter-packet delay variation", "By how much does delay change between consecutive packets, in the median (absolute value)?", unitSeconds, noData,
			[]grafana.Target{grafana.Over("{{direction}}", quantile(".5", "examlink_client_ipdv_seconds", []string{"direction"}))}, grafana.FromZero()),
		grafana.NewTimeSeries("Interarrival jitter (RFC 3550)", "What jitter would the statistics of a video call show for this link?", unitSeconds, noData,
			[]grafana.Target{grafana.Over("{{direction}}", "max by (direction) ("+of("examlink_client_rfc3550_jitter_seconds")+")")}, grafana.FromZero()),
	)
	d.AddRow("The instrument", grafana.Mid, 3,
		grafana.NewTimeSeries("Probe send lateness", "How far behind schedule does this computer send probes? The network does not cause this delay.", unitSeconds, noData,
			[]grafana.Target{
				grafana.Over("median", quantile(".5", "examlink_client_pacing_lateness_seconds", nil)),
				grafana.Over("99 %", quantile(".99", "examlink_client_pacing_lateness_seconds", nil)),
			}, grafana.FromZero()),
		grafana.NewTimeSeries("Receive lag", "How long do echoes wait in this computer before the client reads them? Measured delays do not include this lag.", unitSeconds, noData,
			[]grafana.Target{grafana.Over("99 %", quantile(".99", "examlink_client_receive_lag_seconds", nil))}, grafana.FromZero()),
		grafana.NewTimeSeries("Unsent and locally dropped packets", "How many probes were not sent, and why (host: late or refused by the system; no-route; stalled: no room in TCP)? And how many received packets did this computer drop?", unitPackets, noData,
			[]grafana.Target{
				grafana.Over("unsent: {{reason}}", "sum by (reason) ("+rate(of("examlink_client_probes_unsent_total"))+")"),
				grafana.Over("dropped", "sum("+rate(of("examlink_client_local_drops_total"))+")"),
			}, grafana.FromZero()),
		grafana.NewTimeSeries("Floor test traffic", "How much of the link do floor tests and glances use?", unitBits, noData,
			[]grafana.Target{grafana.Over("{{direction}}", bits("sum by (direction) ("+rate(of("examlink_client_floor_test_bytes_total"))+")"))}, grafana.FromZero()),
		grafana.NewTimeSeries("Warnings raised", "Which warnings were raised, and how often?", unitCount, noData,
			[]grafana.Target{grafana.Over("{{kind}}", "sum by (kind) ("+increase(of("examlink_client_warnings_total"))+")")}, grafana.FromZero()),
		grafana.NewTimeSeries("Reports", "Does the server accept the client's reports?", unitCount, noData,
			[]grafana.Target{
				grafana.Over("accepted", "sum("+increase(of("examlink_client_reports_taken_total"))+")"),
				grafana.Over("refused", "sum("+increase(of("examlink_client_reports_refused_total"))+")"),
				grafana.Over("dropped by the client", "sum("+increase(of("examlink_client_reports_dropped_total"))+")"),
			}, grafana.FromZero()),
	)
	return d
}
