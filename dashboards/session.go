package dashboards

import "examlink/dashboards/grafana"

// session answers: is this link good enough for the exam, and if not, since when?
func session() *grafana.Dashboard {
	d := grafana.New(uidSession, "examlink / Session", "One session compared with the policy's minimum and recommendation. The server's own measurements and the client's claims are shown separately. A drop is evidence about a network, not about a person.", tag)
	d.Templating = variables("examlink_session_state", examVariable(), sessionVariable())
	d.Annotations.List = []grafana.Annotation{warnings(`,exam="$exam",session=~"$session|"`), occupied(ofWatches("examlink_exam_sessions"))}
	back := link("Exam ${exam}", uidExam, "&var-exam=${exam}")
	known := func(direction, bound string) string {
		return whileKnown(ofSession("examlink_session_"+direction+bound+"_bytes_per_second"), ofSession("examlink_session_"+direction+"_outcome"))
	}
	claim := func(metric string) string {
		return whileHeard(ofSession("examlink_session_"+metric), ofSession("examlink_session_state"))
	}
	age := func(metric string) string { return "time() - " + ofSession(metric) }

	d.AddRow("Now", grafana.Low, 6,
		grafana.NewStat("State", "What is the state of this session by the server's own timers?", unitCount, noData,
			[]grafana.Target{grafana.Now("", "max("+ofSession("examlink_session_state")+")")}, grafana.Worded(sessionStates()), grafana.Linked(back)),
		grafana.NewStat("Last packet", "How long had no authenticated probe or train packet arrived when the server was last scraped? Yellow, orange and red as for the states: 1, 3 and 30 s by default.", unitSeconds, noData,
			[]grafana.Target{grafana.Now("", "min("+silence(ofSession("examlink_session_last_packet_timestamp_seconds"))+")")}, grafana.Colored(silences()...)),
		grafana.NewStat("Upload", "Is the upload rate at least the policy's minimum? By the last test, as measured by the server, with its error: a lower bound is sufficient. Not known while the session is silent.", unitCount, notKnown,
			[]grafana.Target{grafana.Now("", "max("+ofSession("examlink_session_upload_outcome")+")")}, grafana.Worded(rateOutcomes())),
		grafana.NewStat("Download", "Is the download rate at least the policy's minimum? By the last test, as reported by the client, with its error: a lower bound is sufficient. Not known while the session is silent.", unitCount, notKnown,
			[]grafana.Target{grafana.Now("", "max("+ofSession("examlink_session_download_outcome")+")")}, grafana.Worded(rateOutcomes())),
		grafana.NewStat("Active warnings (claimed)", "How many warnings are active according to the client? Not known while it is silent.", unitCount, notKnown,
			[]grafana.Target{grafana.Now("", "max("+claim("warnings")+")")}, counted(3)),
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
		grafana.NewStat("Time below minimum", "For what share of the time in which it was known to meet the minimum or not was the rate below it? Silence, and tests that could not tell, are left out.", unitShare, notKnown,
			[]grafana.Target{grafana.Now("up", timeBelow("examlink_session_upload_outcome")), grafana.Now("down", timeBelow("examlink_session_download_outcome"))},
			grafana.Colored(grafana.At(0, grafana.Good), grafana.At(.001, grafana.Uneasy), grafana.At(.05, grafana.Bad))),
	)
	d.AddRow("Measured by the server", grafana.Mid, 1,
		grafana.NewStateTimeline("State over time", "When was this session silent? A gap means no data: no session, or no scrape.", noData,
			[]grafana.Target{grafana.Over("{{session}}", "max by (session) ("+ofSession("examlink_session_state")+")")}, sessionStates()))
	d.Add(grafana.Mid, 2,
		grafana.NewTimeSeries("Upload rate", "Is the upload rate sufficient for the exam? Shows what the last test found, as measured by the server: at least, at most and, where it filled the link, the rate. A healthy link is not filled and has a lower bound only.", unitBits, notKnown,
			append(rateLines(known("upload", ""), known("upload", "_lower_bound"), known("upload", "_upper_bound")), bounds("server", up)...), bounded()...),
		grafana.NewTimeSeries("Probes received", "Do the client's probes arrive at the rate it sends them (10 per second by default)? Counted by the server.", unitPackets, noData,
			[]grafana.Target{grafana.Over("received", "sum("+rate(ofSession("examlink_session_probes_received_total"))+")")}, grafana.FromZero()),
	)
	d.AddRow("Claimed by the client", grafana.Mid, 2,
		grafana.NewTimeSeries("Download rate", "Is the download rate sufficient for the exam? Shows what the last test found, as reported by the client: at least, at most and, where it filled the link, the rate. A healthy link is not filled and has a lower bound only.", unitBits, notKnown,
			append(rateLines(known("download", ""), known("download", "_lower_bound"), known("download", "_upper_bound")), bounds("server", down)...), bounded()...),
		grafana.NewTimeSeries("Round-trip delay", "What is the median round-trip delay of the client's last minute? Does not include the server's turnaround time.", unitSeconds, noData,
			[]grafana.Target{grafana.Over("median", "max("+claim("claimed_round_trip_delay_seconds")+")")}, grafana.FromZero()),
		grafana.NewTimeSeries("Loss", "What share of probes was lost in each direction in the client's last minute?", unitShare, noData,
			[]grafana.Target{
				grafana.Over("up", "max("+claim("claimed_loss_up_ratio")+")"),
				grafana.Over("down", "max("+claim("claimed_loss_down_ratio")+")"),
			}, grafana.FromZero()),
		grafana.NewTimeSeries("Delay variation", "What is the 95th percentile of packet delay variation in each direction in the client's last minute?", unitSeconds, noData,
			[]grafana.Target{
				grafana.Over("up", "max("+claim("claimed_delay_variation_up_seconds")+")"),
				grafana.Over("down", "max("+claim("claimed_delay_variation_down_seconds")+")"),
			}, grafana.FromZero()),
	)
	return d
}

// timeBelow is the share of the time in which a session's rate was below the
// minimum, of that in which it was below or met it, within the selected time range.
func timeBelow(outcome string) string {
	return "max(avg_over_time(((" + ofSession(outcome) + " != 1) == bool 0)[$__range:15s]))"
}
