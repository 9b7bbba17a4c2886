package dashboards

import "examlink/dashboards/grafana"

// ahead selects the students of exams that have not begun, by exam and state. Servers
// of one store count the same students.
func ahead(matchers ...string) string {
	return "max by (job, exam, state) (" + of("examlink_server_exam_students", matchers...) + ") and on (job, exam) (max by (job, exam) (" + of("examlink_server_exam_start_timestamp_seconds") + ") > time())"
}

// stages are how far students have come towards an exam, each a part of the one before.
func stages() []struct{ title, students string } {
	return []struct{ title, students string }{
		{"Rostered", ahead()},
		{"Opened", ahead(`state!="not opened"`)},
		{"Tested", ahead(`state!~"not opened|opened"`)},
		{"Ready", ahead(`state=~"ready|marginal"`)},
	}
}

// funnel shows how many students have come how far, for all exams ahead and for each.
func funnel() []grafana.Panel {
	const words = " Opened: a session was opened with one of the student's join tokens. Tested: a check has a receipt. Ready: the latest check that could tell passed, and one passed at least 72 hours before the exam."
	var all []grafana.Target
	columns := []grafana.Column{{Label: "exam", Title: "Exam", Unit: "string"}}
	for _, s := range stages() {
		all = append(all, grafana.Now(s.title, "sum("+s.students+")"))
		columns = append(columns, grafana.Column{Title: s.title, Unit: unitCount, Expr: "sum by (exam) (" + s.students + ")"})
	}
	columns = append(columns, grafana.Column{Title: "Begins in", Unit: unitSeconds, Expr: "max by (exam) (" + of("examlink_server_exam_start_timestamp_seconds") + ") - time() > 0"})
	const none = "no exam ahead"
	return []grafana.Panel{
		grafana.NewStat("Students of exams ahead", "How many students on the rosters of exams that have not begun are how far?"+words, unitCount, none, all),
		grafana.NewTable("Students by exam ahead", "How far are the students of each exam that has not begun?"+words, none, []string{"Rostered"}, columns),
	}
}
