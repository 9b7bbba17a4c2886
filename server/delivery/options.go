package delivery

import (
	"context"
	"log/slog"
	"net"
	"regexp"
	"time"

	"examlink/server/alert"
)

// DefaultForget is how long sessions of an earlier run are waited for.
const DefaultForget = 30 * time.Minute

// ReceiverName is what receivers may be called: they name files and labels.
var ReceiverName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

// Options configures alerts. Zero values take the defaults.
type Options struct {
	// Dir is the directory of the queues, for one process alone; empty: they are
	// kept in memory.
	Dir          string
	Webhooks     []Webhook
	Alertmanager Alertmanager
	// MinimumUp and MinimumDown are the policy's minima, IP-layer bit/s; 0 sets
	// none.
	MinimumUp, MinimumDown float64
	// Hold is how long the first word of a silence waits; see DefaultHold. Less
	// than 0 is not at all, and then no word of a rate waits for others either.
	Hold     time.Duration
	Incident alert.IncidentRule
	MaxAge   time.Duration // of a notice that cannot be delivered
	QueueMax int64         // bytes for each receiver, in memory and on disk
	Forget   time.Duration // sessions of an earlier run
	Log      *slog.Logger
	// Dial, if set, connects to receivers instead of the system.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}
