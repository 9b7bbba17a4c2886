package dashboards

import "examlink/dashboards/grafana"

// health answers: do the servers work, and are their measurements reliable?
func health() *grafana.Dashboard {
	d := grafana.New(uidHealth, "examlink / Server and instrument health", "Whether the servers handle their load, and whether their measurements are reliable.", tag)
	d.Templating = variables("examlink_server_sessions")
	d.Annotations.List = []grafana.Annotation{warnings(`,job=~"$job|"`), occupied(of("examlink_exam_sessions", watching))}

	d.AddRow("Now", grafana.Low, 6,
		grafana.NewStat("Server up", "Did the last scrape of the server succeed?", unitCount, noData,
			[]grafana.Target{grafana.Now("{{instance}}", of("up"))}, grafana.Worded(yesNo("up", "down"))),
		grafana.NewStat("Certificate validity", "How long is the certificate still valid?", unitSeconds, noData,
			[]grafana.Target{grafana.Now("{{instance}}", of("examlink_server_certificate_expiry_timestamp_seconds")+" - time()")},
			grafana.Colored(grafana.At(below, grafana.Bad), grafana.At(2*86400, grafana.Uneasy), grafana.At(14*86400, grafana.Good))),
		grafana.NewStat("Configuration", "Did the last reload of the configuration succeed? After a failed reload the server keeps the previous configuration.", unitCount, noData,
			[]grafana.Target{grafana.Now("{{instance}}", of("examlink_server_config_last_reload_successful"))}, grafana.Worded(yesNo("in force", "last reload failed"))),
		grafana.NewStat("Session series used", "What share of the limit on sessions with series of their own is used? Above 100 %, some sessions have none.", unitShare, noData,
			[]grafana.Target{grafana.Now("{{instance}}", "sum by (job, instance) ("+of("examlink_server_sessions")+") / "+of("examlink_server_session_series_limit"))},
			grafana.Colored(grafana.At(0, grafana.Good), grafana.At(.8, grafana.Uneasy), grafana.At(1, grafana.Bad))),
		grafana.NewStat("Echoes within 5 ms", "What share of probes did the server answer within 5 ms? Clients subtract the server's turnaround time from their delays.", unitShare, noData,
			[]grafana.Target{grafana.Now("", reaching("examlink_server_turnaround_seconds", "0.005"))},
			grafana.Colored(grafana.At(0, grafana.Bad), grafana.At(.99, grafana.Uneasy), grafana.At(.999, grafana.Good))),
		grafana.NewStat("Notifications undelivered", "How many notifications did the servers give up delivering in the selected time range?", unitCount, noData,
			[]grafana.Target{grafana.Now("{{receiver}}", "sum by (receiver) (increase("+of("examlink_server_notifications_undelivered_total")+"[$__range]))")}, counted(1)),
	)
	d.Add(grafana.Low, 3,
		grafana.NewStat("Data directory", "Could the server write what it keeps for a restart: notifications that wait, active warnings, live sessions? It tries at least once a minute.", unitCount, noData,
			[]grafana.Target{grafana.Now("{{instance}} {{part}}", of("examlink_server_store_last_write_successful"))}, grafana.Worded(yesNo("written", "cannot write"))),
		grafana.NewStat("Failed writes", "How many writes to the data directory failed in the selected time range?", unitCount, noData,
			[]grafana.Target{grafana.Now("{{part}}", "sum by (part) (increase("+of("examlink_server_store_write_errors_total")+"[$__range]))")}, counted(1)),
		grafana.NewStat("Alertmanager", "Does an Alertmanager take the alerts that the server pushes? While it does not, Prometheus notifies in the server's place. No data: none is configured.", unitCount, noData,
			[]grafana.Target{grafana.Now("{{instance}}", of("examlink_server_alertmanager_reachable"))}, grafana.Worded(yesNo("reachable", "not reachable"))),
	)
	d.AddRow("Load", grafana.Mid, 3,
		grafana.NewTimeSeries("Sessions", "How many sessions does each server have?", unitCount, noData,
			[]grafana.Target{grafana.Over("{{instance}}", "sum by (instance) ("+of("examlink_server_sessions")+")")}, grafana.FromZero()),
		grafana.NewTimeSeries("CPU", "How many CPU cores does each server use?", unitCount, noData,
			[]grafana.Target{grafana.Over("{{instance}}", rate(of("process_cpu_seconds_total")))}, grafana.FromZero()),
		grafana.NewTimeSeries("Memory", "How much resident memory does each server use?", unitBytes, noData,
			[]grafana.Target{grafana.Over("{{instance}}", of("process_resident_memory_bytes"))}, grafana.FromZero()),
		grafana.NewTimeSeries("Goroutines", "Does the number of goroutines follow the number of sessions, or does it keep growing?", unitCount, noData,
			[]grafana.Target{grafana.Over("{{instance}}", of("go_goroutines"))}, grafana.FromZero()),
		grafana.NewTimeSeries("Open files", "What share of the permitted file descriptors is open?", unitShare, noData,
			[]grafana.Target{grafana.Over("{{instance}}", of("process_open_fds")+" / "+of("process_max_fds"))}, grafana.Within(0, 1)),
		grafana.NewTimeSeries("Requests refused", "Which requests do the servers refuse, and why?", unitPerSecond, noData,
			[]grafana.Target{grafana.Over("{{reason}}", "sum by (reason) ("+rate(of("examlink_server_requests_refused_total"))+")")}, grafana.FromZero()),
	)
	d.AddRow("The instrument", grafana.Mid, 3,
		grafana.NewHeatmap("Turnaround", "How long do servers take to answer probes?", unitSeconds, noData,
			[]grafana.Target{grafana.Buckets("sum by (le) (" + increase(of("examlink_server_turnaround_seconds_bucket")) + ")")}),
		grafana.NewTimeSeries("Turnaround, quantiles", "How long do servers take to answer probes, median and 99th percentile?", unitSeconds, noData,
			[]grafana.Target{
				grafana.Over("{{instance}} median", quantile(".5", "examlink_server_turnaround_seconds", []string{"instance"})),
				grafana.Over("{{instance}} 99 %", quantile(".99", "examlink_server_turnaround_seconds", []string{"instance"})),
			}, grafana.FromZero()),
		grafana.NewTimeSeries("Probes", "Do servers answer every probe they receive? Echoes that the system failed to send count as answered here; see Packets dropped, reason send.", unitPackets, noData,
			[]grafana.Target{
				grafana.Over("received", "sum("+rate(of("examlink_server_probes_received_total"))+")"),
				grafana.Over("answered", "sum("+rate(of("examlink_server_probes_reflected_total"))+")"),
			}, grafana.FromZero()),
		grafana.NewTimeSeries("Packets dropped", "Which packets do servers neither answer nor use, and why? The reason send counts answers that the server itself lost.", unitPackets, noData,
			[]grafana.Target{grafana.Over("{{reason}}", "sum by (reason) ("+rate(of("examlink_server_packets_dropped_total"))+")")}, grafana.FromZero()),
		grafana.NewTimeSeries("Train traffic", "How much of the server's network capacity do trains use?", unitBits, noData,
			[]grafana.Target{grafana.Over("{{direction}}", bits("sum by (direction) ("+rate(of("examlink_server_train_bytes_total"))+")"))}, grafana.FromZero()),
		grafana.NewTimeSeries("Connections", "How many sessions start, and how many resume over a new connection? Many resuming at once points to our side.", unitPerSecond, noData,
			[]grafana.Target{
				grafana.Over("started", "sum("+rate(of("examlink_server_sessions_started_total"))+")"),
				grafana.Over("resumed", "sum("+rate(of("examlink_server_sessions_resumed_total"))+")"),
			}, grafana.FromZero()),
	)
	d.AddRow("Notifications", grafana.Mid, 3,
		grafana.NewTimeSeries("Notifications sent", "Do receivers accept notifications?", unitPerSecond, noData,
			[]grafana.Target{grafana.Over("{{receiver}}", "sum by (receiver) ("+rate(of("examlink_server_notifications_sent_total"))+")")}, grafana.FromZero()),
		grafana.NewTimeSeries("Failed delivery attempts", "Which receivers refuse notifications or do not answer?", unitPerSecond, noData,
			[]grafana.Target{grafana.Over("{{receiver}}", "sum by (receiver) ("+rate(of("examlink_server_notifications_failed_total"))+")")}, grafana.FromZero()),
		grafana.NewTimeSeries("Notifications waiting", "How many notifications wait for delivery to each receiver?", unitCount, noData,
			[]grafana.Target{grafana.Over("{{receiver}}", "sum by (receiver) ("+of("examlink_server_notifications_waiting")+")")}, grafana.FromZero()),
	)
	d.AddRow("Scrapes", grafana.Mid, 3,
		grafana.NewStateTimeline("Server up over time", "When did scrapes fail? During that time the other panels have no data.", noData,
			[]grafana.Target{grafana.Over("{{instance}}", of("up"))}, yesNo("up", "down")),
		grafana.NewTimeSeries("Scrape duration", "How long does it take to scrape a server's metrics?", unitSeconds, noData,
			[]grafana.Target{grafana.Over("{{instance}}", of("scrape_duration_seconds"))}, grafana.FromZero()),
		grafana.NewTimeSeries("Samples per scrape", "How many series does each server expose?", unitCount, noData,
			[]grafana.Target{grafana.Over("{{instance}}", of("scrape_samples_scraped"))}, grafana.FromZero()),
	)
	d.AddRow("Versions and policies", grafana.Mid, 2,
		grafana.NewTable("Programs", "Which version does each server run, and for how long has it been up?", noData, []string{"Up for"}, []grafana.Column{
			{Label: "instance", Title: "Server", Unit: "string"},
			{Label: "version", Title: "Version", Unit: "string"},
			{Label: "goversion", Title: "Go", Unit: "string"},
			{Label: "goos", Title: "System", Unit: "string"},
			{Title: "Up for", Unit: unitSeconds, Expr: "max by (instance, version, goversion, goos) ((time() - " + of("process_start_time_seconds") + ") * on (job, instance) group_right () " + of("examlink_build_info") + ")"},
		}),
		grafana.NewTable("Policies", "Which policy does each server compare rates with?", noData, []string{"In force"}, []grafana.Column{
			{Label: "instance", Title: "Server", Unit: "string"},
			{Label: "policy", Title: "Policy", Unit: "string"},
			{Label: "version", Title: "Version", Unit: "string"},
			{Title: "In force", Unit: unitCount, Expr: "max by (instance, policy, version) (" + of("examlink_server_policy_info") + ")", Mappings: yesNo("yes", "no")},
		}),
	)
	return d
}
