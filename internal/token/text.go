package token

import (
	"context"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
)

// Rename gives a token another name and returns the token with it. Those who may delete a token may
// rename it, on every plan and in every state. The error is NotFound as for [Service.Get], and Invalid
// with the field "name" if that is no name, or if another live token has it, as when one is generated.
func (s *Service) Rename(ctx context.Context, by actor.Caller, id, name string) (Token, error) {
	return s.edit(ctx, by, id, func(tx Tx, t *Token) error {
		var err error
		if t.Name, err = nameOf(name); err != nil {
			return fieldProblem(fieldName, fault.Of(err).Message)
		}
		taken, err := tx.TokenNameTaken(ctx, *t, tx.Now())
		if err == nil && taken {
			err = fieldProblem(fieldName, nameTaken)
		}
		return err
	})
}

// Describe gives a token another description, or none, and returns the token with it. It is like
// [Service.Rename], with the field "description".
func (s *Service) Describe(ctx context.Context, by actor.Caller, id, description string) (Token, error) {
	return s.edit(ctx, by, id, func(_ Tx, t *Token) error {
		var err error
		if t.Description, err = descriptionOf(description); err != nil {
			return fieldProblem(fieldDescription, fault.Of(err).Message)
		}
		return nil
	})
}

// nameOf returns a text as the name of a token.
func nameOf(text string) (string, error) {
	if holdsSecret(text) {
		return "", errSecretInText()
	}
	return plaintext.Name(text)
}

// descriptionOf returns a text as the description of a token.
func descriptionOf(text string) (string, error) {
	if holdsSecret(text) {
		return "", errSecretInText()
	}
	return plaintext.TokenDescription(text)
}

// holdsSecret reports whether a text contains the secret of a token. Names and descriptions are on pages
// and stay in the audit log for good. Unlike [LooksSecret] it does not mind texts that only look like one.
func holdsSecret(text string) bool {
	for i := range max(0, len(text)-secretLength+1) {
		if WellFormed(text[i : i+secretLength]) {
			return true
		}
	}
	return false
}

func errSecretInText() error {
	return fault.NewInvalid("This contains a token. Others can read it here, so remove it.")
}

func fieldProblem(field, text string) error {
	return fault.NewInvalid("Some fields need your attention.", fault.Field{Path: field, Message: text})
}

// edit lets change set the texts of a token, and stores and records them if they differ.
func (s *Service) edit(ctx context.Context, by actor.Caller, id string, change func(Tx, *Token) error) (Token, error) {
	var t Token
	err := s.store.InTx(ctx, by, func(tx Tx) error {
		before, err := s.toChange(ctx, tx, id)
		if err != nil {
			return err
		}
		t = before
		if err := change(tx, &t); err != nil || t.Name == before.Name && t.Description == before.Description {
			return err
		}
		if err := tx.SaveTokenTexts(ctx, t); err != nil {
			return err
		}
		return recordChange(ctx, tx, audit.Updated, before, t)
	})
	if err != nil {
		return Token{}, err
	}
	return t, nil
}

// toChange returns a token that the caller may change. The error is NotFound as for [Service.Get].
func (s *Service) toChange(ctx context.Context, tx Tx, id string) (Token, error) {
	// The lock makes changes of a token, and names that are taken meanwhile, take turns.
	if _, err := tx.TokenPlan(ctx, tx.By().Organization); err != nil {
		return Token{}, err
	}
	t, err := tx.Token(ctx, tx.By().Organization, id)
	if err != nil {
		return Token{}, err
	}
	return t, s.mayManage(tx.By(), t)
}

// recorder appends events of what a caller did.
type recorder interface {
	By() actor.Standing
	AppendEvent(ctx context.Context, e audit.Event) error
}

// recordChange appends the event of a token that was changed.
func recordChange(ctx context.Context, tx recorder, action audit.Action, before, after Token) error {
	return recordSecret(ctx, tx, action, before, nil, after, nil)
}

// recordSecret is like recordChange, with a previous secret as it was and as it is, if there is one.
func recordSecret(ctx context.Context, tx recorder, action audit.Action, before Token, was *SecretState,
	after Token, is *SecretState) error {
	from, err := before.describe(was, "")
	if err != nil {
		return err
	}
	to, err := after.describe(is, "")
	if err != nil {
		return err
	}
	return tx.AppendEvent(ctx, audit.Did(tx.By(), action, after.Target()).Changed(from, to))
}
