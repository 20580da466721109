package store

import (
	"context"
	"time"
)

// CompareClock returns how far the newest event of the audit log is ahead of the store's clock (0 if it is
// not), and how far that clock is ahead of the database's (less than 0: behind; always 0 on SQLite).
func (s *Store) CompareClock(ctx context.Context) (ahead, offset time.Duration, err error) {
	began := s.now()
	query := `SELECT at, 0 FROM audit_head`
	if s.Shared() {
		query = `SELECT at, CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) FROM audit_head`
	}
	var at, theirs int64
	if err := s.db.QueryRowContext(ctx, query).Scan(&at, &theirs); err != nil {
		return 0, 0, s.dialect.translate(err)
	}
	now := s.now()
	ahead = max(0, time.Duration(at-now.UnixMilli())*time.Millisecond)
	if s.Shared() {
		// The database read its clock somewhere in between.
		offset = began.Add(now.Sub(began) / 2).Sub(moment(theirs)).Round(time.Millisecond)
	}
	return ahead, offset, nil
}
