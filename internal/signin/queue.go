package signin

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// queueWorkers is how many jobs of a queue run at the same time.
const queueWorkers = 2

// queue is work that is done after the answer, by [Service.RunMail]. It is bounded: work beyond it is
// dropped, and the log says how much.
type queue struct {
	what    string // completes "cannot …"
	jobs    chan func(ctx context.Context) error
	dropped atomic.Int64
}

func newQueue(what string, size int) *queue {
	return &queue{what: what, jobs: make(chan func(context.Context) error, size)}
}

// add queues a job unless the queue is full.
func (q *queue) add(job func(ctx context.Context) error) {
	select {
	case q.jobs <- job:
	default:
		q.dropped.Add(1)
	}
}

// run does what is queued until ctx ends. Then it does what still waits, for as long as one mail may take.
func (q *queue) run(ctx context.Context, log *slog.Logger) {
	working, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(mailTimeout, cancel) })()
	var workers sync.WaitGroup
	for range queueWorkers {
		workers.Go(func() { q.work(ctx, working, log) })
	}
	workers.Wait()
}

func (q *queue) work(ctx, working context.Context, log *slog.Logger) {
	for {
		select {
		case job := <-q.jobs:
			q.do(working, job, log)
			continue
		default:
		}
		select {
		case job := <-q.jobs:
			q.do(working, job, log)
		case <-ctx.Done():
			return
		}
	}
}

func (q *queue) do(ctx context.Context, job func(context.Context) error, log *slog.Logger) {
	if n := q.dropped.Swap(0); n > 0 {
		log.WarnContext(ctx, "too much to do at once, some of it was dropped: "+q.what, "dropped", n)
	}
	ctx, cancel := context.WithTimeout(ctx, mailTimeout)
	defer cancel()
	if err := job(ctx); err != nil {
		log.ErrorContext(ctx, "cannot "+q.what, "error", err)
	}
}

// RunMail sends what is mailed after an answer, until ctx ends: the links that people ask for, and alerts.
// Then it sends what still waits, for as long as one mail may take. The mailer itself logs what it
// cannot send.
func (s *Service) RunMail(ctx context.Context, log *slog.Logger) {
	var running sync.WaitGroup
	running.Go(func() { s.forgotten.run(ctx, log) })
	running.Go(func() { s.alerts.run(ctx, log) })
	running.Wait()
}
