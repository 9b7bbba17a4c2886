package media

import (
	"time"

	"github.com/pion/interceptor"
)

// stamping notes when each packet arrived, before it waits for anything: one that was sent
// again is read only with the next one of its stream.
type stamping struct{ interceptor.NoOp }

type stampKey struct{}

// NewInterceptor implements interceptor.Factory.
func (s stamping) NewInterceptor(string) (interceptor.Interceptor, error) { return &s, nil }

// BindRemoteStream implements interceptor.Interceptor.
func (s *stamping) BindRemoteStream(_ *interceptor.StreamInfo, r interceptor.RTPReader) interceptor.RTPReader {
	return interceptor.RTPReaderFunc(func(b []byte, a interceptor.Attributes) (int, interceptor.Attributes, error) {
		n, a, err := r.Read(b, a)
		if a == nil {
			a = interceptor.Attributes{}
		}
		a.Set(stampKey{}, time.Now())
		return n, a, err
	})
}

// stampOf returns when a packet arrived.
func stampOf(a interceptor.Attributes) time.Time {
	if t, ok := a.Get(stampKey{}).(time.Time); ok {
		return t
	}
	return time.Now()
}
