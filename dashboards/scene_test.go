package dashboards_test

import "fmt"

const (
	onServer = `job="examlink-server",instance="exam-1:9481"`
	onClient = `job="examlink-client",instance="laptop:9482"`
)

// scene is two hours of two servers and one client. Server exam-2 never answers.
// Server exam-1 has two exams in progress and one ahead, maed-6000. In msds-5001, s-good is good; s-slow falls below
// the minimum at scrape 440; s-gone is silent from scrape 420 on, for 30 s or more
// from 422 on; s-left ended at scrape 400; s-check is a check that was broken off. In
// csca-5622, s-tcp uses WebSocket. Of s-good, s-gone and s-tcp only lower bounds are
// known, as is usual of healthy links.
func scene(h history) {
	h.gauge("up", onServer, 1)
	h.gauge("up", `job="examlink-server",instance="exam-2:9481"`, 0)
	h.gauge("up", onClient, 1)
	sessions(h)
	servers(h)
	clients(h)
}

func sessions(h history) {
	always := func(v float64) func(int) (float64, bool) { return func(int) (float64, bool) { return v, true } }
	until := func(end int, v float64) func(int) (float64, bool) {
		return func(n int) (float64, bool) { return v, n < end }
	}
	from := func(change int, before, after float64) func(int) (float64, bool) {
		return func(n int) (float64, bool) {
			if n < change {
				return before, true
			}
			return after, true
		}
	}
	every := func(k int) func(int) (float64, bool) { // time of the last multiple of k scrapes
		return func(n int) (float64, bool) { return float64(at(n / k * k).Unix()), true }
	}
	one := func(exam, session, purpose string) func(string, func(int) (float64, bool)) {
		labels := onServer + fmt.Sprintf(",exam=%q,session=%q,purpose=%q", exam, session, purpose)
		return func(name string, value func(int) (float64, bool)) { h.series("examlink_session_"+name, labels, value) }
	}
	good, slow, gone, left, tcp := one("msds-5001", "s-good", "watch"), one("msds-5001", "s-slow", "watch"), one("msds-5001", "s-gone", "watch"), one("msds-5001", "s-left", "watch"), one("csca-5622", "s-tcp", "watch")

	check := one("msds-5001", "s-check", "check")
	check("state", always(4))
	check("upload_outcome", always(0))
	check("upload_lower_bound_bytes_per_second", always(1000))
	good("state", always(1))
	slow("state", always(1))
	gone("state", func(n int) (float64, bool) {
		switch {
		case n < 420:
			return 1, true
		case n < 422:
			return 3, true
		}
		return 4, true
	})
	left("state", until(400, 1))
	tcp("state", always(1))
	for _, s := range []func(string, func(int) (float64, bool)){good, slow, tcp} {
		s("last_packet_timestamp_seconds", every(1))
	}
	gone("last_packet_timestamp_seconds", func(n int) (float64, bool) { return float64(at(min(n, 419)).Unix()), true })

	good("upload_lower_bound_bytes_per_second", always(160000))
	good("upload_outcome", always(2))
	slow("upload_bytes_per_second", from(440, 62500, 40000))
	slow("upload_lower_bound_bytes_per_second", from(440, 62000, 39000))
	slow("upload_upper_bound_bytes_per_second", from(440, 63000, 41000))
	slow("upload_outcome", from(440, 2, 0))
	gone("upload_lower_bound_bytes_per_second", always(60000))
	gone("upload_outcome", until(420, 2))
	tcp("upload_lower_bound_bytes_per_second", always(96000))
	tcp("upload_outcome", always(2))
	good("download_lower_bound_bytes_per_second", always(500000))
	good("download_outcome", always(2))
	slow("download_bytes_per_second", always(90000))
	slow("download_lower_bound_bytes_per_second", always(88000))
	slow("download_upper_bound_bytes_per_second", always(92000))
	slow("download_outcome", always(0))

	slow("start_timestamp_seconds", always(float64(at(100).Unix())))
	slow("upload_timestamp_seconds", every(48))
	slow("download_timestamp_seconds", every(30))
	slow("claimed_timestamp_seconds", every(7))
	slow("probes_received_total", func(n int) (float64, bool) { return float64(n) * 150, true })
	good("claimed_round_trip_delay_seconds", always(.02))
	slow("claimed_round_trip_delay_seconds", always(.08))
	slow("claimed_loss_up_ratio", always(.01))
	slow("claimed_loss_down_ratio", always(.02))
	slow("claimed_delay_variation_up_seconds", always(.005))
	slow("claimed_delay_variation_down_seconds", always(.006))
	slow("warnings", always(2))
	good("warnings", always(0))
	good("transport_websocket", always(0))
	slow("transport_websocket", always(0))
	tcp("transport_websocket", always(1))

	exam := func(name, purpose string, values ...float64) {
		for state, v := range map[string]float64{"connected": 0, "live": values[0], "suspect": 0, "dropped": values[1], "exam-relevant": values[2]} {
			h.gauge("examlink_exam_sessions", onServer+fmt.Sprintf(",exam=%q,state=%q,purpose=%q", name, state, purpose), v)
		}
	}
	exam("msds-5001", "watch", 2, 0, 1)
	exam("msds-5001", "check", 2, 0, 1)
	exam("csca-5622", "watch", 1, 0, 0)
	rates := func(exam, direction, purpose string, values ...float64) {
		for i, outcome := range []string{"below", "inconclusive", "meets", "unknown"} {
			h.gauge("examlink_exam_rate_sessions", onServer+fmt.Sprintf(",exam=%q,direction=%q,outcome=%q,purpose=%q", exam, direction, outcome, purpose), values[i])
		}
	}
	rates("msds-5001", "up", "watch", 1, 0, 1, 1)
	rates("msds-5001", "down", "watch", 1, 0, 1, 1)
	rates("msds-5001", "up", "check", 7, 0, 0, 0)
	rates("csca-5622", "up", "watch", 0, 0, 1, 0)
	rates("csca-5622", "down", "watch", 0, 0, 0, 1)
	alert := `alertname="ExamlinkSessionDropped",severity="critical",audience="proctor",notify="yes",exam="msds-5001",session="s-gone",` + onServer
	h.series("ALERTS", alert+`,alertstate="firing"`, func(n int) (float64, bool) { return 1, n >= 420 })
	h.series("ALERTS_FOR_STATE", alert, func(n int) (float64, bool) { return float64(at(420).Unix()), n >= 420 })
}

func servers(h history) {
	each := func(write func(name, labels string, v float64), name, label string, values map[string]float64) {
		for value, v := range values {
			write(name, onServer+fmt.Sprintf(",%s=%q", label, value), v)
		}
	}
	for state, n := range map[string][2]float64{"connected": {0, 0}, "live": {3, 2}, "suspect": {0, 0}, "dropped": {0, 0}, "exam-relevant": {1, 1}} {
		h.gauge("examlink_server_sessions", onServer+fmt.Sprintf(`,state=%q,purpose="watch"`, state), n[0])
		h.gauge("examlink_server_sessions", onServer+fmt.Sprintf(`,state=%q,purpose="check"`, state), n[1])
	}
	h.gauge("instance:examlink_server_sessions:sum", onServer, 4)
	each(h.gauge, "examlink_server_session_transports", "transport", map[string]float64{"udp": 3, "websocket": 1})
	each(h.gauge, "examlink_server_minimum_rate_bytes_per_second", "direction", map[string]float64{"up": 48000, "down": 96000})
	each(h.gauge, "examlink_server_recommended_rate_bytes_per_second", "direction", map[string]float64{"up": 125000, "down": 187500})
	h.gauge("examlink_server_policy_info", onServer+`,policy="default",version="1"`, 1)
	h.gauge("examlink_build_info", onServer+`,version="1.2.3",goversion="go1.26.0",goos="linux",goarch="amd64"`, 1)
	h.gauge("examlink_server_sessions_without_series", onServer, 5)
	h.gauge("examlink_server_session_series_limit", onServer, 8)
	h.gauge("examlink_server_certificate_expiry_timestamp_seconds", onServer, float64(at(moment).Unix()+30*86400))
	h.gauge("examlink_server_config_last_reload_successful", onServer, 0)
	for exam, starts := range map[string]float64{"maed-6000": 86400, "msds-5001": -3600} {
		h.gauge("examlink_server_exam_start_timestamp_seconds", onServer+fmt.Sprintf(",exam=%q", exam), float64(at(moment).Unix())+starts)
		for state, n := range map[string]float64{"not opened": 7, "opened": 4, "not ready": 2, "could not tell": 1, "late": 3, "marginal": 5, "ready": 20} {
			h.gauge("examlink_server_exam_students", onServer+fmt.Sprintf(",exam=%q,state=%q", exam, state), n)
		}
	}
	h.gauge("examlink_server_exam_students_never_connected", onServer+`,exam="msds-5001"`, 2)
	tests := func(purpose, bound, direction string, values ...float64) {
		for i, outcome := range []string{"below", "meets", "inconclusive"} {
			h.counter("examlink_server_rate_tests_total", onServer+fmt.Sprintf(",bound=%q,direction=%q,outcome=%q,purpose=%q", bound, direction, outcome, purpose), values[i])
		}
	}
	tests("check", "minimum", "up", .25, .75, 5)
	tests("check", "recommended", "up", .5, .5, 5)
	tests("check", "minimum", "down", .2, .8, 0)
	tests("check", "recommended", "down", .4, .6, 0)
	tests("watch", "minimum", "up", .75, .25, 0)
	tests("watch", "recommended", "up", .9, .1, 0)
	tests("watch", "minimum", "down", .4, .6, 5)
	tests("watch", "recommended", "down", .6, .4, 5)
	h.histogram("examlink_server_turnaround_seconds", onServer, []string{"0.0001", "0.005"}, []float64{50, 199, 200})
	each(h.counter, "examlink_server_warnings_total", "kind", map[string]float64{"dropped": .1, "recovered": .05})
	each(h.counter, "examlink_server_requests_refused_total", "reason", map[string]float64{"full": .5, "token": .25})
	each(h.counter, "examlink_server_packets_dropped_total", "reason", map[string]float64{"send": .5, "replay": .125})
	each(h.counter, "examlink_server_verdicts_total", "outcome", map[string]float64{"ready": .25, "marginal": .125, "not ready": .0625, "inconclusive": .0625})
	for _, x := range []struct {
		criterion, finding string
		perSecond          float64
	}{
		{"upload", "missed", .0625}, {"upload", "unclear", .1}, {"upload", "below-recommended", .0875},
		{"download", "missed", .1}, {"download", "unclear", 0}, {"download", "below-recommended", .125},
		{"loss-up", "missed", 0}, {"loss-down", "unclear", .0625},
	} {
		h.counter("examlink_server_verdict_criteria_total", onServer+fmt.Sprintf(",criterion=%q,finding=%q", x.criterion, x.finding), x.perSecond)
	}
	each(h.counter, "examlink_server_trains_total", "direction", map[string]float64{"up": .2, "down": .3})
	each(h.counter, "examlink_server_train_bytes_total", "direction", map[string]float64{"up": 1000, "down": 2000})
	each(h.counter, "examlink_server_goodput_bytes_total", "direction", map[string]float64{"up": 100, "down": 200})
	each(h.counter, "examlink_server_connections_total", "transport", map[string]float64{"udp": .5, "websocket": .25})
	each(h.counter, "examlink_server_sessions_started_total", "purpose", map[string]float64{"watch": .25, "check": .25})
	h.counter("examlink_server_sessions_resumed_total", onServer, .25)
	h.counter("examlink_server_probes_received_total", onServer, 40)
	h.counter("examlink_server_probes_reflected_total", onServer, 39.5)
	each(h.counter, "examlink_server_notifications_sent_total", "receiver", map[string]float64{"proctors": .2})
	each(h.counter, "examlink_server_notifications_failed_total", "receiver", map[string]float64{"proctors": .1})
	each(h.counter, "examlink_server_notifications_undelivered_total", "receiver", map[string]float64{"proctors": .01})
	each(h.gauge, "examlink_server_notifications_waiting", "receiver", map[string]float64{"proctors": 3})
	each(h.gauge, "examlink_server_store_last_write_successful", "part", map[string]float64{"queues": 1, "warnings": 0})
	each(h.counter, "examlink_server_store_write_errors_total", "part", map[string]float64{"queues": 0, "warnings": .01})
	h.gauge("examlink_server_alertmanager_reachable", onServer, 1)
	h.counter("process_cpu_seconds_total", onServer, .25)
	h.gauge("process_resident_memory_bytes", onServer, 1e8)
	h.gauge("process_start_time_seconds", onServer, float64(begin.Unix()))
	h.gauge("process_open_fds", onServer, 10)
	h.gauge("process_max_fds", onServer, 1000)
	h.gauge("go_goroutines", onServer, 42)
	h.gauge("scrape_duration_seconds", onServer, .01)
	h.gauge("scrape_samples_scraped", onServer, 300)
}

func clients(h history) {
	each := func(write func(name, labels string, v float64), name, label string, values map[string]float64) {
		for value, v := range values {
			write("examlink_client_"+name, onClient+fmt.Sprintf(",%s=%q", label, value), v)
		}
	}
	both := func(upward, downward float64) map[string]float64 {
		return map[string]float64{"up": upward, "down": downward}
	}
	h.series("examlink_client_connected", onClient, func(n int) (float64, bool) { return 1, n < 430 || n > 455 }) // not scraped for a while
	each(h.gauge, "rate_bytes_per_second", "direction", both(60000, 192000))
	each(h.gauge, "rate_lower_bound_bytes_per_second", "direction", both(59000, 190000))
	each(h.gauge, "rate_upper_bound_bytes_per_second", "direction", both(61000, 194000))
	each(h.gauge, "floor_test_outcome", "direction", both(2, 2))
	each(h.gauge, "minimum_rate_bytes_per_second", "direction", both(48000, 96000))
	each(h.gauge, "recommended_rate_bytes_per_second", "direction", both(125000, 187500))
	each(h.gauge, "floor_test_timestamp_seconds", "direction", both(float64(at(moment-2).Unix()), float64(at(moment-4).Unix())))
	each(h.gauge, "warning_active", "kind", map[string]float64{"below-recommended": 1, "loss": 0})
	each(h.counter, "warnings_total", "kind", map[string]float64{"below-recommended": .01, "loss": 0})
	h.gauge("examlink_client_reports_waiting", onClient, 4)
	h.gauge("examlink_client_record_last_write_successful", onClient, 1)
	h.counter("examlink_client_record_write_errors_total", onClient, .005)
	h.counter("examlink_client_reports_taken_total", onClient, .05)
	h.counter("examlink_client_reports_refused_total", onClient, .01)
	each(h.counter, "reports_dropped_total", "kind", map[string]float64{"minute": .02, "warning": 0})
	for _, name := range []string{"floor_tests_total", "glances_total"} {
		for i, outcome := range []string{"meets", "below", "inconclusive"} {
			h.counter("examlink_client_"+name, onClient+fmt.Sprintf(`,direction="up",outcome=%q`, outcome), .1/float64(i+1))
		}
	}
	h.counter("examlink_client_probes_sent_total", onClient, 10)
	h.counter("examlink_client_probes_received_total", onClient, 9)
	h.counter("examlink_client_probes_over_tcp_total", onClient, 0)
	each(h.counter, "probes_lost_total", "direction", map[string]float64{"up": .5, "down": .25, "unknown": .25})
	h.counter("examlink_client_echoes_late_total", onClient, .125)
	h.counter("examlink_client_echoes_duplicate_total", onClient+`,direction="down"`, .0625)
	h.counter("examlink_client_echoes_reordered_total", onClient+`,direction="down"`, .25)
	// half of the observations are in the first bucket, the rest in the second
	h.histogram("examlink_client_round_trip_delay_seconds", onClient, []string{"0.02", "0.03"}, []float64{5, 10, 10})
	for _, direction := range []string{"up", "down"} {
		l := onClient + `,direction="` + direction + `"`
		h.histogram("examlink_client_pdv_seconds", l, []string{"0.005", "0.01"}, []float64{5, 10, 10})
		h.histogram("examlink_client_one_way_delay_seconds", l, []string{"0.01", "0.02"}, []float64{5, 10, 10})
		h.histogram("examlink_client_ipdv_seconds", l, []string{"0.005", "0.01"}, []float64{10, 10, 10})
		h.gauge("examlink_client_rfc3550_jitter_seconds", l, .004)
	}
	h.gauge("examlink_client_one_way_delay_error_bound_seconds", onClient, .011)
	h.histogram("examlink_client_pacing_lateness_seconds", onClient, []string{"0.0001", "0.001"}, []float64{5, 10, 10})
	h.histogram("examlink_client_receive_lag_seconds", onClient, []string{"0.0001", "0.001"}, []float64{5, 10, 10})
	each(h.counter, "probes_unsent_total", "reason", map[string]float64{"host": .5, "no-route": 2, "stalled": 0})
	h.counter("examlink_client_local_drops_total", onClient, .25)
	each(h.counter, "floor_test_bytes_total", "direction", both(300, 600))
}
