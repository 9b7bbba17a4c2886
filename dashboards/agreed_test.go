package dashboards_test

// DELETE THIS FILE once docs/METRICS.md documents these metrics: then the tests
// use what is documented alone. While both have one, they must say the same.
func init() {
	agreed = append(agreed, `
| metric | type | labels |
|---|---|---|
| `+"`examlink_session_state`"+` | gauge | `+"`exam`, `session`"+` |
| `+"`examlink_session_last_packet_timestamp_seconds`"+` | gauge | `+"`exam`, `session`"+` |
| `+"`examlink_session_start_timestamp_seconds`"+` | gauge | `+"`exam`, `session`"+` |
| `+"`examlink_session_probes_received_total`"+` | counter | `+"`exam`, `session`"+` |
| `+"`examlink_session_upload_bytes_per_second`"+` | gauge | `+"`exam`, `session`"+` |
| `+"`examlink_session_upload_lower_bound_bytes_per_second`"+` | gauge | `+"`exam`, `session`"+` |
| `+"`examlink_session_upload_timestamp_seconds`"+` | gauge | `+"`exam`, `session`"+` |
| `+"`examlink_session_download_bytes_per_second`"+` | gauge | `+"`exam`, `session`"+` |
| `+"`examlink_session_download_lower_bound_bytes_per_second`"+` | gauge | `+"`exam`, `session`"+` |
| `+"`examlink_session_download_timestamp_seconds`"+` | gauge | `+"`exam`, `session`"+` |
| `+"`examlink_session_claimed_round_trip_delay_seconds`"+` | gauge | `+"`exam`, `session`"+` |
| `+"`examlink_session_claimed_loss_up_ratio`"+` | gauge | `+"`exam`, `session`"+` |
| `+"`examlink_session_claimed_loss_down_ratio`"+` | gauge | `+"`exam`, `session`"+` |
| `+"`examlink_session_claimed_delay_variation_up_seconds`"+` | gauge | `+"`exam`, `session`"+` |
| `+"`examlink_session_claimed_delay_variation_down_seconds`"+` | gauge | `+"`exam`, `session`"+` |
| `+"`examlink_session_claimed_timestamp_seconds`"+` | gauge | `+"`exam`, `session`"+` |
| `+"`examlink_session_warnings`"+` | gauge | `+"`exam`, `session`"+` |
| `+"`examlink_session_transport_websocket`"+` | gauge | `+"`exam`, `session`"+` |
| `+"`examlink_exam_sessions`"+` | gauge | `+"`exam`, `state`"+` |
| `+"`examlink_exam_below_minimum_sessions`"+` | gauge | `+"`exam`, `direction`"+` |
| `+"`examlink_server_session_series_limit`"+` | gauge | |
| `+"`examlink_server_sessions_without_series`"+` | gauge | |
| `+"`examlink_server_minimum_rate_bytes_per_second`"+` | gauge | `+"`direction`"+` |
| `+"`examlink_server_recommended_rate_bytes_per_second`"+` | gauge | `+"`direction`"+` |
| `+"`examlink_server_policy_info`"+` | gauge | `+"`policy`, `version`"+` |
| `+"`examlink_server_rate_bytes_per_second`"+` | histogram | `+"`direction`"+` |
| `+"`examlink_server_config_last_reload_successful`"+` | gauge | |
| `+"`examlink_server_config_last_reload_success_timestamp_seconds`"+` | gauge | |
| `+"`examlink_server_warnings_total`"+` | counter | `+"`kind`"+` |
| `+"`examlink_server_notifications_sent_total`"+` | counter | `+"`receiver`"+` |
| `+"`examlink_server_notifications_failed_total`"+` | counter | `+"`receiver`"+` |
| `+"`examlink_server_notifications_waiting`"+` | gauge | `+"`receiver`"+` |
| `+"`examlink_server_notifications_undelivered_total`"+` | counter | `+"`receiver`"+` |

| label | values |
|---|---|
| `+"`state`"+` | `+"`connected`, `live`, `suspect`, `dropped`, `exam-relevant`, `ended`"+` |
| `+"`direction`"+` | `+"`up`, `down`"+` |
| `+"`kind`"+` | `+"`suspect`, `dropped`, `exam-relevant`, `below-minimum`, `recovered`, `incident`"+` |
`)
}
