// Package media receives webcams and screens that pages send by WebRTC, for rehearsals of an
// exam, on the server's own UDP socket. It is the only importer of pion.
//
// It only receives, and it answers to addresses that prove themselves: as an ICE-lite agent
// it begins no connection. It stores nothing and decodes nothing: what leaves it are traces
// of package rehearsal. It knows no students: who may rehearse is the caller's question.
package media

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/logging"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
	"github.com/prometheus/client_golang/prometheus"

	"examlink/probe/link"
)

// Limits bounds the rehearsals of a server. Tags declare keys of config.yaml, for the
// programs; this package does not read them.
type Limits struct {
	Enabled bool `mapstructure:"enabled" default:"true" doc:"Take rehearsals. The page offers the step if this was set when the server started."`
	AtOnce  int  `mapstructure:"at_once" default:"50" min:"1" max:"10000" doc:"Rehearsals at the same time. Each join token has one."`
}

// DefaultLimits returns the limits of a server that configures none.
func DefaultLimits() Limits { return Limits{Enabled: true, AtOnce: 50} }

// Why a rehearsal does not begin. Callers branch on them.
var (
	ErrOff  = errors.New("rehearsals are switched off on this server")
	ErrFull = errors.New("too many rehearsals are running; try again in a minute")
	ErrBusy = errors.New("a rehearsal is already running for this join token")
	// ErrOffer is in the error about an offer that this server does not take.
	ErrOffer = errors.New("the offer")
)

// Receiver receives streams. It is safe for concurrent use.
type Receiver struct {
	limits  func() Limits
	metrics *metrics

	mu      sync.Mutex
	api     *webrtc.API // nil before Serve and after Close
	mux     ice.UDPMux
	socket  *link.Socket
	running map[string]bool // by key
}

// New returns a receiver with limits, which takes no rehearsal before Serve.
func New(limits func() Limits) *Receiver {
	return &Receiver{limits: limits, metrics: newMetrics(), running: map[string]bool{}}
}

// Serve receives on a socket, until Close.
func (r *Receiver) Serve(s *link.Socket) error {
	four, six := newFamily(s, false), newFamily(s, true)
	quiet := logging.NewDefaultLoggerFactory()
	quiet.Writer, quiet.DefaultLogLevel = io.Discard, logging.LogLevelDisabled
	mux := func(f *family) ice.UDPMux {
		return ice.NewUDPMuxDefault(ice.UDPMuxParams{Logger: quiet.NewLogger("ice"), UDPConn: f})
	}
	all := guarded{ice.NewMultiUDPMuxDefault(mux(four), mux(six))}
	api, err := newAPI(all, quiet)
	if err != nil {
		return errors.Join(err, all.Close())
	}
	s.HandleMedia(demultiplex(four, six, r.metrics.dropped.Inc))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.api, r.mux, r.socket = api, all, s
	return nil
}

// Close ends all rehearsals and stops receiving. The socket stays open.
func (r *Receiver) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	mux := r.mux
	r.api, r.mux = nil, nil
	if mux == nil {
		return nil
	}
	r.socket.HandleMedia(nil)
	return mux.Close()
}

// Collectors returns the metrics.
func (r *Receiver) Collectors() []prometheus.Collector { return r.metrics.collectors() }

// place takes a place for a rehearsal.
func (r *Receiver) place(key string) (api *webrtc.API, leave func(), err error) {
	limits := r.limits()
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case !limits.Enabled || r.api == nil:
		return nil, nil, ErrOff
	case r.running[key]:
		return nil, nil, ErrBusy
	case len(r.running) >= limits.AtOnce:
		return nil, nil, ErrFull
	}
	r.running[key] = true
	r.metrics.running.Inc()
	return r.api, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.running, key)
		r.metrics.running.Dec()
	}, nil
}

// newAPI configures pion: one codec, whose pictures tell their size; what browsers need to
// find their rate and to send again what was lost.
func newAPI(mux ice.UDPMux, logs logging.LoggerFactory) (*webrtc.API, error) {
	var s webrtc.SettingEngine
	s.LoggerFactory = logs
	s.SetLite(true)
	s.SetICEUDPMux(mux)
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetICETimeouts(gone, gone, keepAlive)
	s.SetSRTPProtectionProfiles(dtls.SRTP_AES128_CM_HMAC_SHA1_80) // which every browser has; see srtpTag
	if err := s.SetAnsweringDTLSRole(webrtc.DTLSRoleServer); err != nil {
		return nil, fmt.Errorf("media: %w", err)
	}
	var m webrtc.MediaEngine
	feedback := []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: webrtc.TypeRTCPFBTransportCC}}
	for _, c := range []webrtc.RTPCodecParameters{
		{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000, RTCPFeedback: feedback}, PayloadType: 96},
		{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeRTX, ClockRate: 90000, SDPFmtpLine: "apt=96"}, PayloadType: 97},
	} {
		if err := m.RegisterCodec(c, webrtc.RTPCodecTypeVideo); err != nil {
			return nil, fmt.Errorf("media: %w", err)
		}
	}
	for _, uri := range []string{sdp.TransportCCURI, sdp.SDESMidURI} {
		if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, webrtc.RTPCodecTypeVideo); err != nil {
			return nil, fmt.Errorf("media: %w", err)
		}
	}
	i, err := interceptors()
	if err != nil {
		return nil, fmt.Errorf("media: %w", err)
	}
	return webrtc.NewAPI(webrtc.WithSettingEngine(s), webrtc.WithMediaEngine(&m), webrtc.WithInterceptorRegistry(i)), nil
}

// interceptors stamp each packet as it comes and report to the browser. Lost packets are asked
// for by Rehearsal: pion's own does not see those that come again as a stream of their own, and
// would go on asking.
func interceptors() (*interceptor.Registry, error) {
	reports, err := report.NewReceiverInterceptor()
	if err != nil {
		return nil, err
	}
	arrivals, err := twcc.NewSenderInterceptor()
	if err != nil {
		return nil, err
	}
	r := &interceptor.Registry{}
	for _, f := range []interceptor.Factory{stamping{}, reports, arrivals} {
		r.Add(f)
	}
	return r, nil
}
