// Package store holds all SQL: it opens the database, brings its schema up to date and
// gives each aggregate its queries, one file per aggregate.
//
// Reads hang on queries and so work inside and outside a transaction; writes hang on
// [Tx] and exist only inside one. What a domain package needs it declares itself as a
// small interface, which functions here return for a [Store] ([Tokens], [Policies], …). Behind it is
// an adapter that embeds the interface of what the package reads and adds its transactions. It does
// not embed the Store: the program would contain every method of it once more for each adapter.
// Driver errors become fault kinds in this package and nowhere else. It holds no rule: callers
// decide first.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"syscall"
	"time"

	"github.com/segmentio/ksuid"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"latchkey/internal/actor"
	"latchkey/internal/change"
	"latchkey/internal/fault"
	"latchkey/internal/notify"
)

// Store is an open database. It is safe for concurrent use.
type Store struct {
	queries
	write   *sql.DB // one connection on SQLite: writers queue in the program
	read    *sql.DB
	dialect dialect
	keeps   *statements  // nil on an engine whose driver keeps compiled statements itself
	repeats *queries     // see again; nil for none
	release func() error // gives back the data folder; nil when the store only reads
	now     func() time.Time
	commit  func(ctx context.Context, changes []change.Change)
	storing health
	reading health
	replay  *replay // of the store that Replay hands out; nil otherwise
}

// Options says which database to open.
type Options struct {
	// URL of a PostgreSQL database (postgres://user:password@host/name), 15 or later.
	// When set, Path is ignored.
	URL string
	// Path of the SQLite file; it is created when missing, its folder is not.
	Path string
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// Open opens the database and migrates it. A SQLite file's folder belongs to the store until
// it is closed: another store, of this process or another, cannot be opened there
// ([ErrInUse]). The error says in one line what is wrong: a folder that cannot be written, a
// file that is no database, a server that is out of reach or too old, a schema that is newer
// than the program ([ErrNewerSchema]), a full disk ([ErrFull]).
func Open(ctx context.Context, o Options) (*Store, error) {
	d, err := o.dialect()
	if err != nil {
		return nil, err
	}
	release, err := d.claim()
	if err != nil {
		return nil, plainly(err)
	}
	s, err := openClaimed(ctx, d, o.Now)
	if err != nil {
		return nil, errors.Join(plainly(err), release())
	}
	s.release = release
	return s, nil
}

// ErrFull means that the disk of the database is full.
var ErrFull = errors.New("the disk of the database is full: free some room and start again")

// plainly returns ErrFull instead of what the layers below say about a full disk, and other errors as they are.
func plainly(err error) error {
	var file *sqlite.Error
	if errors.Is(err, syscall.ENOSPC) || errors.As(err, &file) && file.Code()&0xff == sqlite3.SQLITE_FULL || sqlState(err) == "53100" {
		return ErrFull
	}
	return err
}

// openClaimed opens and migrates a database whose folder, if it has one, the caller holds.
func openClaimed(ctx context.Context, d dialect, now func() time.Time) (*Store, error) {
	if now == nil {
		now = time.Now
	}
	write, read, err := d.open(ctx)
	if err != nil {
		return nil, err
	}
	s := &Store{write: write, read: read, dialect: d, now: now}
	s.queries = queries{db: read, outside: watched{d, s}, postgres: isPostgres(d)}
	err = d.alone(ctx, write, func(db *sql.DB) error { return migrate(ctx, db, d) })
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if !s.Shared() {
		s.keeps = newStatements(write)
		again := s.queries
		again.db = &repeated{DB: read, compiled: map[string]*sql.Stmt{}}
		s.repeats = &again
	}
	return s, nil
}

func (o Options) dialect() (dialect, error) {
	if o.URL == "" {
		return &sqliteDialect{path: o.Path}, nil
	}
	return newPostgres(o.URL, ksuid.New().String())
}

// Close closes every connection and gives the data folder back. It may be called again.
func (s *Store) Close() error {
	var err error
	if s.keeps != nil {
		err = s.keeps.close()
	}
	err = errors.Join(err, s.read.Close(), s.write.Close())
	if s.release != nil {
		err = errors.Join(err, s.release())
	}
	return err
}

// again returns the queries for the few reads that recur all the time: see repeated.
func (s *Store) again() *queries {
	if s.repeats == nil {
		return &s.queries
	}
	return s.repeats
}

// Now is the store's clock, cut to the precision that the database keeps.
func (s *Store) Now() time.Time { return s.now().UTC().Truncate(time.Millisecond) }

// pingTimeout is how long the database may take to say that it is there.
const pingTimeout = 2 * time.Second

// Ping asks the database whether it answers; Unavailable when it does not in time. One that answers that it is damaged
// does: see [Store.Readable].
func (s *Store) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	if _, err := s.number(ctx, `SELECT 1`); err != nil && s.dialect.broken(err) != unreadable {
		return fault.NewUnavailable(err)
	}
	return nil
}

// OnCommit registers who is told what a transaction changed: after its commit and before
// InTx returns. Register once, before the first transaction.
func (s *Store) OnCommit(tell func(ctx context.Context, changes []change.Change)) { s.commit = tell }

// Tx is one write transaction. Its clock stands still: everything in it happens at Now.
type Tx struct {
	queries
	now      time.Time
	by       actor.Standing
	show     func(ctx context.Context, s announcement) error // a sign, until the transaction ends
	changes  []change.Change
	audited  time.Time                   // of the events that it has appended; zero: none yet
	webhooks map[string][]notify.Webhook // webhooks by organization, if they were read
	watched  bool                        // see mayStrand
	mustKeep bool                        // there was an Admin who can sign in without a provider
}

// changed notes what a write changed, for those who keep it in memory. Every write that
// bears on what a token may do calls it.
func (tx *Tx) changed(kind change.Kind, id string) {
	tx.changes = append(tx.changes, change.Change{Kind: kind, ID: id})
}

// By returns who acts in the transaction, with the rights they have in it.
func (tx *Tx) By() actor.Standing { return tx.by }

// Now is the moment of the transaction: UTC, whole milliseconds.
func (tx *Tx) Now() time.Time { return tx.now }

// How often a transaction is tried, and how long a break between the first two tries is on
// average; it doubles with each.
const (
	mostTries  = 6
	firstBreak = 5 * time.Millisecond
)

// InTx runs fn in a write transaction of the caller: all of it is kept, or nothing when fn
// fails or panics. Before fn it reads in the transaction who the caller stands for now,
// which [Tx.By] returns; it is Unauthenticated when that is nobody any more. There is no
// other way to a Tx, so nothing is written on rights that are gone.
// Within fn use tx, never the Store. No other write transaction of any node runs
// meanwhile, so what fn reads stays true until it is done.
//
// fn may run again from the start when the database gave the first run up for the sake of
// another transaction, or the connection was lost before anything happened: it must set,
// not add to, what it leaves outside. When the connection is lost during the commit nobody
// knows whether the change was made; the error is Unavailable.
func (s *Store) InTx(ctx context.Context, by actor.Caller, fn func(tx *Tx) error) error {
	for try := 1; ; try++ {
		changes, err := s.try(ctx, by, fn)
		if err == nil {
			if s.commit != nil && len(changes) > 0 {
				// The change is made: those who keep a copy must hear of it even when the
				// request that made it was cancelled meanwhile.
				s.commit(context.WithoutCancel(ctx), changes)
			}
			return nil
		}
		if try == mostTries || !s.worthAnother(try, err) || !pause(ctx, firstBreak<<try) {
			s.note(err)
			return s.dialect.translate(err)
		}
	}
}

// unbegun is the error of a transaction in which nothing happened yet.
type unbegun struct{ error }

func (u unbegun) Unwrap() error { return u.error }

// worthAnother reports whether a failed transaction may do better when it is run again. A
// lost connection is replaced once: if the next one is lost as well, the database is gone.
func (s *Store) worthAnother(try int, err error) bool {
	return s.dialect.collided(err) || try == 1 && errors.As(err, new(unbegun)) && s.dialect.lost(err)
}

// pause waits for half to one and a half of d, so that those who collided do not again; it
// reports false when ctx ended before.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d/2 + rand.N(d)):
		return true
	}
}

// try runs fn in a transaction once and returns what it changed.
func (s *Store) try(ctx context.Context, by actor.Caller, fn func(tx *Tx) error) ([]change.Change, error) {
	if s.replay != nil {
		return nil, s.replay.try(ctx, s, by, fn)
	}
	sqlTx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return nil, unbegun{fmt.Errorf("begin: %w", err)}
	}
	var db runner = sqlTx
	if s.keeps != nil {
		compiled := s.keeps.in(sqlTx)
		db = compiled
		defer compiled.ended()
	}
	// After a successful commit the rollback does nothing; on every other way out,
	// panics included, it leaves no trace of the transaction.
	defer func() { _ = sqlTx.Rollback() }()
	if err := s.dialect.takeTurn(ctx, sqlTx); err != nil {
		return nil, unbegun{fmt.Errorf("begin: %w", err)}
	}
	tx := &Tx{queries: queries{db: db, postgres: s.postgres}, now: s.Now()}
	tx.show = func(ctx context.Context, sign announcement) error { return s.dialect.announceIn(ctx, sqlTx, sign) }
	if tx.by, err = tx.standing(ctx, by, tx.now); err != nil {
		return nil, err
	}
	if err := fn(tx); err != nil {
		return nil, err
	}
	if err := tx.checkStranded(ctx); err != nil {
		return nil, err
	}
	if len(tx.changes) > 0 {
		if err := s.dialect.publish(ctx, sqlTx, tx.changes); err != nil {
			return nil, err
		}
	}
	if err := sqlTx.Commit(); err != nil {
		return nil, fmt.Errorf("commit: %w", err)
	}
	return tx.changes, nil
}
