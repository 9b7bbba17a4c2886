package dashboards

import "examlink/dashboards/grafana"

// health answers: do the servers and the instrument itself work as they should?
func health() *grafana.Dashboard {
	d := grafana.New(uidHealth, "examlink / Server and instrument health", "Whether servers carry their load, and whether what they measure can be trusted.", tag)
	d.Templating = variables("examlink_server_sessions")
	d.Annotations.List = []grafana.Annotation{warnings(`,job=~"$job|"`), occupied(of("examlink_exam_sessions"))}

	d.AddRow("Now", grafana.Low, 6,
		grafana.NewStat("Answering", "Did Prometheus' last scrape of the server work?", unitCount, noData,
			[]grafana.Target{grafana.Now("{{instance}}", of("up"))}, grafana.Worded(yesNo("answers", "does not answer"))),
		grafana.NewStat("Certificate", "For how long is the certificate still valid?", unitSeconds, noData,
			[]grafana.Target{grafana.Now("{{instance}}", of("examlink_server_certificate_expiry_timestamp_seconds")+" - time()")},
			grafana.Colored(grafana.At(below, grafana.Bad), grafana.At(2*86400, grafana.Uneasy), grafana.At(14*86400, grafana.Good))),
		grafana.NewStat("Configuration", "Did the last reload of the configuration succeed? After a failed one the server goes on with the one before.", unitCount, noData,
			[]grafana.Target{grafana.Now("{{instance}}", of("examlink_server_config_last_reload_successful"))}, grafana.Worded(yesNo("in force", "last reload failed"))),
		grafana.NewStat("Series by session", "What share of the cap on series by session is used? Above it sessions go without.", unitShare, noData,
			[]grafana.Target{grafana.Now("{{instance}}", "sum by (job, instance) ("+of("examlink_server_sessions")+") / "+of("examlink_server_session_series_limit"))},
			grafana.Colored(grafana.At(0, grafana.Good), grafana.At(.8, grafana.Uneasy), grafana.At(1, grafana.Bad))),
		grafana.NewStat("Echoes within 5 ms", "What share of probes did the server answer within 5 ms? The rest is our delay, and clients take it off theirs.", unitShare, noData,
			[]grafana.Target{grafana.Now("", reaching("examlink_server_turnaround_seconds", "0.005"))},
			grafana.Colored(grafana.At(0, grafana.Bad), grafana.At(.99, grafana.Uneasy), grafana.At(.999, grafana.Good))),
		grafana.NewStat("Notifications undelivered", "How many warnings could not be delivered at all in the time shown, to receivers or Alertmanager?", unitCount, noData,
			[]grafana.Target{grafana.Now("{{receiver}}", "sum by (receiver) (increase("+of("examlink_server_notifications_undelivered_total")+"[$__range]))")}, counted(1)),
	)
	d.AddRow("Load", grafana.Mid, 3,
		grafana.NewTimeSeries("Sessions", "How many sessions does each server carry?", unitCount, noData,
			[]grafana.Target{grafana.Over("{{instance}}", "sum by (instance) ("+of("examlink_server_sessions")+")")}, grafana.FromZero()),
		grafana.NewTimeSeries("Processor", "How many cores' time does each server use?", unitCount, noData,
			[]grafana.Target{grafana.Over("{{instance}}", rate(of("process_cpu_seconds_total")))}, grafana.FromZero()),
		grafana.NewTimeSeries("Memory", "How much memory does each server hold?", unitBytes, noData,
			[]grafana.Target{grafana.Over("{{instance}}", of("process_resident_memory_bytes"))}, grafana.FromZero()),
		grafana.NewTimeSeries("Goroutines", "Does the number of goroutines follow the sessions, or does it grow for ever?", unitCount, noData,
			[]grafana.Target{grafana.Over("{{instance}}", of("go_goroutines"))}, grafana.FromZero()),
		grafana.NewTimeSeries("Open files", "What share of the file descriptors that the system allows is open?", unitShare, noData,
			[]grafana.Target{grafana.Over("{{instance}}", of("process_open_fds")+" / "+of("process_max_fds"))}, grafana.Within(0, 1)),
		grafana.NewTimeSeries("Refused", "What does the server turn away, and why?", unitPerSecond, noData,
			[]grafana.Target{grafana.Over("{{reason}}", "sum by (reason) ("+rate(of("examlink_server_requests_refused_total"))+")")}, grafana.FromZero()),
	)
	d.AddRow("The instrument", grafana.Mid, 3,
		grafana.NewHeatmap("Turnaround", "How long do probes lie in the server before they are answered?", unitSeconds, noData,
			[]grafana.Target{grafana.Buckets("sum by (le) (" + increase(of("examlink_server_turnaround_seconds_bucket")) + ")")}),
		grafana.NewTimeSeries("Turnaround, quantiles", "How long do probes lie in the server, in the median and for the slowest hundredth?", unitSeconds, noData,
			[]grafana.Target{
				grafana.Over("{{instance}} median", quantile(".5", "examlink_server_turnaround_seconds", []string{"instance"})),
				grafana.Over("{{instance}} 99 %", quantile(".99", "examlink_server_turnaround_seconds", []string{"instance"})),
			}, grafana.FromZero()),
		grafana.NewTimeSeries("Probes", "Is every probe that is received answered?", unitPackets, noData,
			[]grafana.Target{
				grafana.Over("received", "sum("+rate(of("examlink_server_probes_received_total"))+")"),
				grafana.Over("answered", "sum("+rate(of("examlink_server_probes_reflected_total"))+")"),
			}, grafana.FromZero()),
		grafana.NewTimeSeries("Packets dropped", "What does the server not answer or use, and why? Dropped in sending is a loss of our making.", unitPackets, noData,
			[]grafana.Target{grafana.Over("{{reason}}", "sum by (reason) ("+rate(of("examlink_server_packets_dropped_total"))+")")}, grafana.FromZero()),
		grafana.NewTimeSeries("Traffic of trains", "How much of the server's own network do trains take?", unitBits, noData,
			[]grafana.Target{grafana.Over("{{direction}}", bits("sum by (direction) ("+rate(of("examlink_server_train_bytes_total"))+")"))}, grafana.FromZero()),
		grafana.NewTimeSeries("Connections", "Do sessions come back over new connections? Many at once point to our side.", unitPerSecond, noData,
			[]grafana.Target{
				grafana.Over("started", "sum("+rate(of("examlink_server_sessions_started_total"))+")"),
				grafana.Over("resumed", "sum("+rate(of("examlink_server_sessions_resumed_total"))+")"),
			}, grafana.FromZero()),
	)
	d.AddRow("Warnings on their way", grafana.Mid, 3,
		grafana.NewTimeSeries("Sent", "Do warnings leave for their receivers?", unitPerSecond, noData,
			[]grafana.Target{grafana.Over("{{receiver}}", "sum by (receiver) ("+rate(of("examlink_server_notifications_sent_total"))+")")}, grafana.FromZero()),
		grafana.NewTimeSeries("Failed attempts", "Which receivers refuse or do not answer?", unitPerSecond, noData,
			[]grafana.Target{grafana.Over("{{receiver}}", "sum by (receiver) ("+rate(of("examlink_server_notifications_failed_total"))+")")}, grafana.FromZero()),
		grafana.NewTimeSeries("Waiting", "How many warnings wait for a receiver?", unitCount, noData,
			[]grafana.Target{grafana.Over("{{receiver}}", "sum by (receiver) ("+of("examlink_server_notifications_waiting")+")")}, grafana.FromZero()),
	)
	d.AddRow("Prometheus' own view", grafana.Mid, 3,
		grafana.NewStateTimeline("Answering over time", "When did scrapes fail? While they do, everything else here is unknown.", noData,
			[]grafana.Target{grafana.Over("{{instance}}", of("up"))}, yesNo("answers", "does not answer")),
		grafana.NewTimeSeries("Duration of scrapes", "How long does reading a server's metrics take?", unitSeconds, noData,
			[]grafana.Target{grafana.Over("{{instance}}", of("scrape_duration_seconds"))}, grafana.FromZero()),
		grafana.NewTimeSeries("Samples by scrape", "How many series does each server have?", unitCount, noData,
			[]grafana.Target{grafana.Over("{{instance}}", of("scrape_samples_scraped"))}, grafana.FromZero()),
	)
	d.AddRow("What runs", grafana.Mid, 2,
		grafana.NewTable("Programs", "Which version runs where, and since when?", noData, []string{"Up for"}, []grafana.Column{
			{Label: "instance", Title: "Server", Unit: "string"},
			{Label: "version", Title: "Version", Unit: "string"},
			{Label: "goversion", Title: "Go", Unit: "string"},
			{Label: "goos", Title: "System", Unit: "string"},
			{Title: "Up for", Unit: unitSeconds, Expr: "max by (instance, version, goversion, goos) ((time() - " + of("process_start_time_seconds") + ") * on (job, instance) group_right () " + of("examlink_build_info") + ")"},
		}),
		grafana.NewTable("Policies", "Which policy does each server judge by?", noData, []string{"In force"}, []grafana.Column{
			{Label: "instance", Title: "Server", Unit: "string"},
			{Label: "policy", Title: "Policy", Unit: "string"},
			{Label: "version", Title: "Version", Unit: "string"},
			{Title: "In force", Unit: unitCount, Expr: "max by (instance, policy, version) (" + of("examlink_server_policy_info") + ")", Mappings: yesNo("yes", "no")},
		}),
	)
	return d
}
