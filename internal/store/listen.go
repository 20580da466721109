package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"latchkey/internal/change"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Follower caches data of the database and must learn when it changes.
type Follower interface {
	// Apply is called with changes that another node made.
	Apply(ctx context.Context, changes []change.Change)
	// Forget is called when anything may have changed.
	Forget()
}

// FeedOptions are the options of a feed. Grace may be zero.
type FeedOptions struct {
	Follower Follower
	Lease    *change.Lease // how long Follower may trust its cache; a feed of several nodes extends it
	Log      *slog.Logger
	// Grace is how long the cache is trusted after the feed was lost. With zero, a node that
	// cannot reach the database accepts no tokens.
	Grace time.Duration
}

// Feed applies the changes of other nodes to this one, and tracks whether it is up to date. Create
// one per store with [Store.Feed] and run it as long as the server runs.
//
// A feed listens on one connection. Every half second it sends itself a notification, the beat.
// Notifications arrive in the order of the commits, so when a beat arrives, everything committed
// before it was sent has been applied. Each beat that arrives extends the lease to two seconds
// after it was sent. The lease ends at once if the connection is lost, and after the two seconds
// if it hangs or the process was paused. On a new connection the cache starts empty.
//
// On SQLite there is one node, whose cache is always up to date and which always leads.
type Feed struct {
	store *Store
	o     FeedOptions
	start time.Time
	leads atomic.Bool
	sent  atomic.Int64 // when the last beat that arrived was sent: nanoseconds since start; negative: none
	took  atomic.Int64 // how long it took, in nanoseconds
}

const (
	beatEvery = 500 * time.Millisecond
	trustFor  = 2 * time.Second
	// feedBreak is the pause before a failed feed is tried again.
	feedBreak = 300 * time.Millisecond
)

// Feed returns a new feed, which does nothing before it runs.
func (s *Store) Feed(o FeedOptions) *Feed {
	f := &Feed{store: s, o: o, start: s.now()}
	f.sent.Store(-1)
	return f
}

// Shared reports whether several nodes can use the database, so that caches need a lease.
func (s *Store) Shared() bool {
	_, shared := s.dialect.(postgresDialect)
	return shared
}

// Run applies changes until ctx ends. It logs failures and tries again.
func (f *Feed) Run(ctx context.Context) { f.store.dialect.follow(ctx, f) }

// Leads reports whether this node does the background work for all: its feed holds an advisory
// lock. If its feed is lost it no longer leads, and another node takes over within a second. For a
// moment both may think that they lead.
func (f *Feed) Leads() bool { return f.leads.Load() }

// Lag returns the time since this node was certainly up to date: since the last beat that arrived
// was sent. ok is false if the feed is lost.
func (f *Feed) Lag() (age, roundTrip time.Duration, ok bool) {
	sent := f.sent.Load()
	if sent < 0 {
		return 0, 0, false
	}
	return f.store.now().Sub(f.start) - time.Duration(sent), time.Duration(f.took.Load()), true
}

// alone makes this node lead, as the only one.
func (f *Feed) alone() { f.leads.Store(true) }

// channel carries the notifications.
const channel = "latchkey"

// message is a notification: a beat, or the changes of a transaction.
type message struct {
	Node    string          `json:"n"`
	Beat    int64           `json:"b,omitempty"`
	Changes []change.Change `json:"c,omitempty"`
	All     bool            `json:"a,omitempty"` // too many changes to list
}

// A notification holds less than 8000 bytes. A transaction with more changes than fit in a few
// messages makes every node clear its cache.
const (
	changesPerMessage = 100
	mostMessages      = 20
	longestMessage    = 7999
)

func (d postgresDialect) publish(ctx context.Context, tx *sql.Tx, changes []change.Change) error {
	texts, err := d.messages(changes)
	if err != nil {
		return err
	}
	for _, text := range texts {
		if _, err := tx.ExecContext(ctx, `SELECT pg_notify($1, $2)`, channel, text); err != nil {
			return fmt.Errorf("notify other nodes: %w", err)
		}
	}
	return nil
}

// messages returns the changes as notifications.
func (d postgresDialect) messages(changes []change.Change) ([]string, error) {
	var texts []string
	for some := range slices.Chunk(changes, changesPerMessage) {
		text, err := json.Marshal(message{Node: d.node, Changes: some})
		if err != nil {
			return nil, err
		}
		if len(texts) == mostMessages || len(text) > longestMessage {
			text, err = json.Marshal(message{Node: d.node, All: true})
			return []string{string(text)}, err
		}
		texts = append(texts, string(text))
	}
	return texts, nil
}

func (d postgresDialect) follow(ctx context.Context, f *Feed) {
	for ctx.Err() == nil {
		err := d.listen(ctx, f)
		f.lost()
		if ctx.Err() != nil {
			return
		}
		f.o.Log.WarnContext(ctx, "the feed of changes is lost; tokens are checked against the database until it is back", "error", err)
		pause(ctx, feedBreak)
	}
}

// lost ends the lease and the leadership.
func (f *Feed) lost() {
	sent := f.sent.Swap(-1)
	f.leads.Store(false)
	switch {
	case f.o.Grace <= 0:
		f.o.Lease.End()
	case sent >= 0:
		f.o.Lease.Extend(f.start.Add(time.Duration(sent) + f.o.Grace))
	}
}

// listen applies changes from one connection until it fails.
func (d postgresDialect) listen(ctx context.Context, f *Feed) error {
	config := d.config.Copy()
	config.RuntimeParams["synchronous_commit"] = "off" // beats need not be durable
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	// Closing releases the advisory lock. The context may have ended.
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(closing)
	}()
	if _, err := conn.Exec(ctx, `LISTEN `+channel); err != nil {
		return err
	}
	f.o.Follower.Forget()
	e := listener{dialect: d, conn: conn, feed: f}
	for beat := int64(1); ; beat++ {
		if err := e.beat(ctx, beat); err != nil {
			return err
		}
	}
}

// listener is one listening connection.
type listener struct {
	dialect postgresDialect
	conn    *pgx.Conn
	feed    *Feed
	sent    time.Time // when the current beat was sent
	arrived bool      // the current beat has arrived
}

// beat sends a beat and applies notifications until the next one is due. It fails if the beat does
// not arrive in time.
func (e *listener) beat(ctx context.Context, number int64) error {
	beating, cancel := context.WithTimeout(ctx, trustFor)
	defer cancel()
	e.sent, e.arrived = e.feed.store.now(), false
	text, err := json.Marshal(message{Node: e.dialect.node, Beat: number})
	if err != nil {
		return err
	}
	if _, err := e.conn.Exec(beating, `SELECT pg_notify($1, $2)`, channel, string(text)); err != nil {
		return fmt.Errorf("send a beat: %w", err)
	}
	if !e.feed.leads.Load() {
		var leads bool
		if err := e.conn.QueryRow(beating, `SELECT pg_try_advisory_lock($1)`, leaderLock).Scan(&leads); err != nil {
			return err
		}
		e.feed.leads.Store(leads)
	}
	waiting, stop := context.WithTimeout(ctx, beatEvery)
	defer stop()
	for {
		n, err := e.conn.WaitForNotification(waiting)
		switch {
		case err == nil:
			e.take(ctx, n, number)
		case waiting.Err() != nil && ctx.Err() == nil && e.arrived:
			return nil
		case waiting.Err() != nil && ctx.Err() == nil:
			// The beat is late. Wait for it until the lease ends, before sending the next one.
			if n, err = e.conn.WaitForNotification(beating); err != nil {
				return fmt.Errorf("a beat did not arrive: %w", err)
			}
			e.take(ctx, n, number)
		default:
			return err
		}
	}
}

// take applies one notification.
func (e *listener) take(ctx context.Context, n *pgconn.Notification, beat int64) {
	var m message
	follower := e.feed.o.Follower
	if err := json.Unmarshal([]byte(n.Payload), &m); err != nil {
		// It is from another program, or from a newer version with another format.
		e.feed.o.Log.WarnContext(ctx, "received a notification in an unknown format; clearing the cache", "error", err)
		follower.Forget()
		return
	}
	switch {
	case m.Node == e.dialect.node:
		if m.Beat != beat {
			return // our own changes were applied when they were made
		}
		e.arrived = true
		e.feed.sent.Store(int64(e.sent.Sub(e.feed.start)))
		e.feed.took.Store(int64(e.feed.store.now().Sub(e.sent)))
		e.feed.o.Lease.Extend(e.sent.Add(trustFor))
	case m.All:
		follower.Forget()
	case len(m.Changes) > 0:
		follower.Apply(ctx, m.Changes)
	}
}
