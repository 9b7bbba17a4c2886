package delivery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"time"

	"examlink/server/alert"
	"examlink/server/event"
	"examlink/server/store"
	"examlink/server/store/memory"
)

// Chosen by us.
const (
	DefaultTimeout  = 10 * time.Second
	DefaultMaxAge   = 24 * time.Hour
	DefaultQueueMax = 10e6 // bytes for each receiver: some ten thousand notices
	DefaultForget   = 30 * time.Minute
	takeOverTimeout = 5 * time.Minute
)

// ReceiverName matches the names of receivers, which occur in file names and
// labels.
var ReceiverName = store.ReceiverName

// Options configure a Notifier. Zero values take the defaults.
type Options struct {
	// Dir is the directory of the active warnings, which one process may use at a
	// time. Empty: they are in memory only. What earlier versions kept there in files
	// of their own is moved into the queues.
	Dir string
	// Queues opens the queue of a receiver; nil: they are in memory only.
	Queues       func(receiver string) (store.Queue, error)
	Webhooks     []Webhook
	Alertmanager Alertmanager
	// MinimumUp and MinimumDown are the policy's minima, IP-layer bit/s; 0 means
	// none.
	MinimumUp, MinimumDown float64
	// Hold is how long the first notice of a silence waits; see alert.DefaultHold.
	// A negative value holds back nothing, neither silences nor rates.
	Hold     time.Duration      `mapstructure:"hold" default:"150ms" min:"0s" max:"10s" doc:"The first alert of a silence waits this long for other sessions to fall silent too, as long as there are enough sessions for an incident. 0s: it does not wait, and neither do alerts of sessions below the minimum (otherwise 5 s, when more than incident.sessions fall below it together)."`
	Incident alert.IncidentRule `mapstructure:"incident" doc:"One incident on our side replaces individual alerts when at least this many sessions of the server, or of one exam on it, and at least this share of them fall silent within the window. It also takes in sessions that fall silent within one window of its latest member, during three windows from its start; later ones alert individually. For sessions that fall below the minimum together, all windows are three times as long."`
	MaxAge   time.Duration      `mapstructure:"max_age" default:"24h" min:"1m" max:"720h" doc:"How long delivery of an alert is attempted. Until then the alert is kept in the store; afterwards 'examlink-server sessions --undelivered' lists it."`
	QueueMax int64              `mapstructure:"queue_max" unit:"bytes" default:"10MB" min:"100kB" doc:"Size of the queue of each receiver. When it is full, the oldest alert is given up."`
	Forget   time.Duration      // how long to wait for the sessions of an earlier run
	Log      *slog.Logger       // nil: none
	// Shared returns what events come to so far, and the number of the latest one; see
	// event.Bus. It is set where several servers share a store: one of them delivers at a
	// time (see Notifier.Lead), and what is active is known by events instead of a file.
	Shared func() (events []event.Event, last uint64)
	// Publish takes each notice as an event; nil: nobody does. It must not block.
	Publish func(event.Event)
	// Date takes what the clock of a receiver shows when it answers; nil: nobody does.
	Date func(receiver string, theirs time.Time)
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

// openQueue opens the queue of a receiver.
func (o *Options) openQueue(receiver string) (store.Queue, error) {
	if o.Queues == nil {
		return memory.NewQueue(receiver), nil
	}
	q, err := o.Queues(receiver)
	if err != nil || o.Dir == "" {
		return q, err
	}
	file := filepath.Join(o.Dir, receiver+oldQueueSuffix)
	ctx, cancel := context.WithTimeout(context.Background(), takeOverTimeout)
	defer cancel()
	taken, skipped, err := takeOver(ctx, q, file)
	if err != nil {
		return nil, fmt.Errorf("queue of %s: %s: %w", receiver, file, errors.Join(err, q.Close()))
	}
	if taken+skipped > 0 {
		o.Log.Info("queue file of an earlier version moved into the store", "receiver", receiver, "file", file, "notices", taken, "lines_skipped", skipped)
	}
	return q, nil
}
