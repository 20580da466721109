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

// Follower keeps in memory what the database says and is told when that changes.
type Follower interface {
	// Apply is told what another node changed.
	Apply(ctx context.Context, changes []change.Change)
	// Forget is told that anything may have changed.
	Forget()
}

// FeedOptions says whom a feed informs, and how strict it is. Grace may be zero.
type FeedOptions struct {
	Follower Follower
	Lease    *change.Lease // till when Follower may trust its memory; a feed of several nodes keeps it
	Log      *slog.Logger
	// Grace is how long memory is trusted after the feed was lost. With zero it is not, so
	// that a node which cannot reach the database accepts no token.
	Grace time.Duration
}

// Feed brings to this node what others change, and knows whether it does. Make one per
// store with [Store.Feed] and run it for as long as the server lives.
//
// It holds one connection that listens. Every half second it sends itself a notification,
// the beat: notifications come in the order of the commits, so when a beat is back,
// everything that was committed before it was sent has been applied. The lease is extended
// to two seconds from the sending of each beat that came back. A connection that is lost
// ends it at once; one that hangs, or a process that was stopped, when the two seconds are
// over. On a new connection the memory starts empty.
//
// On SQLite there is one node: its memory is true, and it leads.
type Feed struct {
	store *Store
	o     FeedOptions
	start time.Time
	leads atomic.Bool
	sent  atomic.Int64 // when the last beat that came back was sent: nanoseconds since start; negative: none
	took  atomic.Int64 // how long it took, in nanoseconds
}

const (
	beatEvery = 500 * time.Millisecond
	trustFor  = 2 * time.Second
	// A feed that cannot be had is tried again after a break of this length.
	feedBreak = 300 * time.Millisecond
)

// Feed makes the feed; it does nothing before it runs.
func (s *Store) Feed(o FeedOptions) *Feed {
	f := &Feed{store: s, o: o, start: s.now()}
	f.sent.Store(-1)
	return f
}

// Shared reports whether several nodes may use the database, so that memory needs a lease.
func (s *Store) Shared() bool {
	_, shared := s.dialect.(postgresDialect)
	return shared
}

// Run follows until ctx ends. Failures are logged and tried again.
func (f *Feed) Run(ctx context.Context) { f.store.dialect.follow(ctx, f) }

// Leads reports whether this node is the one that does the background work of all: the one
// whose feed holds an advisory lock. When its feed is lost it leads no more, and another one
// follows within a second. For a moment both may think they lead.
func (f *Feed) Leads() bool { return f.leads.Load() }

// Lag is the age of what this node surely knows: how long ago the last beat that came back
// was sent. ok is false when there is none: the feed is lost.
func (f *Feed) Lag() (age, roundTrip time.Duration, ok bool) {
	sent := f.sent.Load()
	if sent < 0 {
		return 0, 0, false
	}
	return f.store.now().Sub(f.start) - time.Duration(sent), time.Duration(f.took.Load()), true
}

// alone is a feed of one node.
func (f *Feed) alone() { f.leads.Store(true) }

// channel carries the notifications.
const channel = "latchkey"

// message is a notification: a beat, or changes that a transaction made.
type message struct {
	Node    string          `json:"n"`
	Beat    int64           `json:"b,omitempty"`
	Changes []change.Change `json:"c,omitempty"`
	All     bool            `json:"a,omitempty"` // too much changed to tell
}

// A notification takes less than 8000 bytes. Who changes more than a few messages hold has
// everybody forget everything.
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

// messages is the changes as notifications.
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

// lost ends what rests on the feed.
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

// listen follows on one connection until it fails.
func (d postgresDialect) listen(ctx context.Context, f *Feed) error {
	config := d.config.Copy()
	config.RuntimeParams["synchronous_commit"] = "off" // a beat need not survive
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	// Closing gives the advisory lock back. The context may have ended.
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(closing)
	}()
	if _, err := conn.Exec(ctx, `LISTEN `+channel); err != nil {
		return err
	}
	f.o.Follower.Forget()
	e := ear{dialect: d, conn: conn, feed: f}
	for beat := int64(1); ; beat++ {
		if err := e.beat(ctx, beat); err != nil {
			return err
		}
	}
}

// ear is one listening connection.
type ear struct {
	dialect postgresDialect
	conn    *pgx.Conn
	feed    *Feed
	sent    time.Time // the beat that is under way
	back    bool      // it came back
}

// beat sends a beat and takes in what comes until the next one is due. It fails when the
// beat does not come back in time.
func (e *ear) beat(ctx context.Context, number int64) error {
	beating, cancel := context.WithTimeout(ctx, trustFor)
	defer cancel()
	e.sent, e.back = e.feed.store.now(), false
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
		case waiting.Err() != nil && ctx.Err() == nil && e.back:
			return nil
		case waiting.Err() != nil && ctx.Err() == nil:
			// Late: it has until the trust ends, and the next one is not sent meanwhile.
			if n, err = e.conn.WaitForNotification(beating); err != nil {
				return fmt.Errorf("a beat did not come back: %w", err)
			}
			e.take(ctx, n, number)
		default:
			return err
		}
	}
}

// take applies one notification.
func (e *ear) take(ctx context.Context, n *pgconn.Notification, beat int64) {
	var m message
	follower := e.feed.o.Follower
	if err := json.Unmarshal([]byte(n.Payload), &m); err != nil {
		// Not ours, or of a newer program whose words we do not know.
		e.feed.o.Log.WarnContext(ctx, "a notification of unknown form came; forgetting everything", "error", err)
		follower.Forget()
		return
	}
	switch {
	case m.Node == e.dialect.node:
		if m.Beat != beat {
			return // our own changes were applied when they were made
		}
		e.back = true
		e.feed.sent.Store(int64(e.sent.Sub(e.feed.start)))
		e.feed.took.Store(int64(e.feed.store.now().Sub(e.sent)))
		e.feed.o.Lease.Extend(e.sent.Add(trustFor))
	case m.All:
		follower.Forget()
	case len(m.Changes) > 0:
		follower.Apply(ctx, m.Changes)
	}
}
