package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"latchkey/internal/audit"
	"latchkey/internal/fault"
)

// snapshot runs fn on the database as of one moment. A connection that is lost meanwhile is
// replaced once, and fn runs again: it must set, not add to, what it leaves outside.
func (s *Store) snapshot(ctx context.Context, fn func(q queries) error) error {
	err := s.snapshotOnce(ctx, fn)
	if err != nil && s.dialect.lost(err) {
		err = s.snapshotOnce(ctx, fn)
	}
	return s.dialect.translate(err)
}

func (s *Store) snapshotOnce(ctx context.Context, fn func(q queries) error) error {
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	return fn(queries{db: tx})
}

// FindEvents returns a page of the events that a filter chooses, how many there are in all,
// and how many in each of the parts asked for. What it costs hardly depends on how many
// events there are: the index has a row per term and block, and only the newest events, which it
// does not hold yet, are read themselves.
func (s *Store) FindEvents(ctx context.Context, q audit.Query) (found audit.Found, err error) {
	err = s.snapshot(ctx, func(r queries) error {
		found, err = r.findEvents(ctx, q)
		return err
	})
	return found, err
}

func (q queries) findEvents(ctx context.Context, query audit.Query) (audit.Found, error) {
	w, err := q.window(ctx, query)
	if err != nil {
		return audit.Found{}, err
	}
	set, err := q.matching(ctx, query.Filter, w.low, w.high)
	if err != nil {
		return audit.Found{}, err
	}
	f := audit.Found{Total: set.Len()}
	seqs, before := pick(set, query)
	f.Before = before
	if f.Events, err = q.eventsWith(ctx, seqs); err != nil {
		return f, err
	}
	if len(query.Days) > 0 {
		bounds := make([]int64, len(query.Days))
		for i, day := range query.Days {
			if bounds[i], err = q.firstAt(ctx, day, w.head+1); err != nil {
				return f, err
			}
		}
		f.Counts = set.Counts(bounds)
	}
	return f, nil
}

// pick chooses the numbers of a page, in its order, and counts those before it.
func pick(set *audit.Seqs, q audit.Query) (seqs []int64, before int) {
	cursor, ascending := q.Cursor, q.OldestFirst != q.Backwards
	if cursor == 0 && !ascending {
		cursor = 1<<63 - 1
	}
	if ascending {
		seqs = set.Above(cursor, q.Skip, q.Limit)
	} else {
		seqs = set.Below(cursor, q.Skip, q.Limit)
	}
	if q.Backwards {
		slices.Reverse(seqs)
	}
	switch {
	case len(seqs) > 0:
	case q.Backwards:
		return seqs, 0
	default:
		return seqs, set.Len()
	}
	// Both kinds of order count what lies on the far side of the page's first event.
	counts := set.Counts([]int64{0, seqs[0], seqs[0] + 1})
	if q.OldestFirst {
		return seqs, counts[0]
	}
	return seqs, counts[2]
}

// window is the part of the log that can hold what is asked for.
type window struct {
	low, high int64 // numbers, both included
	head      int64 // the newest event
}

// window narrows the log down by time and to what is there.
func (q queries) window(ctx context.Context, query audit.Query) (window, error) {
	state, err := q.AuditState(ctx)
	if err != nil {
		return window{}, err
	}
	w := window{low: state.Checkpoint.Seq + 1, high: state.Head.Seq, head: state.Head.Seq}
	if !query.From.IsZero() {
		from, err := q.firstAt(ctx, query.From, w.head+1)
		if err != nil {
			return w, err
		}
		w.low = max(w.low, from)
	}
	if !query.Until.IsZero() {
		end, err := q.firstAt(ctx, query.Until, w.head+1)
		if err != nil {
			return w, err
		}
		w.high = min(w.high, end-1)
	}
	return w, nil
}

// firstAt is the number of the first event at t or later; none when there is none.
func (q queries) firstAt(ctx context.Context, t time.Time, none int64) (int64, error) {
	// Times are whole milliseconds: t is rounded up to one.
	ms := t.Add(time.Millisecond - 1).UnixMilli()
	seq, found, err := first(ctx, q, scanNumber, `SELECT seq FROM audit_events WHERE at >= $1 ORDER BY at, seq LIMIT 1`, ms)
	if !found {
		return none, err
	}
	return seq, err
}

// matching is the numbers of the events from low to high that the filter chooses: as the
// index says where it knows, and read one by one elsewhere.
func (q queries) matching(ctx context.Context, f audit.Filter, low, high int64) (*audit.Seqs, error) {
	if low > high {
		return audit.NewSeqs(), nil
	}
	blocks, err := q.auditBlocks(ctx, low, high)
	if err != nil {
		return nil, err
	}
	set, err := q.indexed(ctx, f, blocks)
	if err != nil {
		return nil, err
	}
	for _, gap := range audit.Gaps(blocks, low, high) {
		if err := q.addUnindexed(ctx, set, f, gap[0], gap[1]); err != nil {
			return nil, err
		}
	}
	set.Clip(low, high)
	return set, nil
}

// mostTermRows bounds what a word may cost that begins many different names.
const mostTermRows = 20_000

// indexed is what the index has in some blocks, which follow each other.
func (q queries) indexed(ctx context.Context, f audit.Filter, blocks []audit.Block) (*audit.Seqs, error) {
	result := audit.NewSeqs()
	if len(blocks) == 0 {
		return result, nil
	}
	clauses := f.Clauses()
	if len(clauses) == 0 {
		clauses = []audit.Clause{{Terms: []string{""}}}
	}
	for i, c := range clauses {
		set, err := q.clause(ctx, f.Organization, c, blocks[0].First, blocks[len(blocks)-1].First)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			set.Intersect(result)
		}
		result = set
	}
	return result, nil
}

// clause is the numbers for one condition, in the blocks that begin from one number to another.
func (q queries) clause(ctx context.Context, organization string, c audit.Clause, from, to int64) (*audit.Seqs, error) {
	set := audit.NewSeqs()
	for _, term := range c.Terms {
		if err := q.addTerms(ctx, set, `i.term = $4`, organization, from, to, term); err != nil {
			return nil, err
		}
	}
	if c.From != "" {
		err := q.addTerms(ctx, set, `i.term >= $4 AND i.term < $5`, organization, from, to, c.From, c.To)
		if errors.Is(err, errTooManyTerms) {
			message := "Type more of “" + c.Word + "”: too many different names begin like that."
			return nil, fault.NewInvalid(message, fault.Field{Path: "text", Message: message})
		}
		if err != nil {
			return nil, err
		}
	}
	if c.ID != "" {
		seqs, err := all(ctx, q, scanNumber, `SELECT seq FROM audit_events WHERE id = $1 OR request_id = $1 ORDER BY seq LIMIT $2`, c.ID, mostTermRows)
		if err != nil {
			return nil, err
		}
		for _, seq := range seqs {
			set.Add(seq)
		}
	}
	return set, nil
}

var errTooManyTerms = errors.New("too many terms")

// addTerms adds what the index has for some terms of an organization.
func (q queries) addTerms(ctx context.Context, set *audit.Seqs, which, organization string, from, to int64, terms ...any) error {
	// The cross join makes SQLite go from block to block, by the key of the index.
	rows, err := q.db.QueryContext(ctx, `SELECT b.first, b.size, i.bits FROM audit_blocks b CROSS JOIN audit_index i
		WHERE b.first >= $2 AND b.first <= $3 AND i.size = b.size AND i.first = b.first AND i.organization_id = $1 AND `+which,
		append([]any{organization, from, to}, terms...)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	var stored sql.RawBytes
	for n := 0; rows.Next(); n++ {
		var block audit.Block
		if err := rows.Scan(&block.First, &block.Size, &stored); err != nil {
			return err
		}
		if err := set.AddStored(block, stored); err != nil {
			return err
		}
		if len(terms) > 1 && n >= mostTermRows {
			return errTooManyTerms
		}
	}
	return rows.Err()
}

// addUnindexed reads the events themselves, which are fewer than a block as a rule.
func (q queries) addUnindexed(ctx context.Context, set *audit.Seqs, f audit.Filter, low, high int64) error {
	where, args := []string{ofOrganization, `seq >= $2`, `seq <= $3`}, []any{f.Organization, low, high}
	for _, c := range []struct{ column, value string }{
		{`actor_id`, f.Actor}, {`actor_type`, string(f.ActorType)}, {`action`, string(f.Action)},
		{`target_type`, string(f.Type)}, {`workspace_id`, f.Workspace},
	} {
		if c.value != "" {
			args = append(args, c.value)
			where = append(where, fmt.Sprintf(`%s = $%d`, c.column, len(args)))
		}
	}
	if f.About != "" {
		args = append(args, f.About)
		where = append(where, fmt.Sprintf(`$%d IN (actor_id, token_id, target_id)`, len(args)))
	}
	condition := ` FROM audit_events WHERE ` + strings.Join(where, ` AND `)
	if !f.HasWords() {
		return q.addNumbers(ctx, set, `SELECT seq`+condition, args)
	}
	rows, err := q.db.QueryContext(ctx, `SELECT seq, id, actor_id, token_id, target_id, request_id, actor_name, actor_email, target_name, ip`+condition, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var e audit.Event
		if err := rows.Scan(&e.Seq, &e.ID, &e.ActorID, &e.TokenID, &e.Target.ID, &e.Origin.RequestID, &e.ActorName, &e.ActorEmail, &e.Target.Name, &e.Origin.IP); err != nil {
			return err
		}
		if f.MatchesWords(e) {
			set.Add(e.Seq)
		}
	}
	return rows.Err()
}

func scanNumber(row scanner) (int64, error) {
	var n int64
	err := row.Scan(&n)
	return n, err
}

func (q queries) addNumbers(ctx context.Context, set *audit.Seqs, query string, args []any) error {
	seqs, err := all(ctx, q, scanNumber, query, args...)
	for _, seq := range seqs {
		set.Add(seq)
	}
	return err
}

// eventsWith returns the events with these numbers, in their order.
func (q queries) eventsWith(ctx context.Context, seqs []int64) ([]audit.Event, error) {
	by := make(map[int64]audit.Event, len(seqs))
	for chunk := range slices.Chunk(seqs, idsPerQuery) {
		args := make([]any, len(chunk))
		for i, seq := range chunk {
			args[i] = seq
		}
		events, err := all(ctx, q, scanEvent, `SELECT `+auditColumns+` FROM audit_events WHERE seq IN (`+placeholders(1, len(args))+`)`, args...)
		if err != nil {
			return nil, err
		}
		for _, e := range events {
			by[e.Seq] = e
		}
	}
	out := make([]audit.Event, 0, len(seqs))
	for _, seq := range seqs {
		if e, ok := by[seq]; ok {
			out = append(out, e)
		}
	}
	return out, nil
}

// Sizes of what EachEvent holds in memory at a time.
const (
	stretch = 8 * audit.LargeBlock // numbers that are searched
	handful = 200                  // events that are read
)

// EachEvent calls fn for all that the filter chooses, oldest first, up to the newest event
// at its beginning. No transaction stays open while fn runs: a slow reader holds nothing up.
func (s *Store) EachEvent(ctx context.Context, f audit.Filter, fn func(audit.Event) error) error {
	w, err := s.window(ctx, audit.Query{Filter: f})
	if err != nil {
		return err
	}
	for low := w.low; low <= w.high; low += stretch {
		set, err := s.stretch(ctx, f, low, min(low+stretch-1, w.high))
		if err != nil {
			return err
		}
		for after := int64(0); ; {
			seqs := set.Above(after, 0, handful)
			if len(seqs) == 0 {
				break
			}
			after = seqs[len(seqs)-1]
			events, err := s.eventsWith(ctx, seqs)
			if err != nil {
				return err
			}
			for _, e := range events {
				if err := fn(e); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// stretch searches a part of the log as of one moment.
func (s *Store) stretch(ctx context.Context, f audit.Filter, low, high int64) (set *audit.Seqs, err error) {
	err = s.snapshot(ctx, func(q queries) error {
		set, err = q.matching(ctx, f, low, high)
		return err
	})
	return set, err
}
