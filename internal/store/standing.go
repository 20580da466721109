package store

import (
	"context"
	"errors"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/signin"
	"latchkey/internal/verify"
)

// standing reads who a caller stands for, with all rights, at the transaction's moment. It is Unauthenticated when the session is over, the
// member is deactivated or gone, or the token or API client is not accepted any more.
//
// [Store.InTx] calls it before anything else, so that no write rests on older rights.
func (q *queries) standing(ctx context.Context, by actor.Caller, now time.Time) (actor.Standing, error) {
	var s actor.Standing
	var err error
	switch by.Ref.Kind {
	case actor.Session:
		s, err = q.sessionStanding(ctx, by.Ref.ID, now)
	case actor.Token:
		s, err = q.tokenStanding(ctx, by.Ref.ID, now)
	case actor.Client:
		s, err = q.clientStanding(ctx, by.Ref.ID)
	case actor.Server:
		s = actor.OfSystem(by.Ref.Organization)
	case actor.Visitor:
		s = actor.Standing{Name: "Not signed in"}
	default:
		err = fault.NewUnauthenticated("Sign in to continue.")
	}
	s.Ref, s.Origin = by.Ref, by.Origin
	return s, err
}

// sessionStanding reads the member of a running session.
func (q *queries) sessionStanding(ctx context.Context, id string, now time.Time) (actor.Standing, error) {
	var a signin.Account
	session, found, err := first(ctx, q, func(row scanner) (signin.Session, error) {
		return scanSession(row, signInFields(&a)...)
	}, `SELECT `+sessionColumns+`, `+signInColumns+` FROM sessions s JOIN members m ON m.id = s.member_id WHERE s.id = $1`, id)
	if err != nil {
		return actor.Standing{}, err
	}
	if !found || !a.Active || !session.Live(now) {
		return actor.Standing{}, fault.NewUnauthenticated("Sign in to continue.")
	}
	s := actor.Standing{Name: a.Name, Email: a.Email, Principal: access.Principal{
		Kind: access.Member, ID: a.ID, Organization: a.Organization, Role: a.Role}}
	if a.Role == access.RoleAdmin {
		return s, nil // everything by role: policies make no difference
	}
	policies, err := q.PoliciesOfMember(ctx, a.Organization, a.ID)
	s.In = policy.Effective(policies)
	return s, err
}

// tokenStanding reads who a token stands for.
func (q *queries) tokenStanding(ctx context.Context, id string, now time.Time) (actor.Standing, error) {
	refused := fault.NewUnauthenticated("The access token is not valid: it may be mistyped, expired or revoked.")
	records, err := q.TokenRecords(ctx, []string{id})
	if err != nil {
		return actor.Standing{}, err
	}
	if len(records) == 0 {
		return actor.Standing{}, refused
	}
	r := records[0]
	stands, err := q.TokenStanding(ctx, r.Holder())
	if fault.Is(err, fault.NotFound) {
		return actor.Standing{}, refused
	}
	if err != nil {
		return actor.Standing{}, err
	}
	p, err := verify.PrincipalOf(r, stands, now)
	if errors.As(err, new(*verify.Refused)) {
		refused.Cause = err
		return actor.Standing{}, refused
	}
	s := actor.Standing{Principal: p, Name: r.Name}
	if p.Kind == access.PersonalToken { // what it does is its owner's act
		s.Name, s.Email = stands.Owner, stands.Email
	}
	return s, err
}

// clientStanding reads an API client. It has no rights that a permission decides.
func (q *queries) clientStanding(ctx context.Context, id string) (actor.Standing, error) {
	c, err := one(ctx, q, "That API client", scanClient, `SELECT `+clientColumns+` FROM api_clients c WHERE c.id = $1`, id)
	if fault.Is(err, fault.NotFound) {
		return actor.Standing{}, fault.NewUnauthenticated("The API client is unknown.")
	}
	return actor.Standing{Name: "API client " + c.Name, Principal: access.Principal{Organization: c.Organization}}, err
}
