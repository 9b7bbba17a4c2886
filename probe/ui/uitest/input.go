package uitest

import (
	"context"
	"fmt"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/chromedp"
)

// PointAt moves the mouse over the first element of a selector.
func (b *Browser) PointAt(selector string) {
	b.t.Helper()
	at := Value[[]float64](b, fmt.Sprintf(`(r => [r.x + Math.min(r.width, innerWidth) / 2, r.y + r.height / 2])(document.querySelector(%q).getBoundingClientRect())`, selector))
	b.Run(call(input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: input.DispatchMouseEventTypeMouseMoved, X: at[0], Y: at[1]}))
}

// Busy returns for how many seconds the page's main thread has worked so far.
func (b *Browser) Busy() (seconds float64) {
	b.t.Helper()
	b.Run(call(performance.Enable, performance.EnableParams{}), chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		r, err := cdp.Call(ctx, t, performance.GetMetrics, cdp.Empty{})
		for _, m := range r.Metrics {
			if m.Name == "TaskDuration" {
				seconds = m.Value
			}
		}
		return err
	}))
	return seconds
}
