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
	"latchkey/internal/audit/search"
	"latchkey/internal/fault"
)

// snapshot runs fn on the database as of one moment. If the connection is lost, it runs fn once
// more on another one, so fn must set and not add to variables outside.
func (s *Store) snapshot(ctx context.Context, fn func(q *queries) error) error {
	err := s.snapshotOnce(ctx, fn)
	if err != nil && s.dialect.lost(err) {
		err = s.snapshotOnce(ctx, fn)
	}
	return s.queries.translate(err)
}

func (s *Store) snapshotOnce(ctx context.Context, fn func(q *queries) error) error {
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	return fn(&queries{db: tx})
}

// FindEvents returns a page of the events that a filter chooses, with how many there are in all and
// on each day asked for. What that costs hardly depends on the size of the log: a few rows of the
// search index per block, the events that are not indexed yet and those of the page are read.
// Invalid if too many different names begin with a word of the filter.
func (s *Store) FindEvents(ctx context.Context, q audit.Query) (found audit.Found, err error) {
	err = s.snapshot(ctx, func(r *queries) error {
		found, err = r.findEvents(ctx, q)
		return err
	})
	return found, err
}

func (q *queries) findEvents(ctx context.Context, query audit.Query) (audit.Found, error) {
	w, err := q.window(ctx, query.Filter)
	if err != nil {
		return audit.Found{}, err
	}
	set, err := q.matching(ctx, query.Filter, w)
	if err != nil {
		return audit.Found{}, err
	}
	f := audit.Found{Total: set.Len()}
	var page []int64
	page, f.Before = pageOf(set, query)
	if f.Events, err = q.eventsWith(ctx, page); err != nil {
		return f, err
	}
	f.Counts, err = q.countByDay(ctx, set, query.Days)
	return f, err
}

// pageOf returns the numbers of a page in its order, and how many there are before it.
func pageOf(set search.Set, q audit.Query) (page []int64, before int) {
	total := set.Len()
	var from, to int // the page's first and last but one among all numbers, in ascending order
	if q.OldestFirst != q.Backwards {
		from = min(set.CountBelow(q.Cursor+1)+q.Skip, total)
		to = min(from+q.Limit, total)
	} else {
		to = total
		if q.Cursor != 0 {
			to = set.CountBelow(q.Cursor)
		}
		to = max(to-q.Skip, 0)
		from = max(to-q.Limit, 0)
	}
	page = set.Slice(from, to)
	if q.OldestFirst {
		return page, from
	}
	slices.Reverse(page)
	return page, total - to
}

// countByDay returns how many of the numbers belong to each of the days, which begin at the
// given moments.
func (q *queries) countByDay(ctx context.Context, set search.Set, days []time.Time) ([]int, error) {
	counts := make([]int, len(days))
	next := set.Len() // how many come before the day that follows
	for i, day := range slices.Backward(days) {
		before := set.Len()
		seq, found, err := q.firstAt(ctx, day)
		if err != nil {
			return nil, err
		}
		if found {
			before = set.CountBelow(seq)
		}
		counts[i], next = next-before, before
	}
	return counts, nil
}

// window returns the range of numbers that events chosen by f can have: those in the log, between
// its times.
func (q *queries) window(ctx context.Context, f audit.Filter) (search.Range, error) {
	state, err := q.AuditState(ctx)
	if err != nil {
		return search.Range{}, err
	}
	w := search.Range{Low: state.Checkpoint.Seq + 1, High: state.Head.Seq}
	if !f.From.IsZero() {
		from, found, err := q.firstAt(ctx, f.From)
		if err != nil {
			return w, err
		}
		if !found {
			from = w.High + 1
		}
		w.Low = max(w.Low, from)
	}
	if !f.Until.IsZero() {
		end, found, err := q.firstAt(ctx, f.Until)
		if err != nil {
			return w, err
		}
		if found {
			w.High = min(w.High, end-1)
		}
	}
	return w, nil
}

// firstAt returns the number of the first event at t or later, and reports whether there is one.
func (q *queries) firstAt(ctx context.Context, t time.Time) (seq int64, found bool, err error) {
	// Times are whole milliseconds: t is rounded up to one.
	ms := t.Add(time.Millisecond - 1).UnixMilli()
	return first(ctx, q, scanNumber, `SELECT seq FROM audit_events WHERE at >= $1 ORDER BY at, seq LIMIT 1`, ms)
}

// matching returns the numbers of the events in window that the filter chooses. It takes them
// from the index, and reads the events that are not in it.
func (q *queries) matching(ctx context.Context, f audit.Filter, window search.Range) (search.Set, error) {
	if window.Low > window.High {
		return search.NewSet(), nil
	}
	ranges, err := q.indexedRanges(ctx, window)
	if err != nil {
		return search.Set{}, err
	}
	set, err := q.indexed(ctx, f, window)
	if err != nil {
		return search.Set{}, err
	}
	for _, gap := range search.Gaps(ranges, window) {
		if err := q.addUnindexed(ctx, set, f, gap); err != nil {
			return search.Set{}, err
		}
	}
	set.Clip(window)
	return set, nil
}

// maxTermRows bounds what a page costs whose word is the beginning of many different names: 10,000
// rows take 15 ms.
const maxTermRows = 10_000

// indexed returns what the index has in the blocks of window.
func (q *queries) indexed(ctx context.Context, f audit.Filter, window search.Range) (search.Set, error) {
	var result search.Set
	for i, c := range f.Clauses() {
		set, err := q.clause(ctx, f.Organization, c, window)
		if err != nil {
			return result, err
		}
		if i > 0 {
			set.Intersect(result)
		}
		result = set
	}
	return result, nil
}

// clause returns what the index has for one condition.
func (q *queries) clause(ctx context.Context, organization string, c audit.Clause, window search.Range) (search.Set, error) {
	set := search.NewSet()
	for _, term := range c.Terms {
		if err := q.addTerms(ctx, set, organization, window, `i.term = $4`, term); err != nil {
			return set, err
		}
	}
	if c.From != "" {
		err := q.addTerms(ctx, set, organization, window, `i.term >= $4 AND i.term < $5`, c.From, c.To)
		if errors.Is(err, errTooManyTerms) {
			message := "Type more of “" + c.Word + "”: too many different names begin like that."
			return set, fault.NewInvalid(message, fault.Field{Path: "text", Message: message})
		}
		if err != nil {
			return set, err
		}
	}
	if c.ID != "" {
		err := q.addNumbers(ctx, set, `SELECT seq FROM audit_events WHERE `+ofOrganization+` AND (id = $2 OR request_id = $2)
			ORDER BY seq LIMIT $3`, organization, c.ID, maxTermRows)
		if err != nil {
			return set, err
		}
	}
	return set, nil
}

var errTooManyTerms = errors.New("too many terms")

// addTerms adds what the index has in the blocks of window for the terms that meet a condition.
func (q *queries) addTerms(
	ctx context.Context, set search.Set, organization string, window search.Range, condition string, terms ...any,
) error {
	// The cross join makes SQLite go from block to block, by the key of the index.
	rows, err := q.db.QueryContext(ctx, `SELECT b.block, i.events FROM audit_blocks b CROSS JOIN audit_index i
		WHERE b.block >= $2 AND b.block <= $3 AND i.block = b.block AND i.organization_id = $1 AND `+condition,
		append([]any{organization, search.BlockOf(window.Low), search.BlockOf(window.High)}, terms...)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	var events sql.RawBytes
	for n := 0; rows.Next(); n++ {
		var block int64
		if err := rows.Scan(&block, &events); err != nil {
			return err
		}
		if err := set.AddRow(block, events); err != nil {
			return err
		}
		if len(terms) > 1 && n >= maxTermRows {
			return errTooManyTerms
		}
	}
	return rows.Err()
}

// addUnindexed adds the events in gap that the filter chooses, by reading them.
func (q *queries) addUnindexed(ctx context.Context, set search.Set, f audit.Filter, gap search.Range) error {
	where, args := []string{ofOrganization, `seq >= $2`, `seq <= $3`}, []any{f.Organization, gap.Low, gap.High}
	for _, c := range []struct{ column, value string }{
		{`actor_id`, f.Actor}, {`actor_type`, string(f.ActorType)}, {`action`, string(f.Action)},
		{`target_type`, string(f.Type)}, {`workspace_id`, f.Workspace}, {`token_id`, f.Token}, {`target_id`, f.Target},
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
		return q.addNumbers(ctx, set, `SELECT seq`+condition, args...)
	}
	rows, err := q.db.QueryContext(ctx, `SELECT seq, id, actor_id, token_id, target_id, request_id,
		actor_name, actor_email, target_name, ip`+condition, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var e audit.Event
		if err := rows.Scan(&e.Seq, &e.ID, &e.ActorID, &e.TokenID, &e.Target.ID, &e.Origin.RequestID,
			&e.ActorName, &e.ActorEmail, &e.Target.Name, &e.Origin.IP); err != nil {
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

// addNumbers adds the numbers that a query returns.
func (q *queries) addNumbers(ctx context.Context, set search.Set, query string, args ...any) error {
	return each(ctx, q, func(row scanner) error {
		seq, err := scanNumber(row)
		if err == nil {
			set.Add(seq)
		}
		return err
	}, query, args...)
}

// eventsWith returns the events with these numbers, in their order.
func (q *queries) eventsWith(ctx context.Context, seqs []int64) ([]audit.Event, error) {
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

// What EachEvent holds in memory at a time.
const (
	numbersPerSearch = 2 * search.BlockSize
	eventsPerExport  = 200
)

// EachEvent calls fn for all events that the filter chooses, oldest first, up to the newest one
// when it begins. It returns the error of fn, which ends it, and [audit.ErrPrunedMeanwhile] if events
// that it has not come to are pruned since it began. No transaction is open while fn runs, so it may
// be slow.
func (s *Store) EachEvent(ctx context.Context, f audit.Filter, fn func(audit.Event) error) error {
	w, err := s.window(ctx, f)
	if err != nil {
		return err
	}
	for low := w.Low; low <= w.High; low += numbersPerSearch {
		var set search.Set
		err := s.snapshot(ctx, func(q *queries) (err error) {
			if set, err = q.matching(ctx, f, search.Range{Low: low, High: min(low+numbersPerSearch-1, w.High)}); err != nil {
				return err
			}
			return q.unpruned(ctx, low)
		})
		if err != nil {
			return err
		}
		for seqs := range slices.Chunk(set.Slice(0, set.Len()), eventsPerExport) {
			events, err := s.eventsWith(ctx, seqs)
			if err == nil && len(events) < len(seqs) {
				err = s.missing(ctx, seqs[0])
			}
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

// unpruned returns [audit.ErrPrunedMeanwhile] if the log begins after the event seq.
func (q *queries) unpruned(ctx context.Context, seq int64) error {
	state, err := q.AuditState(ctx)
	if err == nil && state.Checkpoint.Seq >= seq {
		err = audit.ErrPrunedMeanwhile
	}
	return err
}

// missing returns why some events, of which seq is the first, are not there any more.
func (s *Store) missing(ctx context.Context, seq int64) error {
	if err := s.unpruned(ctx, seq); err != nil {
		return err
	}
	return &audit.Broken{Seq: seq, Why: "or one after it is missing, although the search index has it"}
}
