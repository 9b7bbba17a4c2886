package probe

import (
	"context"

	"examlink/probe/watch"
)

// Watch runs until ctx ends, then returns the summary. The error is not nil if the
// watch could not begin and a retry would not help: a wrong token, a wrong
// certificate, an invalid option.
func Watch(ctx context.Context, o Options, sinks ...watch.Sink) (watch.Summary, error) {
	token, err := o.validate()
	if err != nil {
		return watch.Summary{}, err
	}
	return watch.Run(ctx, o.watching(token), sinks...)
}
