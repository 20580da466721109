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

// Caller returns the reference to the client as the caller of an API request.
func (c Client) Caller(origin actor.Origin) actor.Caller {
	return actor.Caller{Ref: actor.Ref{Kind: actor.Client, ID: c.ID}, Origin: origin}
}

// Revoke deletes a token whose secret was presented. It needs no permission, since the holder of
// a secret could do worse with it. by is the API client that received it, or the token itself.
// Revoke does nothing to a token of another organization or one that was deleted before.
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

// description returns what an event records about the client, as JSON.
func (c Client) description() string {
	return describe(map[string]string{"name": c.Name, "hint": c.Hint})
}

func describe(facts map[string]string) string {
	text, err := json.Marshal(facts)
	if err != nil { // a map of texts can always be marshaled
		return ""
	}
	return string(text)
}
