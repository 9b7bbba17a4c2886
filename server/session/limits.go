package session

import "time"

// Limits bounds the load that students can put on a server. Zero values take
// the defaults of DefaultLimits. Tags declare keys of config.yaml, for the
// programs; this package does not read them.
type Limits struct {
	Sessions         int     `mapstructure:"sessions" default:"5000" min:"1" max:"1000000" doc:"Live sessions in all."`
	SessionsPerToken int     `mapstructure:"sessions_per_token" default:"3" min:"1" max:"1000000" doc:"Live sessions of one join token."`
	HandshakeRate    float64 `mapstructure:"handshake_rate" default:"10" above:"0" max:"1000000" doc:"Handshakes per second from one address."`
	RetryRate        float64 `mapstructure:"retry_rate" default:"200" above:"0" max:"1000000" doc:"Handshakes per second in all. Above this rate, addresses must prove themselves with a QUIC Retry."`
	ProbeRate        float64 `mapstructure:"probe_rate" default:"200" above:"0" max:"1000000" doc:"Probes per second of one session."`
	TrainBytes       int64   `mapstructure:"train_bytes" unit:"bytes" default:"512MB" min:"1B" doc:"IP-layer bytes of all trains of one session, both ways together."`
	TrainBitRate     float64 `mapstructure:"train_rate" unit:"bit/s" default:"1Gbit/s" above:"0bit/s" doc:"The rate that one train may ask for."`
	TotalBitRate     float64 `mapstructure:"total_rate" unit:"bit/s" default:"2Gbit/s" above:"0bit/s" doc:"The rate that all trains running together may ask for."`
}

// DefaultLimits returns the limits of a server that configures none.
func DefaultLimits() Limits {
	return Limits{
		Sessions: 5000, SessionsPerToken: 3, HandshakeRate: 10, RetryRate: 200,
		ProbeRate: 200, TrainBytes: 512e6, TrainBitRate: 1e9, TotalBitRate: 2e9,
	}
}

// Complete replaces zero values by defaults.
func (l Limits) Complete() Limits {
	d := DefaultLimits()
	fill := func(v *float64, def float64) {
		if *v == 0 {
			*v = def
		}
	}
	fill(&l.HandshakeRate, d.HandshakeRate)
	fill(&l.RetryRate, d.RetryRate)
	fill(&l.ProbeRate, d.ProbeRate)
	fill(&l.TrainBitRate, d.TrainBitRate)
	fill(&l.TotalBitRate, d.TotalBitRate)
	if l.Sessions == 0 {
		l.Sessions = d.Sessions
	}
	if l.SessionsPerToken == 0 {
		l.SessionsPerToken = d.SessionsPerToken
	}
	if l.TrainBytes == 0 {
		l.TrainBytes = d.TrainBytes
	}
	return l
}

// WebSockets returns the maximum number of WebSocket connections: more than the
// sessions, because some are being replaced.
func (l Limits) WebSockets() int { return l.Sessions + l.Sessions/4 + 16 }

// Silence holds the silence after which a session changes its state.
type Silence struct {
	Suspect      time.Duration `mapstructure:"suspect" default:"1s" doc:"Until it is suspect: something may be wrong."`
	Dropped      time.Duration `mapstructure:"dropped" default:"3s" doc:"Until it is dropped: the link is down."`
	ExamRelevant time.Duration `mapstructure:"exam_relevant" default:"30s" doc:"Until it is exam-relevant: the silence matters to the exam."`
	Forget       time.Duration `mapstructure:"forget" default:"30m" doc:"Until it is over."`
}

// Ordered reports whether each threshold is longer than the one before.
func (s Silence) Ordered() bool {
	return 0 < s.Suspect && s.Suspect < s.Dropped && s.Dropped < s.ExamRelevant && s.ExamRelevant < s.Forget
}

// DefaultSilence returns the thresholds of a server that configures none.
func DefaultSilence() Silence {
	return Silence{Suspect: time.Second, Dropped: 3 * time.Second, ExamRelevant: 30 * time.Second, Forget: 30 * time.Minute}
}
