package store

import (
	"context"
	"errors"
	"net/netip"
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
		s, err = q.sessionStanding(ctx, by, now)
	case actor.Token:
		from, _ := actor.ParseAddress(by.Origin.IP)
		s, err = q.tokenStanding(ctx, by.Ref, from, now)
	case actor.Client:
		s, err = q.clientStanding(ctx, by.Ref.ID)
	case actor.Server:
		s = actor.OfSystem(by.Ref.Organization)
	case actor.Visitor:
		s = actor.Standing{Name: actor.NotSignedIn}
	default:
		err = fault.NewUnauthenticated("Sign in to continue.")
	}
	s.Ref, s.Origin = by.Ref, by.Origin
	return s, err
}

// sessionStanding reads the member of a running session. Unless the act adds a second factor, it refuses a session that
// lacks one although the organization requires it: so no use case can forget that.
func (q *queries) sessionStanding(ctx context.Context, by actor.Caller, now time.Time) (actor.Standing, error) {
	var a signin.Account
	session, found, err := first(ctx, q, func(row scanner) (signin.Session, error) {
		return scanSession(row, signInFields(&a)...)
	}, `SELECT `+sessionColumns+`, `+signInColumns+` FROM `+sessionTables+` WHERE s.id = $1`, by.Ref.ID)
	if err != nil {
		return actor.Standing{}, err
	}
	if !found || !a.Active || !session.Live(now) {
		return actor.Standing{}, fault.NewUnauthenticated("Sign in to continue.")
	}
	if session.Lacks(now) && !by.Enrols() {
		return actor.Standing{}, fault.NewNoFactor()
	}
	s := actor.Standing{Name: a.Name, Email: a.Email, Proof: session.Proof, Principal: access.Principal{
		Kind: access.Member, ID: a.ID, Organization: a.Organization, Role: a.Role}}
	if a.Role == access.RoleAdmin {
		return s, nil // everything by role: policies make no difference
	}
	policies, err := q.PoliciesOfMember(ctx, a.Organization, a.ID)
	s.In = policy.Effective(policies)
	return s, err
}

// presented reads a token by the secret that was presented. The error is NotFound if it never had that one.
func (q *queries) presented(ctx context.Context, ref actor.Ref) (verify.Record, error) {
	if ref.Digest == [32]byte{} {
		return one(ctx, q, "That token", scanRecord, recordQuery(currentSecret)+` WHERE t.id = $1`, ref.ID)
	}
	r, err := q.RecordOfDigest(ctx, ref.Digest)
	if err == nil && r.ID != ref.ID {
		err = fault.NewNotFound("That token")
	}
	return r, err
}

// tokenStanding reads who a token stands for that is used from an address, by the secret that was presented.
func (q *queries) tokenStanding(ctx context.Context, ref actor.Ref, from netip.Addr, now time.Time) (actor.Standing, error) {
	const invalid = "The access token is not valid: it may be mistyped, expired, revoked, suspended or not allowed from this address."
	refused := fault.NewUnauthenticated(invalid)
	r, err := q.presented(ctx, ref)
	if fault.Is(err, fault.NotFound) {
		return actor.Standing{}, refused
	}
	if err != nil {
		return actor.Standing{}, err
	}
	stands, err := q.TokenStanding(ctx, r.Holder())
	if fault.Is(err, fault.NotFound) {
		return actor.Standing{}, refused
	}
	if err != nil {
		return actor.Standing{}, err
	}
	p, err := verify.PrincipalOf(r, stands, from, now)
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
