package dashboards

import "examlink/dashboards/grafana"

// shown is the maximum number of sessions drawn as lines: more are indistinguishable.
const shown = 20

// noLimit is shown where no upper bound is known.
const noLimit = "none known"

// exam answers: which sessions of this exam need attention?
func exam() *grafana.Dashboard {
	d := grafana.New(uidExam, "examlink / Exam", "The sessions of one exam, those that need attention first.", tag)
	d.Templating = variables("examlink_exam_sessions", examVariable())
	d.Annotations.List = []grafana.Annotation{warnings(`,exam="$exam"`), occupied(ofWatches("examlink_exam_sessions"))}
	row := link("Session ${__data.fields.Session}", uidSession, "&var-exam=${exam}&var-session=${__data.fields.Session}")
	line := link("Session ${__field.labels.session}", uidSession, "&var-exam=${exam}&var-session=${__field.labels.session}")

	d.AddRow("Now", grafana.Low, 7,
		grafana.NewStat("Live sessions", "Sessions during this exam whose packets are arriving, without checks.", unitCount, noData,
			[]grafana.Target{grafana.Now("", "sum("+ofWatches("examlink_exam_sessions", `state="live"`)+")")}),
		grafana.NewStat("Silent sessions", "Sessions of this exam without packets for at least server.silence.suspect (1 s by default).", unitCount, noData,
			[]grafana.Target{grafana.Now("", "sum("+ofWatches("examlink_exam_sessions", silent)+")")}, counted(5)),
		grafana.NewStat("Silent for 30 s or more", "Sessions of this exam silent for long enough to affect it: server.silence.exam_relevant, 30 s by default.", unitCount, noData,
			[]grafana.Target{grafana.Now("", "sum("+ofWatches("examlink_exam_sessions", `state="exam-relevant"`)+")")}, counted(1)),
		grafana.NewStat("Upload below minimum", "Sessions whose last upload rate, as measured by the server and with its error, is below the policy's minimum. Not known if no session's rate is.", unitCount, notKnown,
			[]grafana.Target{grafana.Now("", ratesBelow("", ofExam, up))}, counted(5)),
		grafana.NewStat("Download below minimum", "Sessions whose last download rate, as reported by the client and with its error, is below the policy's minimum. Not known if no session's rate is.", unitCount, notKnown,
			[]grafana.Target{grafana.Now("", ratesBelow("", ofExam, down))}, counted(5)),
		grafana.NewStat("Over WebSocket", "Sessions whose network blocks UDP. Their losses appear as delay, and their links may carry more than the rates that TCP achieved.", unitCount, noData,
			[]grafana.Target{grafana.Now("", "sum("+ofWatches("examlink_session_transport_websocket")+")")},
			grafana.Colored(grafana.At(0, grafana.Good), grafana.At(1, grafana.Uneasy))),
		grafana.NewStat("Never connected", "Students on the roster who have not connected since the exam began, after server.attendance.patience (2 min by default). Not known before the exam, and for exams without a roster.", unitCount, notKnown,
			[]grafana.Target{grafana.Now("", "max("+ofExam("examlink_server_exam_students_never_connected")+")")},
			grafana.Colored(grafana.At(0, grafana.Good), grafana.At(1, grafana.Uneasy))),
	)
	d.AddRow("Sessions", grafana.High, 1, sessionTable(row))
	d.Add(grafana.High, 1,
		grafana.NewStateTimeline("States of sessions", "When was each session silent? Shows the twenty worst sessions of the selected time range. A gap means no data: no session, or no scrape.", noData,
			[]grafana.Target{grafana.Over("{{session}}", worst(shown, ofWatches("examlink_session_state")))}, sessionStates(), grafana.Linked(line)),
	)
	d.AddRow("Over time", grafana.Mid, 2,
		grafana.NewTimeSeries("Upload by session, at least", "Which sessions upload at less than the exam requires? Shows the lower bound on the rate that the server measured last, for the twenty slowest sessions of the selected time range. A session is below the minimum only if its upper bound is; see the table.", unitBits, notKnown,
			append([]grafana.Target{grafana.Over("{{session}}", bits("("+whileKnown(slowest(shown, ofWatches("examlink_session_upload_lower_bound_bytes_per_second")), ofWatches("examlink_session_upload_outcome"))+")"))}, bounds("server", up)...),
			append(bounded(), grafana.Linked(line))...),
		grafana.NewTimeSeries("Download by session, at least", "Which sessions download at less than the exam requires? Shows the lower bound on the rate that each client reported last, for the twenty slowest sessions of the selected time range. A session is below the minimum only if its upper bound is; see the table.", unitBits, notKnown,
			append([]grafana.Target{grafana.Over("{{session}}", bits("("+whileKnown(slowest(shown, ofWatches("examlink_session_download_lower_bound_bytes_per_second")), ofWatches("examlink_session_download_outcome"))+")"))}, bounds("server", down)...),
			append(bounded(), grafana.Linked(line))...),
		grafana.NewTimeSeries("Sessions by state", "Were many sessions silent at once? A single silent session points to one student's link; many at once point to our side.", unitCount, noData,
			[]grafana.Target{grafana.Over("{{state}}", "sum by (state) ("+ofWatches("examlink_exam_sessions")+")")}, byState()...),
		grafana.NewTimeSeries("Round-trip delay by session", "Which sessions have a long round-trip delay? Shows the median of the last minute as reported by each client, for the twenty highest of the selected time range.", unitSeconds, noData,
			[]grafana.Target{grafana.Over("{{session}}", whileHeard("("+worst(shown, ofWatches("examlink_session_claimed_round_trip_delay_seconds"))+")", ofWatches("examlink_session_state")))}, grafana.FromZero(), grafana.Linked(line)),
	)
	return d
}

// sessionTable has a row for each session, worst state first, then most warnings
// first.
func sessionTable(row grafana.DataLink) grafana.Panel {
	value := func(metric string) string { return "max by (session) (" + ofWatches(metric) + ")" }
	claim := func(metric string) string {
		return "max by (session) (" + whileHeard(ofWatches(metric), ofWatches("examlink_session_state")) + ")"
	}
	rate := func(title, unknown, direction, bound string) grafana.Column {
		shown := whileKnown(ofWatches("examlink_session_"+direction+"_"+bound+"_bound_bytes_per_second"), ofWatches("examlink_session_"+direction+"_outcome"))
		return grafana.Column{Title: title, Unit: unitBits, Expr: bits("max by (session) (" + shown + ")"), Mappings: grafana.Texts(unknown)}
	}
	return grafana.NewTable("Sessions, worst first", "Which sessions need attention now? At least and at most are the bounds that the last test found; a healthy link is not filled and has no upper bound.", noData, []string{"State", "Warnings (claimed)"}, []grafana.Column{
		{Label: "session", Title: "Session", Unit: "string", Links: []grafana.DataLink{row}},
		{Title: "State", Unit: unitCount, Expr: value("examlink_session_state"), Mappings: sessionStates()},
		{Title: "Last packet", Unit: unitSeconds, Expr: "max by (session) (" + silence(ofWatches("examlink_session_last_packet_timestamp_seconds")) + ")", Steps: silences()},
		{Title: "Upload", Unit: unitCount, Expr: value("examlink_session_upload_outcome"), Mappings: rateOutcomes()},
		rate("Upload at least", notKnown, "upload", "lower"),
		rate("Upload at most", noLimit, "upload", "upper"),
		{Title: "Download (claimed)", Unit: unitCount, Expr: value("examlink_session_download_outcome"), Mappings: rateOutcomes()},
		rate("Download at least (claimed)", notKnown, "download", "lower"),
		rate("Download at most (claimed)", noLimit, "download", "upper"),
		{Title: "Round-trip delay (claimed)", Unit: unitSeconds, Expr: claim("examlink_session_claimed_round_trip_delay_seconds")},
		{Title: "Loss up (claimed)", Unit: unitShare, Expr: claim("examlink_session_claimed_loss_up_ratio")},
		{Title: "Loss down (claimed)", Unit: unitShare, Expr: claim("examlink_session_claimed_loss_down_ratio")},
		{Title: "Warnings (claimed)", Unit: unitCount, Expr: claim("examlink_session_warnings")},
		{Title: "Transport", Unit: unitCount, Expr: value("examlink_session_transport_websocket"), Mappings: transports()},
	})
}
