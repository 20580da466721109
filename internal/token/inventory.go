package token

import (
	"context"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
)

// MaxCounted is up to how many matching tokens the inventory counts, sorts by any column, and changes at
// once.
const MaxCounted = 1000

// NotedAfter is how long a token must not have been used for [Filter.UnusedFor] to find it.
const NotedAfter = 30 * 24 * time.Hour

// Filter chooses tokens of an organization that are not deleted. The zero value chooses all.
type Filter struct {
	Kind      Kind
	Owner     string // of a personal token: part of the name or email address, or the id
	Workspace string // id
	State     State
	// EndsFrom and EndsBefore choose tokens that expire, from the one moment on and before the other;
	// NeverEnds those without an expiration.
	EndsFrom, EndsBefore time.Time
	NeverEnds            bool
	// UnusedFor chooses tokens that work, and were neither generated nor used for so long. It is at
	// least NotedAfter.
	UnusedFor time.Duration
	// Grants chooses tokens that may do this while they work. A workspace token may do what its policy
	// and the baseline of its workspace grant, a personal token what its owner may do there within its
	// scope, and an organization token nothing in a workspace. Without Resource, one resource is enough.
	Grants   access.Entry // of the catalogue; the zero value does not choose
	Resource string       // id
	MadeBy   string       // part of the name of who generated it
	// Breaks chooses tokens that break these rules, by [Rules.Breaches], and have not expired and that nobody
	// has suspended; nil does not choose.
	Breaks *Rules
	Text   string // part of the name, or a hint or an id
}

// Query asks for a page of an inventory.
type Query struct {
	Filter
	Sort    Sort
	Reverse bool // for ByCreation: the oldest first
	Limit   int
	Offset  int
}

// Inventoried is a page of an inventory.
type Inventoried struct {
	Tokens []Token
	// Matching is how many tokens match. With More, there are more than so many.
	Matching int
	More     bool
	// Unsorted reports that too many match for the order: they are sorted newest first.
	Unsorted bool
	// Broad reports that too many people have the permission in Filter.Grants to look for their tokens
	// without a workspace or an owner. Then there are no tokens.
	Broad bool
}

// ErrBroad returns the error of a filter that is too broad for all of its tokens to be found: see
// [Inventoried].
func ErrBroad() error {
	return fieldProblem(PathTokens, "Many people have this permission. Choose a workspace, a resource or an owner as well.")
}

// InventoryStore is what an [Inventory] reads, and how it begins a transaction.
type InventoryStore interface {
	InventoryReads
	// InTx runs fn in one write transaction of the caller, which is committed if fn returns nil.
	InTx(ctx context.Context, by actor.Caller, fn func(InventoryTx) error) error
}

// InventoryReads is what an [Inventory] reads outside of transactions.
type InventoryReads interface {
	chooser
	// FindInventory returns a page of the tokens that the query chooses at now.
	FindInventory(ctx context.Context, organization string, q Query, now time.Time) (Inventoried, error)
	// InventoryIDs returns the ids of all tokens that the filter chooses at now, newest first. The error
	// is [ErrBroad] where [Inventoried] is Broad.
	InventoryIDs(ctx context.Context, organization string, f Filter, now time.Time) ([]string, error)
}

// InventoryTx is what an [Inventory] does inside a transaction.
type InventoryTx interface {
	chooser
	ruleReader
	// Now returns the time of the transaction.
	Now() time.Time
	// TokenPlan is as in [Tx]: it makes changes of tokens take turns.
	TokenPlan(ctx context.Context, organization string) (access.Plan, error)
	// DeleteToken is as in [Tx].
	DeleteToken(ctx context.Context, organization, id string) error
	changer
}

// changer ends tokens earlier and suspends them.
type changer interface {
	recorder
	// ShortenToken moves the expiration of a token to its ExpiresAt, and that of a previous secret which
	// works longer, and returns the latter as it was; nil if there is none. The error is NotFound if the
	// token is deleted or ends before that.
	ShortenToken(ctx context.Context, t Token) (*SecretState, error)
	// SaveTokenSuspension is as in [Tx].
	SaveTokenSuspension(ctx context.Context, t Token) error
}

// chooser reads the tokens of a [Selection].
type chooser interface {
	// TokensByID returns the tokens with these ids that are not deleted, in the order of the ids. It
	// leaves out ids that are not in the organization.
	TokensByID(ctx context.Context, organization string, ids []string) ([]Token, error)
	// MatchingTokens returns the tokens that the filter chooses at now, but no more than limit of them. The
	// error is as for InventoryIDs.
	MatchingTokens(ctx context.Context, organization string, f Filter, now time.Time, limit int) ([]Token, error)
}

// Inventory is the use cases about all tokens of an organization. They are for Admins.
type Inventory struct {
	store     InventoryStore
	catalogue *access.Catalogue
	now       func() time.Time
}

// NewInventory returns the use cases.
func NewInventory(store InventoryStore, catalogue *access.Catalogue, now func() time.Time) *Inventory {
	return &Inventory{store: store, catalogue: catalogue, now: now}
}

// Find returns a page of the tokens that match. The error is Denied unless the caller is an Admin.
func (s *Inventory) Find(ctx context.Context, by actor.Standing, q Query) (Inventoried, error) {
	if err := s.may(by); err != nil {
		return Inventoried{}, err
	}
	return s.store.FindInventory(ctx, by.Organization, q, s.now())
}

// Export calls write for each token that matches, newest first. It holds no transaction while it
// writes, so each token is as it was when its part of the list was read. The error is Denied unless the
// caller is an Admin.
func (s *Inventory) Export(ctx context.Context, by actor.Standing, f Filter, write func(Token) error) error {
	const part = 500
	if err := s.may(by); err != nil {
		return err
	}
	ids, err := s.store.InventoryIDs(ctx, by.Organization, f, s.now())
	if err != nil {
		return err
	}
	for first := 0; first < len(ids); first += part {
		tokens, err := s.store.TokensByID(ctx, by.Organization, ids[first:min(first+part, len(ids))])
		if err != nil {
			return err
		}
		for _, t := range tokens {
			if err := write(t); err != nil {
				return err
			}
		}
	}
	return nil
}

// Chosen returns the tokens of a selection. The error is Denied unless the caller is an Admin, and
// otherwise as for [Inventory.Delete].
func (s *Inventory) Chosen(ctx context.Context, by actor.Standing, sel Selection) ([]Token, error) {
	if err := s.may(by); err != nil {
		return nil, err
	}
	return sel.tokens(ctx, s.store, by.Organization, s.now())
}

// Delete deletes tokens and returns them as they were. It deletes all of them or, on an error, none. The
// error is Denied unless the caller is an Admin, NotFound if one of the tokens is deleted or not of the
// organization, Invalid with the path [PathTokens] if there are none or too many, and Conflict if others
// match than the caller was told of.
func (s *Inventory) Delete(ctx context.Context, by actor.Caller, sel Selection) ([]Token, error) {
	var tokens []Token
	err := s.change(ctx, by, sel, func(tx InventoryTx, chosen []Token) error {
		tokens = chosen
		for _, t := range chosen {
			if err := tx.DeleteToken(ctx, t.Organization, t.ID); err != nil {
				return err
			}
			was, err := t.description()
			if err != nil {
				return err
			}
			if err := tx.AppendEvent(ctx, audit.Did(tx.By(), audit.Deleted, t.Target()).Changed(was, "")); err != nil {
				return err
			}
		}
		return nil
	})
	return tokens, err
}

// Shorten makes tokens expire at end unless they do so earlier, and returns those that it changed. The
// error is Invalid with the field "expiresAt" for an end that is not in the future, and otherwise as for
// [Inventory.Delete].
func (s *Inventory) Shorten(ctx context.Context, by actor.Caller, sel Selection, end time.Time) ([]Token, error) {
	end = end.UTC().Truncate(time.Millisecond)
	var changed []Token
	err := s.change(ctx, by, sel, func(tx InventoryTx, chosen []Token) error {
		changed = nil
		if end.IsZero() || ExpiredAt(end, tx.Now()) || end.After(LatestEnd(tx.Now())) {
			return fieldProblem(fieldExpiresAt, "Choose an expiration in the future, within the next ten years.")
		}
		for _, before := range chosen {
			if !before.EndsAfter(end) {
				continue
			}
			t := before
			t.ExpiresAt = end
			if err := shorten(ctx, tx, before, t); err != nil {
				return err
			}
			changed = append(changed, t)
		}
		return nil
	})
	return changed, err
}

// shorten saves and records that a token expires earlier, and its previous secret, if it would work longer.
func shorten(ctx context.Context, tx changer, before, after Token) error {
	was, err := tx.ShortenToken(ctx, after)
	if err != nil {
		return err
	}
	var is *SecretState
	if was != nil {
		moved := *was
		moved.EndsAt, is = after.ExpiresAt, &moved
	}
	return recordSecret(ctx, tx, audit.Updated, before, was, after, is)
}

// Suspend suspends tokens as [Service.Suspend] does, and returns those that it changed. It leaves those
// that are suspended already, or have expired. The error is Invalid with the field "reason", and otherwise
// as for [Inventory.Delete].
func (s *Inventory) Suspend(ctx context.Context, by actor.Caller, sel Selection, reason string) ([]Token, error) {
	var changed []Token
	err := s.change(ctx, by, sel, func(tx InventoryTx, chosen []Token) error {
		text, err := descriptionOf(reason)
		if err != nil {
			return fieldProblem(fieldReason, fault.Of(err).Message)
		}
		changed, err = suspendEach(ctx, tx, chosen, audit.Suspended, func(t *Token) bool {
			works := !t.Suspension.Set() && !ExpiredAt(t.ExpiresAt, tx.Now())
			t.Suspension = Suspension{At: tx.Now(), By: tx.By().Self(), ByName: tx.By().Name, Reason: text}
			return works
		})
		return err
	})
	return changed, err
}

// Resume ends the suspensions of tokens as [Service.Resume] does, and returns those that it changed. It
// leaves those that have none. The error is Conflict if one of them breaks a rule, and otherwise as for
// [Inventory.Delete].
func (s *Inventory) Resume(ctx context.Context, by actor.Caller, sel Selection) ([]Token, error) {
	var changed []Token
	err := s.change(ctx, by, sel, func(tx InventoryTx, chosen []Token) (err error) {
		for _, t := range chosen {
			if !t.Suspension.Set() {
				continue
			}
			if err := checkResumed(ctx, tx, t); err != nil {
				return err
			}
		}
		changed, err = suspendEach(ctx, tx, chosen, audit.Resumed, func(t *Token) bool {
			was := t.Suspension.Set()
			t.Suspension = Suspension{}
			return was
		})
		return err
	})
	return changed, err
}

// EndsAfter reports whether the token expires later than end, or never.
func (t Token) EndsAfter(end time.Time) bool { return t.ExpiresAt.IsZero() || t.ExpiresAt.After(end) }

// suspendEach saves and records the suspensions of the tokens for which change reports that it has set
// another one, and returns these as they are afterwards.
func suspendEach(ctx context.Context, tx changer, tokens []Token, action audit.Action, change func(*Token) bool) ([]Token, error) {
	var changed []Token
	for _, before := range tokens {
		t := before
		if !change(&t) {
			continue
		}
		if err := tx.SaveTokenSuspension(ctx, t); err != nil {
			return nil, err
		}
		if err := recordChange(ctx, tx, action, before, t); err != nil {
			return nil, err
		}
		changed = append(changed, t)
	}
	return changed, nil
}

// change runs do with the tokens of a selection in a transaction of an Admin.
func (s *Inventory) change(ctx context.Context, by actor.Caller, sel Selection, do func(InventoryTx, []Token) error) error {
	return s.store.InTx(ctx, by, func(tx InventoryTx) error {
		if err := s.may(tx.By()); err != nil {
			return err
		}
		// The lock makes changes of tokens take turns, so each event tells of the change before it.
		if _, err := tx.TokenPlan(ctx, tx.By().Organization); err != nil {
			return err
		}
		chosen, err := sel.tokens(ctx, tx, tx.By().Organization, tx.Now())
		if err != nil {
			return err
		}
		return do(tx, chosen)
	})
}

// may decides whether the caller may manage the tokens of everybody, and service tokens.
func (s *Inventory) may(by actor.Standing) error {
	all := access.Decide(s.catalogue, by.Principal, access.ManageServiceTokens, access.Resource{Organization: by.Organization})
	if err := all.Err("The organization"); err != nil {
		return err
	}
	anybody := access.Resource{Organization: by.Organization, Owner: "anybody"}
	if !access.Decide(s.catalogue, by.Principal, access.ManagePersonalToken, anybody).Allowed {
		return fault.NewDenied("Only Admins can do this.")
	}
	return nil
}
