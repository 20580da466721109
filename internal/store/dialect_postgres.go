package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/segmentio/ksuid"

	"latchkey/internal/fault"
)

// postgresDialect stores everything in a PostgreSQL database, which any number of servers can
// share.
//
// Write transactions take turns in the whole cluster: each begins with an advisory lock that is
// released when it ends. The audit log needs a total order anyway (each event holds the hash of
// the one before, and a reader who has seen number n must never find a smaller one later), so
// writers could overlap only in their first reads. As on SQLite, what a use case reads before it
// writes stays true until it commits, without serialization failures. Reads outside of
// transactions do not wait.
type postgresDialect struct {
	config *pgx.ConnConfig
	node   string // identifies this program's own notifications
}

// The maximum number of connections of a server, not counting the one that listens.
const (
	postgresWriters = 4 // one writes, the others wait for their turn
	postgresReaders = 12
)

// Timeouts of a connection. The URL can set other values.
const (
	dialTimeout      = 5 * time.Second
	silenceTimeout   = 10 * time.Second // for a peer that acknowledges nothing
	statementTimeout = "30s"
	lockTimeout      = "10s" // also how long a writer waits for its turn
	idleTimeout      = "10s" // between statements of a transaction: its node is gone or stuck
)

// The advisory locks. The numbers are arbitrary but must be unique in the database.
const (
	turnLock    int64 = 0x6c617463686b0001 + iota // one write transaction at a time
	migrateLock                                   // one program migrates at a time
	leaderLock                                    // one node does the background work
)

const oldestPostgres = 150000

func newPostgres(url, node string) (postgresDialect, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return postgresDialect{}, fmt.Errorf("the database URL must look like postgres://user:password@host/name: %w", err)
	}
	for name, value := range map[string]string{
		"application_name": "latchkey", "statement_timeout": statementTimeout, "lock_timeout": lockTimeout,
		"idle_in_transaction_session_timeout": idleTimeout, "client_encoding": "UTF8",
	} {
		if _, set := config.RuntimeParams[name]; !set {
			config.RuntimeParams[name] = value
		}
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = dialTimeout
	}
	dialer := &net.Dialer{Timeout: dialTimeout, Control: limitSilence,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: silenceTimeout / 2, Interval: time.Second, Count: 5}}
	config.DialFunc = dialer.DialContext
	return postgresDialect{config: config, node: node}, nil
}

// pool opens a pool. If a request is canceled, its statement is canceled too, and the connection
// stays open for others.
func (d postgresDialect) pool(params map[string]string, size int) *sql.DB {
	config := d.config.Copy()
	for name, value := range params {
		config.RuntimeParams[name] = value
	}
	config.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: conn, DeadlineDelay: dialTimeout}
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return db
}

func (d postgresDialect) goose() goose.Dialect { return goose.DialectPostgres }
func (d postgresDialect) folder() string       { return "migrations/postgres" }

func (d postgresDialect) shape() string {
	return `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()
		UNION ALL SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema()`
}

// claim does nothing, because any number of servers can use the database.
func (d postgresDialect) claim() (release func() error, err error) {
	return func() error { return nil }, nil
}

func (d postgresDialect) open(ctx context.Context) (write, read *sql.DB, err error) {
	write = d.pool(nil, postgresWriters)
	if err := d.fits(ctx, write); err != nil {
		return nil, nil, errors.Join(err, write.Close())
	}
	return write, d.readers(), nil
}

func (d postgresDialect) openExisting(ctx context.Context, writing bool) (*sql.DB, error) {
	db := d.readers()
	if writing {
		db = d.pool(nil, postgresWriters)
	}
	if err := d.fits(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func (d postgresDialect) readers() *sql.DB {
	return d.pool(map[string]string{"default_transaction_read_only": "on"}, postgresReaders)
}

// fits returns an error for a server that Latchkey cannot use.
func (d postgresDialect) fits(ctx context.Context, db *sql.DB) error {
	var version int
	var release, encoding string
	err := db.QueryRowContext(ctx, `SELECT current_setting('server_version_num')::int, current_setting('server_version'),
		current_setting('server_encoding')`).Scan(&version, &release, &encoding)
	switch {
	case err != nil:
		return fmt.Errorf("open the database: %w", err)
	case version < oldestPostgres:
		return fmt.Errorf("the database server is PostgreSQL %s; 15 or later is needed", release)
	case encoding != "UTF8":
		return fmt.Errorf("the database has the encoding %s; create it with ENCODING 'UTF8'", encoding)
	}
	return nil
}

// alone holds a lock on one connection, so that if many programs start at once, only one
// migrates. It passes do a pool whose connections have no time limits.
func (d postgresDialect) alone(ctx context.Context, _ *sql.DB, do func(*sql.DB) error) (err error) {
	db := d.pool(map[string]string{"statement_timeout": "0", "lock_timeout": "0", "idle_in_transaction_session_timeout": "0"}, 3)
	defer func() { err = errors.Join(err, db.Close()) }() // also releases the lock
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, migrateLock); err != nil {
		return fmt.Errorf("wait for other programs to migrate: %w", err)
	}
	return do(db)
}

// overwrite writes the tables that hold configurations and secrets into new files. Others wait
// meanwhile. The server's write-ahead log still has the old rows until it is recycled.
func (d postgresDialect) overwrite(ctx context.Context, _ *sql.DB) (err error) {
	db := d.pool(map[string]string{"statement_timeout": "0"}, 1)
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, table := range []string{"resources", "source_tracking_plans", "resource_secrets"} {
		if _, err := db.ExecContext(ctx, `VACUUM (FULL) `+table); err != nil {
			return err
		}
	}
	return nil
}

func (d postgresDialect) takeTurn(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, turnLock)
	return err
}

// collided returns true for serialization failures and deadlocks.
func (d postgresDialect) collided(err error) bool {
	code := sqlState(err)
	return code == "40001" || code == "40P01"
}

// lost returns true for connections that broke or could not be made, and for a server that is
// starting, stopping or out of connections.
func (d postgresDialect) lost(err error) bool {
	code := sqlState(err)
	switch {
	case code == "":
	case strings.HasPrefix(code, "08"), code == "57P01", code == "57P02", code == "57P03", code == "57P05", code == "53300", code == "25P03":
		return true
	default:
		return false
	}
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) {
		return true
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false // the caller gave up
	}
	var network net.Error
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || // broke within a transaction
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.As(err, &network) || pgconn.SafeToRetry(err)
}

// probe inserts a row and rolls that back. A standby refuses it, and so does a disk that is
// too full for another page of the table.
func (d postgresDialect) probe(ctx context.Context, write *sql.DB) error {
	tx, err := write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	_, err = tx.ExecContext(ctx, `INSERT INTO attempts (key, failures, window_start) VALUES ($1, 0, 0)`, "probe "+ksuid.New().String())
	return err
}

// probeReading reads from a table. The server keeps what it has in memory itself.
func (d postgresDialect) probeReading(ctx context.Context, _, read *sql.DB, _ bool) error {
	var n int
	return read.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT 1 FROM organizations LIMIT 1) AS first`).Scan(&n)
}

// broken recognizes a full disk and a read-only server, and damaged or missing files.
func (d postgresDialect) broken(err error) broken {
	switch sqlState(err) {
	case "53100", "58030", "25006":
		return unwritable
	case "58P01", "XX001", "XX002":
		return unreadable
	}
	return unbroken
}

// sqlState returns the code of a server's error (PostgreSQL manual, appendix A), or "".
func sqlState(err error) string {
	var server *pgconn.PgError
	if errors.As(err, &server) {
		return server.Code
	}
	return ""
}

func (d postgresDialect) translate(err error) error {
	if err == nil {
		return nil
	}
	var known *fault.Error
	if errors.As(err, &known) {
		return err
	}
	code := sqlState(err)
	switch {
	case code == "23505":
		return exists(err)
	case code == "23503":
		return gone(err)
	case code == "22021" || code == "22P05":
		return unstorable(err)
	case d.lost(err), d.collided(err), d.broken(err) != unbroken,
		code == "55P03", // waited for its turn too long
		code == "57014" && !errors.Is(err, context.Canceled), // took too long
		strings.HasPrefix(code, "53"):                        // memory is full
		return fault.NewUnavailable(err)
	}
	return err
}
