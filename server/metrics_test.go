package server_test

import (
	"crypto/ed25519"
	"crypto/tls"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"examlink/probe/exporter/naming"
	"examlink/server"
)

// registered returns the registry of a server without clients.
func registered(t *testing.T) (*server.Server, *prometheus.Registry) {
	t.Helper()
	keys, err := server.LoadKeys(t.TempDir(), "", "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	s, err := server.New(server.Options{
		Conn: conn, TLS: &tls.Config{Certificates: []tls.Certificate{keys.Certificate}, MinVersion: tls.VersionTLS13},
		TokenKey: keys.Token.Public().(ed25519.PublicKey), Secret: keys.Secret,
	})
	if err != nil {
		t.Fatal(err)
	}
	r := prometheus.NewPedanticRegistry()
	if err := s.Register(r); err != nil {
		t.Fatal(err)
	}
	return s, r
}

func TestMetricNamesAndLabels(t *testing.T) {
	_, r := registered(t)
	naming.Lint(t, r)
	if n, err := testutil.GatherAndCount(r); err != nil || n < 30 {
		t.Errorf("%d series, %v: too few to say anything of", n, err)
	}
}

// All series are present, at zero, before the first client.
func TestSeriesArePresentAtZero(t *testing.T) {
	_, r := registered(t)
	const want = `
# HELP examlink_server_sessions Current sessions, by purpose and by the state derived from the server's own timers (server.silence). Ended sessions are not included. A silent check was broken off; no exam suffers from it.
# TYPE examlink_server_sessions gauge
examlink_server_sessions{purpose="check",state="connected"} 0
examlink_server_sessions{purpose="check",state="dropped"} 0
examlink_server_sessions{purpose="check",state="exam-relevant"} 0
examlink_server_sessions{purpose="check",state="live"} 0
examlink_server_sessions{purpose="check",state="suspect"} 0
examlink_server_sessions{purpose="watch",state="connected"} 0
examlink_server_sessions{purpose="watch",state="dropped"} 0
examlink_server_sessions{purpose="watch",state="exam-relevant"} 0
examlink_server_sessions{purpose="watch",state="live"} 0
examlink_server_sessions{purpose="watch",state="suspect"} 0
# HELP examlink_server_session_transports Current sessions, by the transport that carries them now or carried them last.
# TYPE examlink_server_session_transports gauge
examlink_server_session_transports{transport="udp"} 0
examlink_server_session_transports{transport="websocket"} 0
# HELP examlink_server_connections_total Connections that opened or resumed a session. The sum over transports is sessions started plus sessions resumed.
# TYPE examlink_server_connections_total counter
examlink_server_connections_total{transport="udp"} 0
examlink_server_connections_total{transport="websocket"} 0
# HELP examlink_server_requests_refused_total Handshakes, sessions, trains, goodput streams and reports refused.
# TYPE examlink_server_requests_refused_total counter
examlink_server_requests_refused_total{reason="budget"} 0
examlink_server_requests_refused_total{reason="busy"} 0
examlink_server_requests_refused_total{reason="full"} 0
examlink_server_requests_refused_total{reason="handshake-rate"} 0
examlink_server_requests_refused_total{reason="limit"} 0
examlink_server_requests_refused_total{reason="request"} 0
examlink_server_requests_refused_total{reason="shutdown"} 0
examlink_server_requests_refused_total{reason="token"} 0
examlink_server_requests_refused_total{reason="version"} 0
# HELP examlink_server_trains_total Trains started, for checks, floor tests and glances.
# TYPE examlink_server_trains_total counter
examlink_server_trains_total{direction="down"} 0
examlink_server_trains_total{direction="up"} 0
`
	if err := testutil.GatherAndCompare(r, strings.NewReader(want),
		"examlink_server_sessions", "examlink_server_session_transports", "examlink_server_connections_total", "examlink_server_requests_refused_total", "examlink_server_trains_total"); err != nil {
		t.Error(err)
	}
}

func TestMetricsAreRegisteredOnce(t *testing.T) {
	s, r := registered(t)
	if err := s.Register(r); err == nil {
		t.Error("the same metrics were registered twice")
	}
}
