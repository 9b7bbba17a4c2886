package dashboards

import "examlink/dashboards/grafana"

// session answers: is this link good enough for the exam, and if not, since when?
func session() *grafana.Dashboard {
	d := grafana.New(uidSession, "examlink / Session", "One session compared with the policy's minimum and recommendation. The server's own measurements and the client's claims are shown separately. A drop is evidence about a network, not about a person.", tag)
	d.Templating = variables("examlink_session_state", examVariable(), sessionVariable())
	d.Annotations.List = []grafana.Annotation{warnings(`,exam="$exam",session=~"$session|"`), occupied(ofExam("examlink_exam_sessions"))}
	back := link("Exam ${exam}", uidExam, "&var-exam=${exam}")
	age := func(metric string) string { return "time() - " + ofSession(metric) }

	d.AddRow("Now", grafana.Low, 6,
		grafana.NewStat("State", "What is the state of this session by the server's own timers?", unitCount, noData,
			[]grafana.Target{grafana.Now("", "max("+ofSession("examlink_session_state")+")")}, grafana.Worded(sessionStates()), grafana.Linked(back)),
		grafana.NewStat("Last packet", "How long ago did the last authenticated probe or train packet of this session arrive?", unitSeconds, noData,
			[]grafana.Target{grafana.Now("", "min("+age("examlink_session_last_packet_timestamp_seconds")+")")},
			grafana.Colored(grafana.At(below, grafana.Good), grafana.At(20, grafana.Uneasy), grafana.At(60, grafana.Bad))),
		grafana.NewStat("Upload relative to minimum", "Is the last upload rate measured by the server at least the minimum (100 %)?", unitShare, noData,
			[]grafana.Target{grafana.Now("", "max("+perServer(ofSession("examlink_session_upload_bytes_per_second"), of("examlink_server_minimum_rate_bytes_per_second", up))+")")},
			grafana.Colored(grafana.At(0, grafana.Bad), grafana.At(1, grafana.Good))),
		grafana.NewStat("Download relative to minimum", "Is the last download rate reported by the client at least the minimum (100 %)?", unitShare, noData,
			[]grafana.Target{grafana.Now("", "max("+perServer(ofSession("examlink_session_download_bytes_per_second"), of("examlink_server_minimum_rate_bytes_per_second", down))+")")},
			grafana.Colored(grafana.At(0, grafana.Bad), grafana.At(1, grafana.Good))),
		grafana.NewStat("Active warnings (claimed)", "How many warnings are active according to the client? It cannot report while it is silent.", unitCount, noData,
			[]grafana.Target{grafana.Now("", "max("+ofSession("examlink_session_warnings")+")")}, counted(3)),
		grafana.NewStat("Transport", "Does the network let UDP through? Over WebSocket, losses appear as delay, and the link may carry more than the rates that TCP achieved.", unitCount, noData,
			[]grafana.Target{grafana.Now("", "max("+ofSession("examlink_session_transport_websocket")+")")}, grafana.Worded(transports())),
	)
	d.Add(grafana.Low, 4,
		grafana.NewStat("Session age", "How long ago did the server open this session, or first resume it after a restart?", unitSeconds, noData,
			[]grafana.Target{grafana.Now("", "max("+age("examlink_session_start_timestamp_seconds")+")")}),
		grafana.NewStat("Age of the rates", "How old are the rates shown? Each rate is shown until the next floor test.", unitSeconds, noData,
			[]grafana.Target{
				grafana.Now("up", "min("+age("examlink_session_upload_timestamp_seconds")+")"),
				grafana.Now("down", "min("+age("examlink_session_download_timestamp_seconds")+")"),
			}),
		grafana.NewStat("Age of the last minute report", "How old is the client's last minute report? None arrives while the client is silent.", unitSeconds, noData,
			[]grafana.Target{grafana.Now("", "min("+age("examlink_session_claimed_timestamp_seconds")+")")}),
		grafana.NewStat("Time below minimum", "For what share of the selected time range was the last measured rate below the minimum? Time without a known rate is excluded.", unitShare, noData,
			[]grafana.Target{grafana.Now("up", timeBelow("examlink_session_upload_bytes_per_second", up)), grafana.Now("down", timeBelow("examlink_session_download_bytes_per_second", down))},
			grafana.Colored(grafana.At(0, grafana.Good), grafana.At(.001, grafana.Uneasy), grafana.At(.05, grafana.Bad))),
	)
	d.AddRow("Measured by the server", grafana.Mid, 1,
		grafana.NewStateTimeline("State over time", "When was this session silent? A gap means no data: no session, or no scrape.", noData,
			[]grafana.Target{grafana.Over("{{session}}", "max by (session) ("+ofSession("examlink_session_state")+")")}, sessionStates()))
	d.Add(grafana.Mid, 2,
		grafana.NewTimeSeries("Upload", "Is the upload rate sufficient for the exam? Shows the rate measured by the server and its lower bound.", unitBits, noData,
			append([]grafana.Target{
				grafana.Over("rate", bits("max("+ofSession("examlink_session_upload_bytes_per_second")+")")),
				grafana.Over("lower bound", bits("max("+ofSession("examlink_session_upload_lower_bound_bytes_per_second")+")")),
			}, bounds("server", up)...), bounded()...),
		grafana.NewTimeSeries("Probes received", "Do the client's probes arrive at the rate it sends them (10 per second by default)? Counted by the server.", unitPackets, noData,
			[]grafana.Target{grafana.Over("received", "sum("+rate(ofSession("examlink_session_probes_received_total"))+")")}, grafana.FromZero()),
	)
	d.AddRow("Claimed by the client", grafana.Mid, 2,
		grafana.NewTimeSeries("Download", "Is the download rate sufficient for the exam? Shows the rate reported by the client and its lower bound.", unitBits, noData,
			append([]grafana.Target{
				grafana.Over("rate", bits("max("+ofSession("examlink_session_download_bytes_per_second")+")")),
				grafana.Over("lower bound", bits("max("+ofSession("examlink_session_download_lower_bound_bytes_per_second")+")")),
			}, bounds("server", down)...), bounded()...),
		grafana.NewTimeSeries("Round-trip delay", "What is the median round-trip delay of the client's last minute? Does not include the server's turnaround time.", unitSeconds, noData,
			[]grafana.Target{grafana.Over("median", "max("+ofSession("examlink_session_claimed_round_trip_delay_seconds")+")")}, grafana.FromZero()),
		grafana.NewTimeSeries("Loss", "What share of probes was lost in each direction in the client's last minute?", unitShare, noData,
			[]grafana.Target{
				grafana.Over("up", "max("+ofSession("examlink_session_claimed_loss_up_ratio")+")"),
				grafana.Over("down", "max("+ofSession("examlink_session_claimed_loss_down_ratio")+")"),
			}, grafana.FromZero()),
		grafana.NewTimeSeries("Delay variation", "What is the 95th percentile of packet delay variation in each direction in the client's last minute?", unitSeconds, noData,
			[]grafana.Target{
				grafana.Over("up", "max("+ofSession("examlink_session_claimed_delay_variation_up_seconds")+")"),
				grafana.Over("down", "max("+ofSession("examlink_session_claimed_delay_variation_down_seconds")+")"),
			}, grafana.FromZero()),
	)
	return d
}

// timeBelow is the share of the selected time range in which a session's last
// rate was below the minimum.
func timeBelow(metric, direction string) string {
	return "max(avg_over_time((" + ofSession(metric) + " < bool on (job, instance) group_left () " +
		of("examlink_server_minimum_rate_bytes_per_second", direction) + ")[$__range:15s]))"
}
