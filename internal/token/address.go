package token

import (
	"context"
	"encoding/json"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
)

// SetAddresses sets from which addresses a token may be used, as [actor.ParseRanges] reads them, and returns
// the token with them. Without any it may be used from all that the organization allows. Those who may delete a
// token may do this, on every plan and in every state. The next request with the token obeys it. The error is
// NotFound as for [Service.Get], and Invalid with the field "addresses", also if the rules require some.
func (s *Service) SetAddresses(ctx context.Context, by actor.Caller, id, text string) (Token, error) {
	r, err := actor.ParseRanges(text)
	if err != nil {
		return Token{}, fieldProblem(fieldAddresses, fault.Of(err).Message)
	}
	var t Token
	err = s.store.InTx(ctx, by, func(tx Tx) error {
		before, err := s.toChange(ctx, tx, id)
		if err != nil {
			return err
		}
		if t = before; t.Addresses.Equal(r) {
			return nil
		}
		rules, err := tx.TokenRules(ctx, t.Organization)
		if err != nil {
			return err
		}
		if text := rules.RefusesAddresses(t.Kind, r); text != "" {
			return fieldProblem(fieldAddresses, text)
		}
		t.Addresses = r
		if err := tx.SaveTokenAddresses(ctx, t); err != nil {
			return err
		}
		return recordChange(ctx, tx, audit.Updated, before, t)
	})
	if err != nil {
		return Token{}, err
	}
	return t, nil
}

// AllowedAddresses returns from which addresses tokens of the caller's organization may be used, besides what
// each token allows. Everybody may read it, because it limits everybody's tokens.
func (s *Service) AllowedAddresses(ctx context.Context, by actor.Standing) (actor.Ranges, error) {
	return s.store.AllowedAddresses(ctx, by.Organization)
}

// SetAllowedAddresses sets from which addresses tokens of the caller's organization may be used, as
// [actor.ParseRanges] reads them. A token must be used from an address that both its own ranges and these
// allow. The next request with any token obeys it. The error is Denied unless the caller is an Admin, and
// Invalid with the field "addresses".
func (s *Service) SetAllowedAddresses(ctx context.Context, by actor.Caller, text string) error {
	r, err := actor.ParseRanges(text)
	if err != nil {
		return fieldProblem(fieldAddresses, fault.Of(err).Message)
	}
	return s.store.InRuleTx(ctx, by, func(tx RuleTx) error {
		if err := s.mayManageRules(tx.By()); err != nil {
			return err
		}
		organization := tx.By().Organization
		name, err := tx.OrganizationName(ctx, organization)
		if err != nil {
			return err
		}
		before, err := tx.AllowedAddresses(ctx, organization)
		if err != nil || before.Equal(r) {
			return err
		}
		if err := tx.SaveAllowedAddresses(ctx, organization, r); err != nil {
			return err
		}
		target := audit.Target{Type: audit.TargetOrganization, ID: organization, Name: name}
		return tx.AppendEvent(ctx, audit.Did(tx.By(), audit.Updated, target).Changed(addressesJSON(before), addressesJSON(r)))
	})
}

// mayManageRules decides whether the caller may change what applies to all tokens of the organization.
func (s *Service) mayManageRules(by actor.Standing) error {
	resource := access.Resource{Organization: by.Organization}
	return access.Decide(s.catalogue, by.Principal, access.ManageOrganization, resource).Err("The organization")
}

// addressesJSON returns what an event records about the addresses of an organization.
func addressesJSON(r actor.Ranges) string {
	text, err := json.Marshal(map[string][]string{"allowedTokenAddresses": r.Texts()})
	if err != nil { // texts always marshal
		return ""
	}
	return string(text)
}
