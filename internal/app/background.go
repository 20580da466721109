package app

import (
	"context"
	"math/rand/v2"
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
	after time.Duration // how long after the start it is due first
}

// jobs returns the jobs.
func (a *App) jobs() []job {
	jobs := []job{
		{name: "delete old sessions", every: time.Hour, do: func(ctx context.Context) error {
			_, err := a.SignIn.Sweep(ctx)
			return err
		}},
		{name: "note expired tokens in the audit log", every: time.Minute, do: a.noteExpired()},
		{name: "warn of tokens that expire", every: time.Minute, do: a.Warnings.Note},
		{name: "send warnings by mail", every: 10 * time.Second, do: a.Warnings.Send},
		{name: "count the tokens that have expired", every: time.Minute, do: func(ctx context.Context) error {
			return a.Store.SettleTokens(ctx, a.Store.Now(), settleFrom)
		}},
		// Reading every token would slow down the start, which does the same.
		{name: "note tokens that nobody uses", every: time.Hour, do: a.Tokens.NoteIdle, after: 30 * time.Second},
		{name: "suspend tokens that nobody uses", every: time.Hour, do: a.suspendUnused, after: time.Minute},
		{name: "apply new token rules", every: 5 * time.Second, do: a.Rules.Sweep},
		{name: "delete old counts of uses", every: 24 * time.Hour, do: a.Tokens.ForgetUsage},
		{name: "read the metadata of identity providers", every: 10 * time.Minute, do: a.Identity.Renew, after: time.Minute},
		{name: "index the audit log", every: 10 * time.Second, do: a.Audit.Index},
		{name: "remove old deliveries of webhooks", every: time.Minute, do: a.sender.Sweep},
		{name: "prune the audit log", every: 24 * time.Hour, do: a.Audit.Prune},
		{name: "check the database", every: checkEvery, do: a.checkDatabase, after: checkAfter + rand.N(checkAfter)},
	}
	if a.Store.Shared() { // the start of the server has done it once
		jobs = append(jobs, job{name: "seal secrets that an older server has stored plain", every: time.Hour, do: a.sealPlain, after: time.Hour})
	} else {
		jobs = append(jobs, job{name: "shorten the write-ahead log", every: 10 * time.Second, do: a.trimWAL})
	}
	if a.signer != nil {
		jobs = append(jobs, job{name: "sign the head of the audit log", every: time.Minute, do: a.Audit.SignHead})
	}
	return jobs
}

// settleFrom is the number of tokens that may expire before they are counted as expired. Until then
// every page that shows the number of tokens reads them.
const settleFrom = 200

// longWAL is the size of the write-ahead log from which on the log of the server says that it grows.
const longWAL = 64 << 20

// trimWAL shortens the write-ahead log of the database, and warns of a reader that keeps it long.
func (a *App) trimWAL(ctx context.Context) error {
	size, err := a.Store.TrimWAL(ctx)
	if err == nil && size >= longWAL {
		a.calm.WarnContext(ctx, "the write-ahead log grows: a backup or another program has been reading the database for long", "bytes", size)
	}
	return err
}

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
	running.Go(func() { a.SignIn.RunMail(ctx, a.calm) })
	running.Go(func() { a.watchClock(ctx) })
	running.Go(func() { keepSmall(ctx, restEvery) })
	running.Go(func() { a.sender.Run(ctx) })
	running.Go(func() { a.reused.run(ctx, a.Tokens, a.calm) })
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
	for due := time.Now().Add(j.after); ; {
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

// suspendUnused saves the uses that this node knows of before it looks for unused tokens.
func (a *App) suspendUnused(ctx context.Context) error {
	if err := a.Verify.Flush(ctx); err != nil {
		return err
	}
	return a.Warnings.SuspendUnused(ctx)
}
