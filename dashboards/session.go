package dashboards

import "examlink/dashboards/grafana"

// session answers: does this link carry the exam, and since when not?
func session() *grafana.Dashboard {
	d := grafana.New(uidSession, "examlink / Session", "One session against the minimum and the recommended. What the server saw itself and what the client claims are told apart. A dip is evidence about a network.", tag)
	d.Templating = variables("examlink_session_state", examVariable(), sessionVariable())
	d.Annotations.List = []grafana.Annotation{warnings(`,exam="$exam",session=~"$session|"`), occupied(ofExam("examlink_exam_sessions"))}
	back := link("The exam ${exam}", uidExam, "&var-exam=${exam}")
	age := func(metric string) string { return "time() - " + ofSession(metric) }

	d.AddRow("Now", grafana.Low, 6,
		grafana.NewStat("State", "What do the server's own timers say of this session?", unitCount, noData,
			[]grafana.Target{grafana.Now("", "max("+ofSession("examlink_session_state")+")")}, grafana.Worded(sessionStates()), grafana.Linked(back)),
		grafana.NewStat("Last packet", "How long ago did the server last hear an authentic packet of this session?", unitSeconds, noData,
			[]grafana.Target{grafana.Now("", "min("+age("examlink_session_last_packet_timestamp_seconds")+")")},
			grafana.Colored(grafana.At(below, grafana.Good), grafana.At(20, grafana.Uneasy), grafana.At(60, grafana.Bad))),
		grafana.NewStat("Upload to the minimum", "Is the last upload the server read at least the minimum? 100 % is the minimum.", unitShare, noData,
			[]grafana.Target{grafana.Now("", "max("+perServer(ofSession("examlink_session_upload_bytes_per_second"), of("examlink_server_minimum_rate_bytes_per_second", up))+")")},
			grafana.Colored(grafana.At(0, grafana.Bad), grafana.At(1, grafana.Good))),
		grafana.NewStat("Download to the minimum", "Is the last download the client claims at least the minimum? 100 % is the minimum.", unitShare, noData,
			[]grafana.Target{grafana.Now("", "max("+perServer(ofSession("examlink_session_download_bytes_per_second"), of("examlink_server_minimum_rate_bytes_per_second", down))+")")},
			grafana.Colored(grafana.At(0, grafana.Bad), grafana.At(1, grafana.Good))),
		grafana.NewStat("Warnings standing", "How many warnings stand as the client claims? It cannot tell while it is silent.", unitCount, noData,
			[]grafana.Target{grafana.Now("", "max("+ofSession("examlink_session_warnings")+")")}, counted(3)),
		grafana.NewStat("Carried by", "Does the network let UDP through? By WebSocket loss shows as delay, and rates are lower bounds.", unitCount, noData,
			[]grafana.Target{grafana.Now("", "max("+ofSession("examlink_session_transport_websocket")+")")}, grafana.Worded(transports())),
	)
	d.Add(grafana.Low, 4,
		grafana.NewStat("Session's age", "How long has this session been there?", unitSeconds, noData,
			[]grafana.Target{grafana.Now("", "max("+age("examlink_session_start_timestamp_seconds")+")")}),
		grafana.NewStat("Age of the rates", "How old are the rates shown? A rate stands until the next floor test.", unitSeconds, noData,
			[]grafana.Target{
				grafana.Now("up", "min("+age("examlink_session_upload_timestamp_seconds")+")"),
				grafana.Now("down", "min("+age("examlink_session_download_timestamp_seconds")+")"),
			}),
		grafana.NewStat("Age of the claims", "How old is the client's last report of a minute? None comes while it is silent.", unitSeconds, noData,
			[]grafana.Target{grafana.Now("", "min("+age("examlink_session_claimed_timestamp_seconds")+")")}),
		grafana.NewStat("Time below the minimum", "For what share of the time shown did the last rate known stand below the minimum? Time in which no rate is known counts in neither.", unitShare, noData,
			[]grafana.Target{grafana.Now("up", timeBelow("examlink_session_upload_bytes_per_second", up)), grafana.Now("down", timeBelow("examlink_session_download_bytes_per_second", down))},
			grafana.Colored(grafana.At(0, grafana.Good), grafana.At(.001, grafana.Uneasy), grafana.At(.05, grafana.Bad))),
	)
	d.AddRow("What the server saw", grafana.Mid, 1,
		grafana.NewStateTimeline("State over time", "When was this session silent? A gap is a time in which nothing is known: no session, or no scrape.", noData,
			[]grafana.Target{grafana.Over("{{session}}", "max by (session) ("+ofSession("examlink_session_state")+")")}, sessionStates()))
	d.Add(grafana.Mid, 2,
		grafana.NewTimeSeries("Upload", "Does the student's link send what the exam asks for? As the server read it; the lower bound is what it is at least.", unitBits, noData,
			append([]grafana.Target{
				grafana.Over("rate", bits("max("+ofSession("examlink_session_upload_bytes_per_second")+")")),
				grafana.Over("at least", bits("max("+ofSession("examlink_session_upload_lower_bound_bytes_per_second")+")")),
			}, bounds("server", up)...), bounded()...),
		grafana.NewTimeSeries("Probes received", "Do the client's packets arrive at the pace it sends them, ten a second by default? The server's own count.", unitPackets, noData,
			[]grafana.Target{grafana.Over("received", "sum("+rate(ofSession("examlink_session_probes_received_total"))+")")}, grafana.FromZero()),
	)
	d.AddRow("What the client claims", grafana.Mid, 2,
		grafana.NewTimeSeries("Download", "Does the student's link receive what the exam asks for? As the client read it; the lower bound is what it is at least.", unitBits, noData,
			append([]grafana.Target{
				grafana.Over("rate", bits("max("+ofSession("examlink_session_download_bytes_per_second")+")")),
				grafana.Over("at least", bits("max("+ofSession("examlink_session_download_lower_bound_bytes_per_second")+")")),
			}, bounds("server", down)...), bounded()...),
		grafana.NewTimeSeries("Round-trip delay", "How long does an answer take? The median of the client's last minute, without the server's own time.", unitSeconds, noData,
			[]grafana.Target{grafana.Over("median", "max("+ofSession("examlink_session_claimed_round_trip_delay_seconds")+")")}, grafana.FromZero()),
		grafana.NewTimeSeries("Loss", "What share of packets got lost, in which direction?", unitShare, noData,
			[]grafana.Target{
				grafana.Over("up", "max("+ofSession("examlink_session_claimed_loss_up_ratio")+")"),
				grafana.Over("down", "max("+ofSession("examlink_session_claimed_loss_down_ratio")+")"),
			}, grafana.FromZero()),
		grafana.NewTimeSeries("Delay variation", "How unevenly do packets arrive, in which direction?", unitSeconds, noData,
			[]grafana.Target{
				grafana.Over("up", "max("+ofSession("examlink_session_claimed_delay_variation_up_seconds")+")"),
				grafana.Over("down", "max("+ofSession("examlink_session_claimed_delay_variation_down_seconds")+")"),
			}, grafana.FromZero()),
	)
	return d
}

// timeBelow is the share of the time shown in which a session's last rate stood
// below the minimum.
func timeBelow(metric, direction string) string {
	return "max(avg_over_time((" + ofSession(metric) + " < bool on (job, instance) group_left () " +
		of("examlink_server_minimum_rate_bytes_per_second", direction) + ")[$__range:15s]))"
}
