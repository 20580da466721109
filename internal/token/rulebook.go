package token

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
)

// Ruling is the rules of an organization as they are stored.
type Ruling struct {
	Rules
	Revision int64 // grows with each change
	Sweep    Sweep // what is still to be done with tokens that break them
}

// Answer says what happens to the tokens that break new rules.
type Answer string

// The answers.
const (
	Leave   Answer = "leave"   // they work until they end
	Shorten Answer = "shorten" // they end soon
	Suspend Answer = "suspend" // they are suspended
)

// The fields of the problems of a [RuleChange] besides those of [Rules].
const (
	FieldAnswer = "answer"
	FieldDays   = "days"
)

// maxSweepDays is the longest time after which tokens that break new rules end.
const maxSweepDays = 365

// Sweep is how the tokens that break the rules are changed. The zero Sweep changes none.
type Sweep struct {
	Answer Answer    `json:"answer"`
	From   time.Time `json:"from"`         // when the rules were saved
	End    time.Time `json:"end,omitzero"` // with Shorten
	By     string    `json:"by"`           // id of the Admin who decided so
	ByName string    `json:"byName"`
}

// ParseSweep reads what [Sweep.String] returns.
func ParseSweep(text string) (s Sweep, err error) {
	if text != "" {
		err = json.Unmarshal([]byte(text), &s)
	}
	return s, err
}

// String returns the sweep as JSON, and "" for the zero Sweep.
func (s Sweep) String() string {
	if s == (Sweep{}) {
		return ""
	}
	text, err := json.Marshal(s)
	if err != nil { // texts and times of this century always marshal
		return ""
	}
	return string(text)
}

// Pending reports whether there is something to do.
func (s Sweep) Pending() bool { return s.Answer == Shorten || s.Answer == Suspend }

// end returns when tokens of a kind end by the sweep: with the rules, tokens that end then do not break them.
func (s Sweep) end(r Rules, k Kind) time.Time { return earlier(s.End, r.Of(k).LatestEnd(s.From)) }

// Ends returns when personal and service tokens end by a sweep of Shorten.
func (s Sweep) Ends(r Rules) (personal, service time.Time) {
	return s.end(r, Personal), s.end(r, Workspace)
}

const (
	// sweptAtOnce is how many tokens the change of the rules changes in its own transaction.
	sweptAtOnce = MaxCounted
	// sweptLater is how many tokens each later transaction changes, which others wait for.
	sweptLater = 250
)

// RuleChange is new rules, and what happens to the tokens that break them.
type RuleChange struct {
	Rules
	Revision int64 // of the rules that were changed
	Answer   Answer
	Days     int // with Shorten: after which the tokens end, at most
	Told     int // how many tokens the answer is about, as the caller knows
}

// Undecided is the error of new rules that live tokens break if there is no answer for them.
type Undecided struct{ Breaking int }

// Error says how many tokens there are.
func (e *Undecided) Error() string { return fmt.Sprintf("%d tokens break the new rules", e.Breaking) }

// Ruled is what was done with new rules.
type Ruled struct {
	Changed int  // tokens
	More    bool // others are changed in the background
}

// RuleStore is what a [RuleBook] reads, and how it begins a transaction.
type RuleStore interface {
	RuleReads
	// InTx runs fn in one write transaction of the caller, which is committed if fn returns nil.
	InTx(ctx context.Context, by actor.Caller, fn func(RuleBookTx) error) error
}

// RuleReads is what a [RuleBook] reads outside of transactions.
type RuleReads interface {
	ruleReader
	// Ruling returns the rules of an organization, with what is still to be done.
	Ruling(ctx context.Context, organization string) (Ruling, error)
	// CountBreaking counts the tokens that [Filter.Breaks] chooses.
	CountBreaking(ctx context.Context, organization string, r Rules, now time.Time) (int, error)
	// SweptOrganizations returns the organizations whose rules have a pending sweep.
	SweptOrganizations(ctx context.Context) ([]string, error)
	// GroupNames returns the names of those of the groups that exist, by id.
	GroupNames(ctx context.Context, organization string, ids []string) (map[string]string, error)
}

// RuleBookTx is what a [RuleBook] does inside a transaction.
type RuleBookTx interface {
	changer
	// Now returns the time of the transaction.
	Now() time.Time
	// OrganizationName is as in [RuleTx].
	OrganizationName(ctx context.Context, organization string) (string, error)
	// Ruling is as in [RuleReads].
	Ruling(ctx context.Context, organization string) (Ruling, error)
	// SaveRuling saves the rules of an organization.
	SaveRuling(ctx context.Context, organization string, r Ruling) error
	// CountBreaking is as in [RuleReads].
	CountBreaking(ctx context.Context, organization string, r Rules, now time.Time) (int, error)
	// ToSweep returns up to limit tokens that a sweep changes: those that break the rules, were made before it,
	// and end later.
	ToSweep(ctx context.Context, organization string, r Ruling, now time.Time, limit int) ([]Token, error)
	// GroupNames is as in [RuleReads].
	GroupNames(ctx context.Context, organization string, ids []string) (map[string]string, error)
}

// RuleBook is the use cases about the rules for tokens. It is safe for concurrent use.
type RuleBook struct {
	store     RuleStore
	catalogue *access.Catalogue
	now       func() time.Time
}

// NewRuleBook returns the use cases.
func NewRuleBook(store RuleStore, catalogue *access.Catalogue, now func() time.Time) *RuleBook {
	if now == nil {
		now = time.Now
	}
	return &RuleBook{store: store, catalogue: catalogue, now: now}
}

// Ruling returns the rules of the caller's organization. Everybody may know them, because they hold for
// everybody.
func (b *RuleBook) Ruling(ctx context.Context, by actor.Standing) (Ruling, error) {
	return b.store.Ruling(ctx, by.Organization)
}

// Applied is the rules as they apply to one member.
type Applied struct {
	Rules
	Maker bool // whether they may generate personal tokens
	Room  bool // whether they may have another one
}

// For returns the rules of an organization as they apply to a member.
func (b *RuleBook) For(ctx context.Context, organization, member string) (Applied, error) {
	a, err := rulesFor(ctx, reading{b.store, b.now()}, Token{Organization: organization, Kind: Personal, Owner: member})
	return Applied{Rules: a.Rules, Maker: a.maker, Room: a.another() == nil}, err
}

// reading reads rules outside of a transaction.
type reading struct {
	ruleReader
	at time.Time
}

func (r reading) Now() time.Time { return r.at }

// Breaking counts the live tokens that break rules. The error is Denied unless the caller is an Admin.
func (b *RuleBook) Breaking(ctx context.Context, by actor.Standing, r Rules) (int, error) {
	if err := b.may(by); err != nil {
		return 0, err
	}
	return b.store.CountBreaking(ctx, by.Organization, r, b.now())
}

// GroupNames returns the names of the groups in rules, by id, without those that were deleted. The error is Denied
// unless the caller is an Admin.
func (b *RuleBook) GroupNames(ctx context.Context, by actor.Standing, r Rules) (map[string]string, error) {
	if err := b.may(by); err != nil {
		return nil, err
	}
	return b.store.GroupNames(ctx, by.Organization, r.Groups)
}

// Save changes the rules of the caller's organization. They hold from the commit on, for tokens that are
// made, rotated, resumed and imported. What the answer decides about the tokens that break them is done in the
// same transaction for up to [MaxCounted] of them, and for others by [RuleBook.Sweep]: the decision is saved
// with the rules, so a server that dies leaves nothing undecided.
//
// The error is Denied unless the caller is an Admin, Invalid with the names of fields, Conflict if somebody
// else changed the rules since Revision, and [Undecided] if there is no answer, or more tokens break the rules
// than the caller was told. Rules that the same tokens break as before need no answer.
func (b *RuleBook) Save(ctx context.Context, by actor.Caller, in RuleChange) (Ruled, error) {
	var done Ruled
	err := b.store.InTx(ctx, by, func(tx RuleBookTx) error {
		if err := b.may(tx.By()); err != nil {
			return err
		}
		if err := tx.By().MustBeProven(tx.Now(), "change the token rules"); err != nil {
			return err
		}
		organization := tx.By().Organization
		name, err := tx.OrganizationName(ctx, organization)
		if err != nil {
			return err
		}
		before, err := tx.Ruling(ctx, organization)
		if err != nil {
			return err
		}
		after, broken, err := b.decide(ctx, tx, before, in)
		if err != nil || after.Revision == before.Revision {
			return err
		}
		from, to := before.fields(), after.fields()
		if broken > 0 {
			to["breaking"], to["decision"] = broken, string(in.Answer)
		}
		target := audit.Target{Type: audit.TargetOrganization, ID: organization, Name: name}
		err = tx.AppendEvent(ctx, audit.Did(tx.By(), audit.Updated, target).Changed(from.String(), to.String()))
		if err != nil {
			return err
		}
		if after.Sweep != before.Sweep { // an earlier decision is left to Sweep
			if done, err = sweepSome(ctx, tx, &after, sweptAtOnce); err != nil {
				return err
			}
		}
		return tx.SaveRuling(ctx, organization, after)
	})
	return done, err
}

// decide returns the rules to store, and how many tokens break them. Their revision is that of before if
// nothing changes.
func (b *RuleBook) decide(ctx context.Context, tx RuleBookTx, before Ruling, in RuleChange) (Ruling, int, error) {
	after := Ruling{Revision: before.Revision + 1, Sweep: before.Sweep}
	if in.Revision != before.Revision {
		return after, 0, fault.NewConflict("Somebody else changed the token rules while you were editing. Check them and save again.")
	}
	var err error
	if after.Rules, err = in.Rules.Check(); err != nil {
		return after, 0, err
	}
	if err := knownGroups(ctx, tx, before.Rules, after.Rules); err != nil {
		return after, 0, err
	}
	if after.Equal(before.Rules) {
		return before, 0, nil
	}
	if after.SameBreaches(before.Rules) {
		return after, 0, nil
	}
	after.Sweep = Sweep{}
	broken, err := tx.CountBreaking(ctx, tx.By().Organization, after.Rules, tx.Now())
	if err != nil || broken == 0 {
		return after, 0, err
	}
	switch {
	case in.Answer == "" || broken > in.Told:
		return after, 0, &Undecided{broken}
	case in.Answer == Leave:
		return after, broken, nil
	case in.Answer != Shorten && in.Answer != Suspend:
		return after, 0, fieldProblem(FieldAnswer, "Choose what happens to these tokens.")
	case in.Answer == Shorten && (in.Days < 1 || in.Days > maxSweepDays):
		return after, 0, fieldProblem(FieldDays, fmt.Sprintf("Enter a whole number from 1 to %d.", maxSweepDays))
	}
	after.Sweep = Sweep{Answer: in.Answer, From: tx.Now().UTC(), By: tx.By().Self(), ByName: tx.By().Name}
	if in.Answer == Shorten {
		after.Sweep.End = tx.Now().UTC().Add(time.Duration(in.Days) * oneDay)
	}
	return after, broken, nil
}

// knownGroups checks that groups which are added exist. Others may have been deleted since.
func knownGroups(ctx context.Context, tx RuleBookTx, before, after Rules) error {
	names, err := tx.GroupNames(ctx, tx.By().Organization, after.Groups)
	if err != nil {
		return err
	}
	old := map[string]bool{}
	for _, id := range before.Groups {
		old[id] = true
	}
	for _, id := range after.Groups {
		if _, exists := names[id]; !exists && !old[id] {
			return fieldProblem(FieldRuleGroups, "One of these groups no longer exists. Choose again.")
		}
	}
	return nil
}

// sweepSome changes up to limit tokens, and takes the sweep from the rules if there are no more.
func sweepSome(ctx context.Context, tx RuleBookTx, r *Ruling, limit int) (Ruled, error) {
	if !r.Sweep.Pending() {
		return Ruled{}, nil
	}
	tokens, err := tx.ToSweep(ctx, tx.By().Organization, *r, tx.Now(), limit+1)
	if err != nil {
		return Ruled{}, err
	}
	done := Ruled{Changed: min(len(tokens), limit), More: len(tokens) > limit}
	if tokens = tokens[:done.Changed]; r.Sweep.Answer == Suspend {
		_, err = suspendEach(ctx, tx, tokens, audit.Suspended, func(t *Token) bool {
			t.Suspension = Suspension{At: tx.Now(), By: r.Sweep.By, ByName: r.Sweep.ByName, Reason: "It broke the token rules when they changed."}
			return true
		})
	} else {
		for _, before := range tokens {
			t := before
			if t.ExpiresAt = r.Sweep.end(r.Rules, t.Kind); t.ExpiresAt.Before(tx.Now()) { // the server was down
				t.ExpiresAt = tx.Now()
			}
			if err = shorten(ctx, tx, before, t); err != nil {
				break
			}
		}
	}
	if err == nil && !done.More {
		r.Sweep = Sweep{}
	}
	return done, err
}

// Sweep changes the tokens that [RuleBook.Save] left to it, in short transactions. It may run at any time, also on
// two nodes at once.
func (b *RuleBook) Sweep(ctx context.Context) error {
	organizations, err := b.store.SweptOrganizations(ctx)
	if err != nil {
		return err
	}
	for _, id := range organizations {
		for more := true; more && err == nil; {
			more, err = b.sweepPart(ctx, id)
		}
	}
	return err
}

func (b *RuleBook) sweepPart(ctx context.Context, organization string) (more bool, err error) {
	err = b.store.InTx(ctx, actor.System(organization), func(tx RuleBookTx) error {
		if _, err := tx.OrganizationName(ctx, organization); err != nil {
			return err
		}
		r, err := tx.Ruling(ctx, organization)
		if err != nil || !r.Sweep.Pending() {
			more = false
			return err
		}
		done, err := sweepSome(ctx, tx, &r, sweptLater)
		if more = done.More; err != nil {
			return err
		}
		return tx.SaveRuling(ctx, organization, r)
	})
	return more, err
}

// may decides whether the caller may change what applies to all tokens of the organization.
func (b *RuleBook) may(by actor.Standing) error {
	resource := access.Resource{Organization: by.Organization}
	return access.Decide(b.catalogue, by.Principal, access.ManageOrganization, resource).Err("The organization")
}

// fields returns what an event records about rules.
func (r Ruling) fields() audit.Fields {
	makers := "everybody"
	if r.Makers != Everybody {
		makers = string(r.Makers)
	}
	scopes := []string{}
	for _, s := range r.Scopes() {
		scopes = append(scopes, string(s))
	}
	f := audit.Fields{"tokenRules": r.Revision, "personalLongestDays": r.Personal.Longest, "personalDefaultDays": r.Personal.DefaultDays(),
		"personalMustExpire": r.Personal.MustExpire, "serviceLongestDays": r.Service.Longest, "serviceDefaultDays": r.Service.DefaultDays(),
		"serviceMustExpire": r.Service.MustExpire, "personalMakers": makers, "personalScopes": scopes, "personalPerMember": r.MostPersonal,
		"serviceNeedsAddresses": r.NeedAddresses, "suspendUnusedDays": r.UnusedDays, "selfRotation": !r.NoSelfRotation,
		"suspendReused": r.SuspendReused}
	if len(r.Groups) > 0 {
		f["personalMakerGroups"] = r.Groups
	}
	return f
}
