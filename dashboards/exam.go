package dashboards

import "examlink/dashboards/grafana"

// shown is the maximum number of sessions drawn as lines: more are indistinguishable.
const shown = 20

// exam answers: which sessions of this exam need attention?
func exam() *grafana.Dashboard {
	d := grafana.New(uidExam, "examlink / Exam", "The sessions of one exam, those that need attention first.", tag)
	d.Templating = variables("examlink_exam_sessions", examVariable())
	d.Annotations.List = []grafana.Annotation{warnings(`,exam="$exam"`), occupied(ofExam("examlink_exam_sessions"))}
	row := link("Session ${__data.fields.Session}", uidSession, "&var-exam=${exam}&var-session=${__data.fields.Session}")
	line := link("Session ${__field.labels.session}", uidSession, "&var-exam=${exam}&var-session=${__field.labels.session}")

	d.AddRow("Now", grafana.Low, 6,
		grafana.NewStat("Live sessions", "Sessions of this exam whose packets are arriving.", unitCount, noData,
			[]grafana.Target{grafana.Now("", "sum("+ofExam("examlink_exam_sessions", `state="live"`)+")")}),
		grafana.NewStat("Silent sessions", "Sessions of this exam without packets for at least server.silence.suspect (1 s by default).", unitCount, noData,
			[]grafana.Target{grafana.Now("", "sum("+ofExam("examlink_exam_sessions", silent)+")")}, counted(5)),
		grafana.NewStat("Silent for 30 s or more", "Sessions of this exam silent for long enough to affect it: server.silence.exam_relevant, 30 s by default.", unitCount, noData,
			[]grafana.Target{grafana.Now("", "sum("+ofExam("examlink_exam_sessions", `state="exam-relevant"`)+")")}, counted(1)),
		grafana.NewStat("Upload below minimum", "Sessions whose last upload rate, as measured by the server, is below the policy's minimum.", unitCount, noData,
			[]grafana.Target{grafana.Now("", "sum("+ofExam("examlink_exam_below_minimum_sessions", up)+")")}, counted(5)),
		grafana.NewStat("Download below minimum", "Sessions whose last download rate, as reported by the client, is below the policy's minimum.", unitCount, noData,
			[]grafana.Target{grafana.Now("", "sum("+ofExam("examlink_exam_below_minimum_sessions", down)+")")}, counted(5)),
		grafana.NewStat("Over WebSocket", "Sessions whose network blocks UDP. Their losses appear as delay, and their links may carry more than the rates that TCP achieved.", unitCount, noData,
			[]grafana.Target{grafana.Now("", "sum("+ofExam("examlink_session_transport_websocket")+")")},
			grafana.Colored(grafana.At(0, grafana.Good), grafana.At(1, grafana.Uneasy))),
	)
	d.AddRow("Sessions", grafana.High, 1, sessionTable(row))
	d.Add(grafana.High, 1,
		grafana.NewStateTimeline("States of sessions", "When was each session silent? Shows the twenty worst sessions of the selected time range. A gap means no data: no session, or no scrape.", noData,
			[]grafana.Target{grafana.Over("{{session}}", worst(shown, ofExam("examlink_session_state")))}, sessionStates(), grafana.Linked(line)),
	)
	d.AddRow("Over time", grafana.Mid, 2,
		grafana.NewTimeSeries("Upload by session", "Which sessions upload at less than the exam requires? Shows the last rate measured by the server, for the twenty slowest sessions of the selected time range.", unitBits, noData,
			append([]grafana.Target{grafana.Over("{{session}}", bits("("+slowest(shown, ofExam("examlink_session_upload_bytes_per_second"))+")"))}, bounds("server", up)...),
			append(bounded(), grafana.Linked(line))...),
		grafana.NewTimeSeries("Download by session", "Which sessions download at less than the exam requires? Shows the last rate reported by each client, for the twenty slowest sessions of the selected time range.", unitBits, noData,
			append([]grafana.Target{grafana.Over("{{session}}", bits("("+slowest(shown, ofExam("examlink_session_download_bytes_per_second"))+")"))}, bounds("server", down)...),
			append(bounded(), grafana.Linked(line))...),
		grafana.NewTimeSeries("Sessions by state", "Were many sessions silent at once? A single silent session points to one student's link; many at once point to our side.", unitCount, noData,
			[]grafana.Target{grafana.Over("{{state}}", "sum by (state) ("+ofExam("examlink_exam_sessions")+")")}, byState()...),
		grafana.NewTimeSeries("Round-trip delay by session", "Which sessions have a long round-trip delay? Shows the median of the last minute as reported by each client, for the twenty highest of the selected time range.", unitSeconds, noData,
			[]grafana.Target{grafana.Over("{{session}}", worst(shown, ofExam("examlink_session_claimed_round_trip_delay_seconds")))}, grafana.FromZero(), grafana.Linked(line)),
	)
	return d
}

// sessionTable has a row for each session, worst state first, then most warnings
// first.
func sessionTable(row grafana.DataLink) grafana.Panel {
	share := func(metric, direction string) string {
		return "max by (session) (" + perServer(ofExam(metric), of("examlink_server_minimum_rate_bytes_per_second", direction)) + ")"
	}
	value := func(metric string) string { return "max by (session) (" + ofExam(metric) + ")" }
	least := []grafana.Step{grafana.At(0, grafana.Bad), grafana.At(1, grafana.Good)}
	return grafana.NewTable("Sessions, worst first", "Which sessions need attention now? An empty field is an unknown value.", noData, []string{"State", "Warnings (claimed)"}, []grafana.Column{
		{Label: "session", Title: "Session", Unit: "string", Links: []grafana.DataLink{row}},
		{Title: "State", Unit: unitCount, Expr: value("examlink_session_state"), Mappings: sessionStates()},
		{Title: "Last packet", Unit: unitSeconds, Expr: "time() - " + value("examlink_session_last_packet_timestamp_seconds")},
		{Title: "Upload", Unit: unitBits, Expr: bits(value("examlink_session_upload_bytes_per_second"))},
		{Title: "Upload / minimum", Unit: unitShare, Expr: share("examlink_session_upload_bytes_per_second", up), Steps: least},
		{Title: "Download (claimed)", Unit: unitBits, Expr: bits(value("examlink_session_download_bytes_per_second"))},
		{Title: "Download / minimum", Unit: unitShare, Expr: share("examlink_session_download_bytes_per_second", down), Steps: least},
		{Title: "Round-trip delay (claimed)", Unit: unitSeconds, Expr: value("examlink_session_claimed_round_trip_delay_seconds")},
		{Title: "Loss up (claimed)", Unit: unitShare, Expr: value("examlink_session_claimed_loss_up_ratio")},
		{Title: "Loss down (claimed)", Unit: unitShare, Expr: value("examlink_session_claimed_loss_down_ratio")},
		{Title: "Warnings (claimed)", Unit: unitCount, Expr: value("examlink_session_warnings")},
		{Title: "Transport", Unit: unitCount, Expr: value("examlink_session_transport_websocket"), Mappings: transports()},
	})
}
