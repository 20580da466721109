package token

import (
	"cmp"
	"context"
	"crypto/rand"
	"io"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
)

// thatToken is the token in "That token was not found."
const thatToken = "That token"

// Deps is what a [Service] needs. Store and Catalogue are required.
type Deps struct {
	Store     Store
	Catalogue *access.Catalogue
	Now       func() time.Time // time.Now if nil
	Rand      io.Reader        // crypto/rand.Reader if nil; must be cryptographically secure
	// MaxPersonal is how many personal tokens a member may have, expired ones included;
	// access.DefaultPersonalTokens if 0.
	MaxPersonal int
}

// Service is the use cases of the token life cycle. It is safe for concurrent use.
type Service struct {
	store     Store
	catalogue *access.Catalogue
	now       func() time.Time
	random    io.Reader
	most      int // personal tokens of a member
}

// New returns a service.
func New(d Deps) *Service {
	s := &Service{store: d.Store, catalogue: d.Catalogue, now: d.Now, random: d.Rand,
		most: cmp.Or(d.MaxPersonal, access.DefaultPersonalTokens)}
	if s.now == nil {
		s.now = time.Now
	}
	if s.random == nil {
		s.random = rand.Reader
	}
	return s
}

// mayManage decides whether the caller may see, rename, describe and delete t. The error is NotFound if not, so
// that nobody can find out which ids exist.
func (s *Service) mayManage(by actor.Standing, t Token) error {
	permission, resource := access.ManageServiceTokens, access.Resource{Organization: t.Organization}
	if t.Kind == Personal {
		permission, resource.Owner = access.ManagePersonalToken, t.Owner
	}
	if !access.Decide(s.catalogue, by.Principal, permission, resource).Allowed {
		return fault.NewNotFound(thatToken)
	}
	return nil
}

// Get returns a token to its owner and to Admins. The error is NotFound for everyone else, and if
// the token is deleted.
func (s *Service) Get(ctx context.Context, by actor.Standing, id string) (Token, error) {
	t, err := s.store.Token(ctx, by.Organization, id)
	if err != nil {
		return Token{}, err
	}
	if err := s.mayManage(by, t); err != nil {
		return Token{}, err
	}
	return t, nil
}

// Personal returns a page of the caller's own personal tokens that are not deleted.
func (s *Service) Personal(ctx context.Context, by actor.Standing, l Listing) (Listed, error) {
	return s.OfMember(ctx, by, by.Self(), l)
}

// OfMember returns a page of a member's personal tokens that are not deleted. Members may see
// their own and Admins those of every member. The error is NotFound for everyone else. An unknown
// member has no tokens.
func (s *Service) OfMember(ctx context.Context, by actor.Standing, member string, l Listing) (Listed, error) {
	if err := s.maySeePersonal(by, member); err != nil {
		return Listed{}, err
	}
	return s.store.ListTokens(ctx, by.Organization, Personal, member, l)
}

// maySeePersonal decides whether the caller may see the personal tokens of a member.
func (s *Service) maySeePersonal(by actor.Standing, member string) error {
	resource := access.Resource{Organization: by.Organization, Owner: member}
	return access.Decide(s.catalogue, by.Principal, access.ManagePersonalToken, resource).Err("That member")
}

// Services returns a page of the organization's service tokens of a kind that are not deleted.
// The error is Denied unless the caller is an Admin, and NotFound for a kind that is not one of
// service tokens.
func (s *Service) Services(ctx context.Context, by actor.Standing, kind Kind, l Listing) (Listed, error) {
	if err := s.mayManageServices(by); err != nil {
		return Listed{}, err
	}
	if kind != Workspace && kind != Organization {
		return Listed{}, fault.NewNotFound("That kind of token")
	}
	return s.store.ListTokens(ctx, by.Organization, kind, "", l)
}

// mayManageServices decides whether the caller may generate and list service tokens.
func (s *Service) mayManageServices(by actor.Standing) error {
	resource := access.Resource{Organization: by.Organization}
	return access.Decide(s.catalogue, by.Principal, access.ManageServiceTokens, resource).Err("The organization")
}

// Delete deletes a token and returns it as it was before. The error is NotFound as for
// [Service.Get], so also the second time. Tokens in every other state can be deleted, on every
// plan.
func (s *Service) Delete(ctx context.Context, by actor.Caller, id string) (Token, error) {
	var t Token
	err := s.store.InTx(ctx, by, func(tx Tx) error {
		var err error
		if t, err = tx.Token(ctx, tx.By().Organization, id); err != nil {
			return err
		}
		if err := s.mayManage(tx.By(), t); err != nil {
			return err
		}
		if err := tx.DeleteToken(ctx, t.Organization, t.ID); err != nil {
			return err
		}
		return s.record(ctx, tx, audit.Deleted, t)
	})
	if err != nil {
		return Token{}, err
	}
	return t, nil
}

// record appends the event of a token that was generated or deleted.
func (s *Service) record(ctx context.Context, tx Tx, action audit.Action, t Token) error {
	text, err := t.description()
	if err != nil {
		return err
	}
	event := audit.Did(tx.By(), action, t.Target())
	if action == audit.Deleted {
		event = event.Changed(text, "")
	} else {
		event = event.Changed("", text)
	}
	return tx.AppendEvent(ctx, event)
}
