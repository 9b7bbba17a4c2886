package dashboards

import "examlink/dashboards/grafana"

// shown is how many sessions are drawn as lines at most: more cannot be told apart.
const shown = 20

// exam answers: which sessions of this exam need a look?
func exam() *grafana.Dashboard {
	d := grafana.New(uidExam, "examlink / Exam", "One exam: its sessions, those that need a look first.", tag)
	d.Templating = variables("examlink_exam_sessions", examVariable())
	d.Annotations.List = []grafana.Annotation{warnings(`,exam="$exam"`), occupied(ofExam("examlink_exam_sessions"))}
	row := link("The session ${__data.fields.Session}", uidSession, "&var-exam=${exam}&var-session=${__data.fields.Session}")
	line := link("The session ${__field.labels.session}", uidSession, "&var-exam=${exam}&var-session=${__field.labels.session}")

	d.AddRow("Now", grafana.Low, 6,
		grafana.NewStat("Sessions live", "Sessions of this exam whose packets arrive.", unitCount, noData,
			[]grafana.Target{grafana.Now("", "sum("+ofExam("examlink_exam_sessions", `state="live"`)+")")}),
		grafana.NewStat("Sessions silent", "Sessions of this exam from which nothing has come for a second or more.", unitCount, noData,
			[]grafana.Target{grafana.Now("", "sum("+ofExam("examlink_exam_sessions", silent)+")")}, counted(5)),
		grafana.NewStat("Silent for 30 s or more", "Sessions of this exam that have been silent for long enough to matter to it.", unitCount, noData,
			[]grafana.Target{grafana.Now("", "sum("+ofExam("examlink_exam_sessions", `state="exam-relevant"`)+")")}, counted(1)),
		grafana.NewStat("Below the minimum up", "Sessions whose last upload, as the server read it, is below the policy's minimum.", unitCount, noData,
			[]grafana.Target{grafana.Now("", "sum("+ofExam("examlink_exam_below_minimum_sessions", up)+")")}, counted(5)),
		grafana.NewStat("Below the minimum down", "Sessions whose last download, as their client claims it, is below the policy's minimum.", unitCount, noData,
			[]grafana.Target{grafana.Now("", "sum("+ofExam("examlink_exam_below_minimum_sessions", down)+")")}, counted(5)),
		grafana.NewStat("By WebSocket", "Sessions whose network blocks UDP. Their losses show as delay, and their rates are lower bounds.", unitCount, noData,
			[]grafana.Target{grafana.Now("", "sum("+ofExam("examlink_session_transport_websocket")+")")},
			grafana.Colored(grafana.At(0, grafana.Good), grafana.At(1, grafana.Uneasy))),
	)
	d.AddRow("Sessions", grafana.High, 1, sessionTable(row))
	d.Add(grafana.High, 1,
		grafana.NewStateTimeline("States of sessions", "When was which session silent? The twenty sessions that were worst in the time shown. A gap is a time in which nothing is known: no session, or no scrape.", noData,
			[]grafana.Target{grafana.Over("{{session}}", worst(shown, ofExam("examlink_session_state")))}, sessionStates(), grafana.Linked(line)),
	)
	d.AddRow("Over time", grafana.Mid, 2,
		grafana.NewTimeSeries("Upload by session", "Which sessions send less than the exam asks for? The last rate the server read, for the twenty sessions that were slowest in the time shown.", unitBits, noData,
			append([]grafana.Target{grafana.Over("{{session}}", bits("("+slowest(shown, ofExam("examlink_session_upload_bytes_per_second"))+")"))}, bounds("server", up)...),
			append(bounded(), grafana.Linked(line))...),
		grafana.NewTimeSeries("Download by session", "Which sessions receive less than the exam asks for? The last rate each client claims, for the twenty that were slowest in the time shown.", unitBits, noData,
			append([]grafana.Target{grafana.Over("{{session}}", bits("("+slowest(shown, ofExam("examlink_session_download_bytes_per_second"))+")"))}, bounds("server", down)...),
			append(bounded(), grafana.Linked(line))...),
		grafana.NewTimeSeries("Sessions by state", "Were many silent at once? One line going up alone is one student's link; all together are more likely on our side.", unitCount, noData,
			[]grafana.Target{grafana.Over("{{state}}", "sum by (state) ("+ofExam("examlink_exam_sessions")+")")}, byState()...),
		grafana.NewTimeSeries("Round-trip delay by session", "Which links are slow to answer? The median each client claims for its last minute, for the twenty that were highest in the time shown.", unitSeconds, noData,
			[]grafana.Target{grafana.Over("{{session}}", worst(shown, ofExam("examlink_session_claimed_round_trip_delay_seconds")))}, grafana.FromZero(), grafana.Linked(line)),
	)
	return d
}

// sessionTable has a row for each session, the worst state first, and of one state those
// that have most warnings.
func sessionTable(row grafana.DataLink) grafana.Panel {
	share := func(metric, direction string) string {
		return "max by (session) (" + perServer(ofExam(metric), of("examlink_server_minimum_rate_bytes_per_second", direction)) + ")"
	}
	value := func(metric string) string { return "max by (session) (" + ofExam(metric) + ")" }
	least := []grafana.Step{grafana.At(0, grafana.Bad), grafana.At(1, grafana.Good)}
	return grafana.NewTable("Sessions, worst first", "Which sessions need a look now? An empty field is a value that is not known.", noData, []string{"State", "Warnings (claimed)"}, []grafana.Column{
		{Label: "session", Title: "Session", Unit: "string", Links: []grafana.DataLink{row}},
		{Title: "State", Unit: unitCount, Expr: value("examlink_session_state"), Mappings: sessionStates()},
		{Title: "Last packet", Unit: unitSeconds, Expr: "time() - " + value("examlink_session_last_packet_timestamp_seconds")},
		{Title: "Upload", Unit: unitBits, Expr: bits(value("examlink_session_upload_bytes_per_second"))},
		{Title: "Upload to minimum", Unit: unitShare, Expr: share("examlink_session_upload_bytes_per_second", up), Steps: least},
		{Title: "Download (claimed)", Unit: unitBits, Expr: bits(value("examlink_session_download_bytes_per_second"))},
		{Title: "Download to minimum", Unit: unitShare, Expr: share("examlink_session_download_bytes_per_second", down), Steps: least},
		{Title: "Delay (claimed)", Unit: unitSeconds, Expr: value("examlink_session_claimed_round_trip_delay_seconds")},
		{Title: "Loss up (claimed)", Unit: unitShare, Expr: value("examlink_session_claimed_loss_up_ratio")},
		{Title: "Loss down (claimed)", Unit: unitShare, Expr: value("examlink_session_claimed_loss_down_ratio")},
		{Title: "Warnings (claimed)", Unit: unitCount, Expr: value("examlink_session_warnings")},
		{Title: "Carried by", Unit: unitCount, Expr: value("examlink_session_transport_websocket"), Mappings: transports()},
	})
}
