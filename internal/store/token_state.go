package store

// The state of a token at a time, in SQL. token.Token.State defines the states. These conditions
// express the same for a row t of tokens with its owner's row m, so that counts and lists need not
// read every token. storetest compares the two at every boundary. Times are placeholders like "$2"
// for whole milliseconds.

// notDeleted selects every state but token.Deleted.
const notDeleted = `t.deleted_at IS NULL`

// ended selects the tokens that have expired at now, deleted or not.
func ended(now string) string { return `t.expires_at <= ` + now }

// live selects tokens that are neither deleted nor expired: token.Active, token.ExpiresSoon and
// token.Suspended.
func live(now string) string {
	return notDeleted + ` AND (t.expires_at IS NULL OR t.expires_at > ` + now + `)`
}

// ending selects tokens that are not deleted and expire after from and not after until.
func ending(from, until string) string {
	return notDeleted + ` AND t.expires_at > ` + from + ` AND ` + ended(until)
}

// ownerless selects tokens whose owner is not an active member, including expired and deleted ones.
const ownerless = `t.kind = 'personal' AND coalesce(m.status, '') <> 'active'`

// suspended selects tokens that somebody has suspended, and those that ownerless does.
const suspended = `(t.suspended_at IS NOT NULL OR ` + ownerless + `)`
