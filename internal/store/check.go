package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/registry"
)

// Finding is something in the database that is not as the program writes it.
type Finding struct {
	Rule string `json:"rule"` // its name, from a fixed list
	Text string `json:"text"` // what is wrong and where, in one line
}

// CheckOptions says how to check a database.
type CheckOptions struct {
	Trust  audit.Trust       // keys and heads of the audit log
	Sealed *registry.Secrets // opens sealed values; nil if the key is not here
	// Gently makes the check rest between its steps, and leaves out one that takes long: whether the
	// indexes of the tables of the audit log agree with them.
	Gently bool
}

// mostPerRule is how many findings of a rule are listed.
const mostPerRule = 10

// Check looks for damage, and for what was changed without the program: in the file's pages, the
// audit log and its search index, every value of every row, what rows refer to, and where the audit
// log says what a row should hold. It reads in short steps and may run beside a server. What it cannot
// read is a finding. The error is that of ctx, or Unavailable.
func (s *Store) Check(ctx context.Context, o CheckOptions) ([]Finding, error) {
	c := &checker{Store: s, o: o, count: map[string]int{}}
	for _, part := range []struct {
		rule string
		do   func(ctx context.Context) error
	}{
		{"pages", c.pages}, {"audit_chain", c.chain}, {"audit_heads", c.heads}, {"search_index", c.index},
		{"values", c.values}, {"references", c.references}, {"log_agrees", c.agreement}, {"secrets", c.secrets},
	} {
		err := part.do(ctx)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if fault.Is(err, fault.Unavailable) {
			return nil, err
		}
		if err != nil {
			c.add(part.rule, err.Error())
		}
	}
	return c.found, nil
}

// checker collects findings.
type checker struct {
	*Store
	o     CheckOptions
	found []Finding
	count map[string]int
	begun time.Time // when the current step began
}

// add notes a finding, unless its rule has many.
func (c *checker) add(rule, text string) {
	switch c.count[rule]++; {
	case c.count[rule] == mostPerRule+1:
		text = fmt.Sprintf("there are more than %d", mostPerRule)
	case c.count[rule] > mostPerRule:
		return
	}
	c.found = append(c.found, Finding{rule, strings.Join(strings.Fields(text), " ")})
}

// A gentle check works for a quarter of its time.
const restFor = 3

// rest ends a step. A gentle check waits in proportion to how long it took.
func (c *checker) rest(ctx context.Context) {
	if c.o.Gently && !c.begun.IsZero() {
		select {
		case <-ctx.Done():
		case <-time.After(restFor * time.Since(c.begun)):
		}
	}
	c.begun = time.Now()
}

// EventsAfter is a step of the check of the chain.
func (c *checker) EventsAfter(ctx context.Context, seq int64, limit int) ([]audit.Event, error) {
	c.rest(ctx)
	return c.queries.EventsAfter(ctx, seq, limit)
}

func (c *checker) pages(ctx context.Context) error { return c.dialect.inspector().checkPages(ctx, c) }

func (c *checker) chain(ctx context.Context) error {
	_, err := audit.Verify(ctx, c, 1)
	return err
}

func (c *checker) heads(ctx context.Context) error {
	if c.count["audit_chain"] > 0 {
		return nil // it relies on the chain
	}
	_, err := audit.CheckHeads(ctx, c, c.o.Trust)
	return err
}

func (c *checker) index(ctx context.Context) error {
	return c.checkIndex(ctx, func() { c.rest(ctx) })
}

// references follows what the foreign keys of the database do not know.
func (c *checker) references(ctx context.Context) error {
	var failed error
	for _, r := range referenceRules() {
		c.rest(ctx)
		rows, err := all(ctx, &c.queries, scanText, r.query+` LIMIT 11`)
		for _, id := range rows {
			c.add(r.name, r.words+": "+id)
		}
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", r.name, err))
		}
	}
	return failed
}

// secrets opens every sealed value.
func (c *checker) secrets(ctx context.Context) error {
	if c.o.Sealed == nil {
		return nil
	}
	holders, err := c.SealedHolders(ctx)
	if err != nil {
		return err
	}
	for i, h := range holders {
		if i%100 == 0 {
			c.rest(ctx)
		}
		values, err := c.SealedValues(ctx, h)
		if err != nil {
			return err
		}
		for _, v := range values {
			if err := c.o.Sealed.Opens(h, v); err != nil {
				c.add("secrets", fmt.Sprintf("a sealed value of the resource %s: %v", h.Resource, err))
			}
		}
	}
	return nil
}
