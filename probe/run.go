package probe

import (
	"context"

	"examlink/probe/watch"
)

// Watch runs until ctx ends, then returns the account of everything. The error
// is not nil when it could not begin and trying again would not help: a wrong
// token, a wrong certificate, an option that makes no sense.
func Watch(ctx context.Context, o Options, sinks ...watch.Sink) (watch.Summary, error) {
	token, err := o.validate()
	if err != nil {
		return watch.Summary{}, err
	}
	return watch.Run(ctx, o.watching(token), sinks...)
}
