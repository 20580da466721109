package apiclient

import (
	"context"
	"encoding/json"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/token"
	"latchkey/internal/verify"
)

// Caller is the client as the audit log takes it. It has no principal: it may do nothing
// that is decided by permissions.
func (c Client) Caller(origin actor.Origin) actor.Standing {
	by := actor.OfSystem(c.Organization)
	by.Name, by.Origin = "API client "+c.Name, origin
	return by
}

// Revoke ends a token whose secret was presented: whoever holds it may end it, as they
// could do worse with it. by is the API client that found it, or the token itself. A token
// of another organization stays as it is, and one that has ended already is no error.
func (s *Service) Revoke(ctx context.Context, by actor.Standing, v verify.Verified) error {
	if v.Holder().Organization != by.Organization {
		return nil
	}
	target := audit.Target{Type: audit.TargetServiceToken, ID: v.ID(), Name: v.Name(), Workspace: v.Holder().Workspace}
	if v.Kind() == token.Personal {
		target.Type = audit.TargetPersonalToken
	}
	before := describe(map[string]string{"name": v.Name(), "hint": v.Hint(), "because": "revoked by " + by.Name + ", which held it"})
	err := s.store.InTx(ctx, func(tx Tx) error {
		if err := tx.DeleteToken(ctx, by.Organization, v.ID()); err != nil {
			return err
		}
		return tx.AppendEvent(ctx, audit.Did(by, audit.Deleted, target).Changed(before, ""))
	})
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// description is the JSON that the audit log keeps of a client.
func (c Client) description() string {
	return describe(map[string]string{"name": c.Name, "hint": c.Hint})
}

func describe(facts map[string]string) string {
	text, err := json.Marshal(facts)
	if err != nil { // texts always marshal
		return ""
	}
	return string(text)
}
