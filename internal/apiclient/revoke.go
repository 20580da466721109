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

// Revoke ends a secret that was presented: it deletes the token if the secret is the current one, and ends
// only the secret if it is a previous one. The token is then in use with another secret, which is not at
// risk if an old one is found. Revoke needs no permission, since the holder of a secret could do worse with it.
// by is the API client that received it, or the token itself. Revoke does nothing to a token of another
// organization, and to a secret that was ended before or is unknown.
func (s *Service) Revoke(ctx context.Context, by actor.Caller, secret string) error {
	err := s.store.InTx(ctx, by, func(tx Tx) error {
		// The lock keeps the secret current, or a previous one, until the transaction ends.
		if _, err := tx.TokenPlan(ctx, tx.By().Organization); err != nil {
			return err
		}
		r, err := tx.RecordOfDigest(ctx, token.Digest(secret))
		if err != nil || r.Organization != tx.By().Organization {
			return err
		}
		t, err := tx.Token(ctx, r.Organization, r.ID)
		if err != nil {
			return err
		}
		because := "revoked by " + tx.By().Name + ", which held it"
		if r.Previous {
			return endSecret(ctx, tx, t, r, because)
		}
		if err := tx.DeleteToken(ctx, t.Organization, t.ID); err != nil {
			return err
		}
		before := describe(map[string]string{"name": t.Name, "hint": t.Hint, "because": because})
		return tx.AppendEvent(ctx, audit.Did(tx.By(), audit.Deleted, t.Target()).Changed(before, ""))
	})
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// endSecret ends a previous secret of a token.
func endSecret(ctx context.Context, tx Tx, t token.Token, r verify.Record, because string) error {
	if err := tx.EndSecret(ctx, t.ID, r.Digest); err != nil {
		return err
	}
	e, err := t.RevokedSecret(tx.By(), token.SecretState{Hint: r.Hint, EndsAt: r.ExpiresAt}, tx.Now(), because)
	if err != nil {
		return err
	}
	return tx.AppendEvent(ctx, e)
}

// description returns what an event records about the client, as JSON.
func (c Client) description() string {
	facts := map[string]string{"name": c.Name, "hint": c.Hint}
	if c.ChecksAddresses {
		facts["addresses"] = "checked by the service itself"
	}
	return describe(facts)
}

// describe returns facts as JSON.
func describe(facts map[string]string) string {
	text, err := json.Marshal(facts)
	if err != nil { // a map of texts can always be marshaled
		return ""
	}
	return string(text)
}
