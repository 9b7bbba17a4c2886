package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"examlink/probe/plan"
	"examlink/probe/receipt"
	"examlink/probe/wire"
	"examlink/server/exam"
	"examlink/server/session"
	"examlink/server/store"
)

var errReceiptOwed = &session.Refusal{Reason: wire.RefusedBusy, Detail: "the receipt is not stored yet"}

// receipt returns the receipt of the session's check: that which has been issued, or a
// new one, which is committed to the store first. It is empty where the server signs
// none, and before the client has reported its verdict. The error is a
// *session.Refusal: the client may ask again. The server goes on storing the receipt
// meanwhile.
func (c *conversation) receipt(ctx context.Context) (string, error) {
	check, ok := c.session.Check()
	switch {
	case !ok || c.s.o.Sign == nil:
		return "", nil
	case check.Receipt != "":
		return check.Receipt, nil
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	err := c.s.receipts.keep(ctx, c.session, func() (store.Receipt, error) { return c.issue(check) })
	if errors.Is(err, errErased) {
		return "", &session.Refusal{Reason: wire.RefusedToken, Detail: errRevoked.Error()}
	}
	if err != nil {
		return "", errReceiptOwed
	}
	check, _ = c.session.Check()
	return check.Receipt, nil
}

// issue signs the receipt of a check.
func (c *conversation) issue(check session.Check) (store.Receipt, error) {
	r := c.statement(check)
	jws, err := receipt.Sign(c.s.o.Sign, r)
	return store.Receipt{
		ID: r.ID, Exam: r.Exam, Student: r.Student, At: r.Issued, Late: late(r), Outcome: r.Outcome, Body: []byte(jws),
	}, err
}

// statement is the content of the receipt of a check.
func (c *conversation) statement(check session.Check) receipt.Receipt {
	t, issued := c.token, c.s.o.Clock.Wall()
	// By the same clock as the issue, also when that was set meanwhile.
	opened := issued.Add(check.Opened - c.s.o.Clock.Now())
	r := receipt.Receipt{
		ID: exam.NewID(), Exam: c.session.Exam, Student: c.session.Student, Token: t.ID, Session: c.session.ID,
		Opened: store.Instant(opened), Issued: store.Instant(issued), Zone: t.Zone,
		Outcome: check.Judged.Outcome,
		Seen:    receipt.Seen{Server: c.s.o.Version, Transport: string(check.Transport), Upload: check.Upload, Probes: check.Probes, Judged: check.Judged},
		Claimed: receipt.Claimed{
			Client: clip(c.hello.Client, helloMost), System: clip(c.hello.System, helloMost), At: check.At.UTC().Round(0), Verdict: check.Verdict,
		},
	}
	if t.Starts > 0 {
		r.Starts, r.Ends = time.Unix(t.Starts, 0).UTC(), time.Unix(t.Ends, 0).UTC()
	}
	return r
}

// helloMost bounds what a client says of itself in a receipt, in bytes. Chosen by us.
const helloMost = 64

func clip(s string, most int) string { return s[:min(len(s), most)] }

// late reports whether a check came later than the rule asks for. It is not, where the
// exam's start is not known.
func late(r receipt.Receipt) bool {
	return !r.Starts.IsZero() && r.Issued.After(r.Starts.Add(-plan.DefaultAhead))
}

// accept takes a report and answers it. A verdict is answered once its receipt is stored:
// until then the control stream goes on, so that a client that leaves is seen to leave.
func (c *conversation) accept(ctx context.Context, m wire.Message) error {
	if err := c.s.sessions.TakeReport(c.session, *m.Report); err != nil {
		return err
	}
	if m.Report.Kind != wire.ReportVerdict {
		c.acknowledge(ctx, m.ID, wire.Reported{Number: m.Report.Number}, m.Report.Head)
		return nil
	}
	if !c.receipting.CompareAndSwap(false, true) {
		return errReceiptOwed
	}
	c.wg.Go(func() { // ends with the connection, or with ctx
		jws, err := c.receipt(ctx)
		c.receipting.Store(false)
		if err != nil {
			c.refuse(m.ID, fmt.Errorf("receipt: %w", err))
			return
		}
		c.acknowledge(ctx, m.ID, wire.Reported{Number: m.Report.Number, Receipt: jws}, m.Report.Head)
	})
	return nil
}
