package delivery

import (
	"cmp"
	"context"
	"log/slog"
	"net"
	"regexp"
	"time"

	"examlink/server/alert"
)

// Chosen by us.
const (
	DefaultTimeout  = 10 * time.Second
	DefaultMaxAge   = 24 * time.Hour
	DefaultQueueMax = 10e6 // bytes for each receiver: some ten thousand notices
	DefaultForget   = 30 * time.Minute
)

// ReceiverName matches the names of receivers, which occur in file names and
// labels.
var ReceiverName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

// Options configure a Notifier. Zero values take the defaults.
type Options struct {
	// Dir is the directory of the queues, which one process may use at a time.
	// Empty: they are in memory only.
	Dir          string
	Webhooks     []Webhook
	Alertmanager Alertmanager
	// MinimumUp and MinimumDown are the policy's minima, IP-layer bit/s; 0 means
	// none.
	MinimumUp, MinimumDown float64
	// Hold is how long the first notice of a silence waits; see alert.DefaultHold.
	// A negative value holds back nothing, neither silences nor rates.
	Hold     time.Duration
	Incident alert.IncidentRule
	MaxAge   time.Duration // after which a notice is given up
	QueueMax int64         // bytes for each receiver, in memory and on disk
	Forget   time.Duration // how long to wait for the sessions of an earlier run
	Log      *slog.Logger  // nil: none
	// Dial connects to receivers; nil: as the system does.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// fill replaces zero values by the defaults.
func (o *Options) fill() {
	o.Hold = cmp.Or(o.Hold, alert.DefaultHold)
	o.Incident = cmp.Or(o.Incident, alert.DefaultIncident())
	o.MaxAge = cmp.Or(o.MaxAge, DefaultMaxAge)
	o.QueueMax = cmp.Or(o.QueueMax, DefaultQueueMax)
	o.Forget = cmp.Or(o.Forget, DefaultForget)
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	o.Alertmanager.Timeout = cmp.Or(o.Alertmanager.Timeout, DefaultTimeout)
	o.Alertmanager.Resend = cmp.Or(o.Alertmanager.Resend, DefaultResend)
}
