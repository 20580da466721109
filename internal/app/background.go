package app

import (
	"context"
	"sync"
	"time"

	"latchkey/internal/apiclient"
	"latchkey/internal/change"
	"latchkey/internal/verify"
)

// job is background work that only one node does, the leader. When the leader changes, it may
// be done twice; a job must allow that.
type job struct {
	name  string // completes "cannot …"
	every time.Duration
	do    func(ctx context.Context) error
}

// jobs returns the jobs.
func (a *App) jobs() []job {
	jobs := []job{
		{"delete old sessions", time.Hour, func(ctx context.Context) error {
			_, err := a.SignIn.Sweep(ctx)
			return err
		}},
		{"note expired tokens in the audit log", time.Minute, a.noteExpired()},
		{"count the tokens that have expired", time.Minute, func(ctx context.Context) error {
			return a.Store.SettleTokens(ctx, a.Store.Now(), settleFrom)
		}},
		{"seal secrets that an older server has stored plain", time.Hour, a.sealPlain},
		{"index the audit log", 10 * time.Second, a.Audit.Index},
		{"prune the audit log", 24 * time.Hour, a.Audit.Prune},
	}
	if a.signer != nil {
		jobs = append(jobs, job{"sign the head of the audit log", time.Minute, a.Audit.SignHead})
	}
	return jobs
}

// settleFrom is the number of tokens that may expire before they are counted as expired. Until then
// every page that shows the number of tokens reads them.
const settleFrom = 200

// noteExpired looks at all tokens the first time. Then it looks at those that have expired
// since, and a little before, since the clocks of other nodes may differ.
func (a *App) noteExpired() func(ctx context.Context) error {
	const overlap = time.Hour
	var since time.Time
	return func(ctx context.Context) error {
		until, err := a.Tokens.NoteExpired(ctx, since)
		if err == nil {
			since = until.Add(-overlap)
		}
		return err
	}
}

// inBackground starts the background work, which ends when ctx does. The function that it
// returns waits for that.
func (a *App) inBackground(ctx context.Context) (wait func()) {
	var running sync.WaitGroup
	running.Go(func() { a.feed.Run(ctx) })
	running.Go(func() { a.Verify.Run(ctx) })
	running.Go(func() { a.Audit.Run(ctx) })
	running.Go(func() { a.SignIn.Run(ctx, a.calm) })
	if a.heads != nil {
		running.Go(func() { a.heads.Run(ctx) })
	}
	for _, j := range a.jobs() {
		running.Go(func() { a.repeat(ctx, j) })
	}
	return running.Wait
}

// lookEvery is how often a node checks whether it leads and a job is due.
const lookEvery = time.Second

// repeat does a job when it is due and this node leads, until ctx ends.
func (a *App) repeat(ctx context.Context, j job) {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for due := time.Now(); ; {
		if a.feed.Leads() && !time.Now().Before(due) {
			if err := j.do(ctx); err != nil && ctx.Err() == nil {
				a.calm.ErrorContext(ctx, "cannot "+j.name+", trying again later", "error", err)
			}
			due = time.Now().Add(j.every)
		}
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
	}
}

// ready returns why the server cannot do its work, in words for the one that asks, or "". What the
// database said is in the log.
func (a *App) ready(ctx context.Context) string {
	if err := a.Store.Ping(ctx); err != nil {
		a.calm.ErrorContext(ctx, "not ready: the database does not respond", "error", err)
		return "the database does not respond"
	}
	if err := a.Store.Writable(ctx); err != nil {
		a.calm.ErrorContext(ctx, "not ready: the database cannot be written to", "error", err)
		return "the database cannot be written to"
	}
	return ""
}

// memory is what this node keeps of the database in memory. It gets every change, this node's
// own and the others'.
type memory struct {
	verify  *verify.Authority
	clients *apiclient.Service
}

func (m memory) Apply(ctx context.Context, changes []change.Change) {
	m.verify.Apply(ctx, changes)
	m.clients.Apply(ctx, changes)
}

func (m memory) Forget() {
	m.verify.Forget()
	m.clients.Forget()
}
