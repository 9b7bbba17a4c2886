package probe

import (
	"context"

	"examlink/probe/watch"
	"examlink/probe/wire"
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

// WatchOver is Watch over the lines of a dialer, for the student of a token. Of the
// options, those of a connection do not matter.
func WatchOver(ctx context.Context, o Options, token wire.JoinToken, d watch.Dialer, sinks ...watch.Sink) (watch.Summary, error) {
	o.setDefaults()
	if err := o.Policy.Check(); err != nil {
		return watch.Summary{}, err
	}
	c := o.watching(token)
	c.Dialer = d
	return watch.Run(ctx, c, sinks...)
}
