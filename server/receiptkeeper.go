package server

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"examlink/server/delivery"
	"examlink/server/session"
	"examlink/server/store"
)

// Chosen by us.
const (
	receiptRetry     = time.Second // doubled with each try
	receiptRetryMost = 10 * time.Second
	receiptsWaiting  = 10_000 // of a few kilobytes each
)

var (
	receiptsWaitingDesc = desc("server_receipts_waiting", "Receipts of checks that are signed and not in the store yet, because it does not answer or its disk is full. The server keeps trying; a student whose check has ended by then has no receipt, but counts as tested once the receipt is stored. They are lost if the server ends before.")

	errReceiptsFull = errors.New("too many receipts wait for the store")
)

// receiptKeeper brings receipts into the store. One that the store does not take is
// kept in memory and tried again until it does, whether or not its client is still
// there. It is safe for concurrent use.
type receiptKeeper struct {
	table  store.Receipts
	erased *erasures
	writes *delivery.Writes
	log    *slog.Logger
	quit   chan struct{} // closed by close
	wg     sync.WaitGroup

	mu      sync.Mutex
	waiting map[*session.Session]*waitingReceipt
	failing bool // the latest access failed
	closed  bool
}

// waitingReceipt is a receipt that is not in the store yet.
type waitingReceipt struct {
	store.Receipt
	done chan struct{} // closed when it is settled
	err  error         // then
}

func newReceiptKeeper(t store.Receipts, e *erasures, w *delivery.Writes, log *slog.Logger) *receiptKeeper {
	return &receiptKeeper{table: t, erased: e, writes: w, log: log, quit: make(chan struct{}), waiting: map[*session.Session]*waitingReceipt{}}
}

// keep brings the receipt of a session's check into the store, that which waits already
// or one that issue makes, and waits until it is there or ctx ends. In either case the
// keeper goes on until it is there, and then sets it in the session.
func (k *receiptKeeper) keep(ctx context.Context, s *session.Session, issue func() (store.Receipt, error)) error {
	w, err := k.take(s, issue)
	if w == nil {
		return err
	}
	select {
	case <-w.done:
		return w.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// take returns the receipt of a session that waits; nil if there is nothing to wait for.
func (k *receiptKeeper) take(s *session.Session, issue func() (store.Receipt, error)) (*waitingReceipt, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if w := k.waiting[s]; w != nil {
		return w, nil
	}
	if check, _ := s.Check(); check.Receipt != "" {
		return nil, nil
	}
	if k.closed || len(k.waiting) >= receiptsWaiting {
		return nil, errReceiptsFull
	}
	r, err := issue()
	if err != nil {
		k.log.Error("receipt not signed", "exam", s.Exam, "session", s.ID, "err", err)
		return nil, err
	}
	w := &waitingReceipt{Receipt: r, done: make(chan struct{})}
	k.waiting[s] = w
	k.wg.Go(func() { k.store(s, w) }) // ends when it is stored, or with close
	return w, nil
}

// store tries until a receipt is in the store, can never be, or the keeper is closed.
func (k *receiptKeeper) store(s *session.Session, w *waitingReceipt) {
	last := false
	for pause := receiptRetry; ; pause = min(2*pause, receiptRetryMost) {
		w.err = k.append(s, w.Receipt)
		if w.err == nil || permanent(w.err) || last {
			break
		}
		select {
		case <-time.After(pause):
		case <-k.quit:
			last = true
		}
	}
	if w.err == nil {
		s.SetReceipt(string(w.Body))
	}
	k.mu.Lock()
	delete(k.waiting, s)
	k.mu.Unlock()
	if w.err != nil && !errors.Is(w.err, errErased) {
		k.log.Error("receipt lost: it is not in the store", "exam", s.Exam, "session", s.ID, "err", w.err)
	}
	close(w.done)
}

// append makes one access to the store. It logs only the first of consecutive errors.
func (k *receiptKeeper) append(s *session.Session, r store.Receipt) error {
	err := k.erased.write(s, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
		defer cancel()
		return k.table.Append(ctx, r)
	})
	if errors.Is(err, errErased) {
		return err
	}
	k.writes.Done("", err)
	k.mu.Lock()
	defer k.mu.Unlock()
	if err != nil && !k.failing {
		k.log.Error("receipts not stored, kept in memory meanwhile", "exam", s.Exam, "session", s.ID, "err", err)
	}
	k.failing = err != nil
	return err
}

// permanent reports whether trying again is of no use.
func permanent(err error) bool {
	for _, e := range []error{errErased, store.ErrInvalid, store.ErrTooLarge, store.ErrExists, store.ErrClosed} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// close tries once more what waits, and ends the keeper.
func (k *receiptKeeper) close() {
	k.mu.Lock()
	if !k.closed {
		k.closed = true
		close(k.quit)
	}
	k.mu.Unlock()
	k.wg.Wait()
}

// Describe implements prometheus.Collector.
func (k *receiptKeeper) Describe(ch chan<- *prometheus.Desc) { ch <- receiptsWaitingDesc }

// Collect implements prometheus.Collector.
func (k *receiptKeeper) Collect(ch chan<- prometheus.Metric) {
	k.mu.Lock()
	defer k.mu.Unlock()
	ch <- prometheus.MustNewConstMetric(receiptsWaitingDesc, prometheus.GaugeValue, float64(len(k.waiting)))
}
