package store

import (
	"context"
)

// EmailKnown reports whether any member, of any organization, has the address.
func (q *queries) EmailKnown(ctx context.Context, email string) (bool, error) {
	n, err := q.number(ctx, `SELECT count(*) FROM members WHERE email = $1`, email)
	return n > 0, err
}
