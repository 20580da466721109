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

// Caller returns the reference to the client that an API's request came from.
func (c Client) Caller(origin actor.Origin) actor.Caller {
	return actor.Caller{Ref: actor.Ref{Kind: actor.Client, ID: c.ID}, Origin: origin}
}

// Revoke ends a token whose secret was presented: whoever holds it may end it, as they
// could do worse with it. by is the API client that found it, or the token itself. A token
// of another organization stays as it is, and one that has ended already is no error.
func (s *Service) Revoke(ctx context.Context, by actor.Caller, v verify.Verified) error {
	target := audit.Target{Type: audit.TargetServiceToken, ID: v.ID(), Name: v.Name(), Workspace: v.Holder().Workspace}
	if v.Kind() == token.Personal {
		target.Type = audit.TargetPersonalToken
	}
	err := s.store.InTx(ctx, by, func(tx Tx) error {
		by := tx.By()
		if v.Holder().Organization != by.Organization {
			return nil
		}
		before := describe(map[string]string{"name": v.Name(), "hint": v.Hint(), "because": "revoked by " + by.Name + ", which held it"})
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
