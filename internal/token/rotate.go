package token

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
)

// Limits of a rotation.
const (
	// DefaultOverlap is how long the previous secret works if nothing else is chosen.
	DefaultOverlap = 24 * time.Hour
	// MaxOverlap is how long it may work.
	MaxOverlap = 30 * 24 * time.Hour
	// RotatableFor is for how long a token that has expired can still be rotated.
	RotatableFor = 30 * 24 * time.Hour
)

// fieldOverlap is the field of a rotation's overlap.
const fieldOverlap = "overlap"

// ErrAlreadyRotated is the cause of a Conflict with a rotation by the previous secret of a token whose
// current secret is already in use.
var ErrAlreadyRotated = errors.New("the token was already rotated, and its current secret is in use")

// SecretState is a secret of a token, without the secret. A token has one current secret and, for a while
// after a rotation, a previous one that works as well.
type SecretState struct {
	Digest       [32]byte
	Hint         string
	Legacy       bool // imported, of another format
	MadeAt       time.Time
	FirstUsedAt  time.Time   // zero: never used
	LastUsedAt   time.Time   // saved every half a minute
	LastUsedFrom []SecretUse // the last few places, newest first
	OwnEnd       time.Time   // of a previous one: when it would have expired otherwise; zero for never
	EndsAt       time.Time   // of a previous one: when it ends; zero for the current one
	EndedAt      time.Time   // of a previous one that was ended before that
	Uses         SecretCount // while two secrets worked; set by [Service.Secrets]
}

// SecretUse is a place that a secret was used from, and the time of the last such use. The address and
// the user agent are empty where they are unknown.
type SecretUse struct {
	IP    string    `json:"ip"`
	Agent string    `json:"agent,omitempty"`
	At    time.Time `json:"at"`
}

// Previous reports whether the secret was replaced by another one.
func (s SecretState) Previous() bool { return !s.EndsAt.IsZero() }

// Overlaps reports whether the secret is a previous one that still works at now, unless the token does not.
func (s SecretState) Overlaps(now time.Time) bool {
	return s.Previous() && s.EndedAt.IsZero() && !ExpiredAt(s.EndsAt, now)
}

// Revision identifies the secret among those that the token had and will have.
func (s SecretState) Revision() string { return strconv.FormatInt(s.MadeAt.UnixMilli(), 36) + s.Hint }

// Rotation is how to rotate a token.
type Rotation struct {
	Overlap    time.Duration // for which the previous secret works: 0 to [MaxOverlap]
	SameLength bool          // the token lives as long again as it was to live before
	ExpiresAt  time.Time     // otherwise its new end; zero for never
	// Revision, if not empty, must be that of the current secret. It makes a form that is sent twice
	// a Conflict with the cause [fault.ErrRepeated].
	Revision string
}

// Rotated is a token with its new secret, which is not available again, and the previous one.
type Rotated struct {
	Generated
	Previous SecretState
}

// Secrets returns the current secret of a token, and before it the last few previous ones, the newest
// first. The error is NotFound as for [Service.Get].
func (s *Service) Secrets(ctx context.Context, by actor.Standing, id string) ([]SecretState, error) {
	t, err := s.Get(ctx, by, id)
	if err != nil {
		return nil, err
	}
	secrets, err := s.store.TokenSecrets(ctx, t)
	if err != nil || len(secrets) < 2 {
		return secrets, err
	}
	counts, err := s.store.SecretCounts(ctx, t, SlotOf(s.now()))
	for i := range secrets {
		secrets[i].Uses = counts[secrets[i].Digest]
	}
	return secrets, err
}

// EndAgain returns when a token expires if it is rotated at now and lives as long again, as far as the rules
// allow. maker is as for [Rules.Breaches].
func EndAgain(t Token, current SecretState, rules Rules, maker bool, now time.Time) time.Time {
	end, _ := applied{Rules: rules, maker: maker}.newEnd(t, current, Rotation{SameLength: true}, now)
	return end
}

// MayRotate reports whether the caller may rotate a token that they may see. A personal token acts as its
// owner, so only they get its secret.
func (s *Service) MayRotate(by actor.Standing, t Token) bool {
	return t.Kind != Personal || t.Owner == by.Self()
}

// Rotate gives a token another secret. It keeps everything else. The previous secret works until the
// overlap, its own end or that of the token comes first. A previous secret that still works from an earlier
// rotation ends at once, except if the current one was never used: then the current one ends at once
// instead, and the previous one stays. A token can be rotated on every plan, while it is suspended, and up
// to [RotatableFor] after its end. Its new end is within the rules. A token that breaks one of the others
// keeps its end, or gets an earlier one.
//
// The error is NotFound as for [Service.Get], Denied for the personal token of somebody else, Unproven
// for a service token if the session was proven too long ago, Invalid with
// the fields "overlap" and "expiresAt" (in the past, after [LatestEnd], or against the rules), and Conflict if the token
// expired too long ago, if it expired and another one has its name now or it breaks a rule, and for a Revision that is not
// the current one.
func (s *Service) Rotate(ctx context.Context, by actor.Caller, id string, in Rotation) (Rotated, error) {
	return s.rotate(ctx, by, in, func(tx Tx) (Token, error) {
		t, err := s.toChange(ctx, tx, id)
		if err == nil && !s.MayRotate(tx.By(), t) {
			err = fault.NewDenied("Only its owner can rotate a personal access token.")
		}
		if err == nil && t.Kind != Personal {
			err = tx.By().MustBeProven(tx.Now(), "rotate a service access token")
		}
		return t, err
	})
}

// RotateSelf is like [Service.Rotate] for the calling token, which lives as long again. If the answer was
// lost, it can be asked again with the previous secret while the new one was never used: the new one is
// replaced, and the previous one ends when it was to end, or earlier. The error is Conflict with the cause
// [ErrAlreadyRotated] if the new one was used, and Denied unless the caller is a token, and if the rules do not
// let tokens rotate themselves.
func (s *Service) RotateSelf(ctx context.Context, by actor.Caller, overlap time.Duration) (Rotated, error) {
	return s.rotate(ctx, by, Rotation{Overlap: overlap, SameLength: true}, func(tx Tx) (Token, error) {
		if tx.By().Ref.Kind != actor.Token {
			return Token{}, fault.NewDenied("Only a token can rotate itself.")
		}
		// The lock makes rotations take turns.
		if _, err := tx.TokenPlan(ctx, tx.By().Organization); err != nil {
			return Token{}, err
		}
		rules, err := tx.TokenRules(ctx, tx.By().Organization)
		if err == nil && rules.NoSelfRotation {
			err = fault.NewDenied("Token rules don't let tokens rotate themselves.")
		}
		if err != nil {
			return Token{}, err
		}
		return tx.Token(ctx, tx.By().Organization, tx.By().Ref.ID)
	})
}

// rotate rotates the token that find returns, in one transaction.
func (s *Service) rotate(ctx context.Context, by actor.Caller, in Rotation, find func(Tx) (Token, error)) (Rotated, error) {
	var done Rotated
	err := s.store.InTx(ctx, by, func(tx Tx) error {
		before, err := find(tx)
		if err != nil {
			return err
		}
		secrets, err := tx.LockTokenSecrets(ctx, before)
		if err != nil {
			return err
		}
		rules, err := rulesFor(ctx, tx, before)
		if err != nil {
			return err
		}
		turn, err := s.turn(tx, before, secrets, rules, in)
		if err == nil {
			err = s.revive(ctx, tx, rules, before)
		}
		if err != nil {
			return err
		}
		done = Rotated{Generated: Generated{Token: turn.token, Secret: turn.secret}, Previous: *turn.previous}
		if err := tx.SaveTokenSecrets(ctx, turn.token, turn.changed); err != nil {
			return err
		}
		return recordSecret(ctx, tx, audit.Rotated, before, nil, turn.token, turn.previous)
	})
	if err != nil {
		return Rotated{}, err
	}
	return done, nil
}

// revive checks that a token that has expired may work again: another one may have its name by now, and rules
// may have changed.
func (s *Service) revive(ctx context.Context, tx Tx, rules applied, t Token) error {
	if !ExpiredAt(t.ExpiresAt, tx.Now()) {
		return nil
	}
	if broken := rules.lasting(t, rules.maker); len(broken) > 0 {
		return fault.NewConflict("This token has expired and breaks a rule. " + string(broken[0]))
	}
	if t.Kind == Personal {
		if err := rules.another(); err != nil {
			return err
		}
	}
	taken, err := tx.TokenNameTaken(ctx, t, tx.Now())
	if err == nil && taken {
		err = fault.NewConflict("This token has expired, and another token has its name now. Rename one of them first.")
	}
	return err
}

// turn is what a rotation makes of a token.
type turn struct {
	token    Token
	secret   Secret
	changed  []SecretState // new ones and those that end otherwise than before
	previous *SecretState  // the one that works on
}

// turn decides how the token is rotated.
func (s *Service) turn(tx Tx, t Token, secrets []SecretState, rules applied, in Rotation) (turn, error) {
	now, current := tx.Now(), secrets[0]
	if err := checkRotation(t, current, in, now); err != nil {
		return turn{}, err
	}
	end, err := rules.newEnd(t, current, in, now)
	if err != nil {
		return turn{}, err
	}
	previous := slices.IndexFunc(secrets, func(p SecretState) bool { return p.Overlaps(now) })
	replaces := previous > 0 && current.FirstUsedAt.IsZero()
	overlap := now.Add(in.Overlap)
	if ref := tx.By().Ref; ref.Kind == actor.Token && ref.ID == t.ID && ref.Digest != current.Digest {
		if !replaces || ref.Digest != secrets[previous].Digest {
			return turn{}, &fault.Error{Kind: fault.Conflict, Code: "ALREADY_ROTATED", Cause: ErrAlreadyRotated,
				Message: "This token was already rotated, and its new value is in use."}
		}
		overlap = earlier(overlap, secrets[previous].EndsAt)
	}
	out := turn{token: t}
	current.OwnEnd, current.EndsAt = t.ExpiresAt, now
	if replaces {
		current.EndedAt = now
		out.previous = &secrets[previous]
	} else {
		out.previous = &current
		if previous > 0 {
			secrets[previous].EndedAt = now
			out.changed = append(out.changed, secrets[previous])
		}
	}
	p := out.previous
	if p.EndsAt = earlier(earlier(overlap, p.OwnEnd), end); !p.EndsAt.After(now) {
		p.EndsAt, p.EndedAt = now, now
	}
	out.changed = append(out.changed, current)
	if replaces {
		out.changed = append(out.changed, *p)
	}
	if out.secret, err = Generate(t.Kind, s.random); err != nil {
		return turn{}, err
	}
	out.token.Hint, out.token.Legacy, out.token.ExpiresAt = Hint(out.secret.Reveal()), false, end
	out.changed = append(out.changed, SecretState{Digest: Digest(out.secret.Reveal()), Hint: out.token.Hint, MadeAt: now})
	return out, nil
}

// checkRotation decides whether the token can be rotated.
func checkRotation(t Token, current SecretState, in Rotation, now time.Time) error {
	switch {
	case in.Revision != "" && in.Revision != current.Revision():
		return fault.NewRepeated("This token was rotated meanwhile. Its new value was shown once and cannot be shown again.")
	case ExpiredAt(t.ExpiresAt, now.Add(-RotatableFor)):
		return fault.NewConflict("This token expired more than 30 days ago and can no longer be rotated. Generate a new one.")
	case in.Overlap < 0 || in.Overlap > MaxOverlap:
		return fieldProblem(fieldOverlap, "Choose at most 30 days.")
	}
	return nil
}

// newEnd returns when the token expires after its rotation.
func (a applied) newEnd(t Token, current SecretState, in Rotation, now time.Time) (time.Time, error) {
	latest, life := LatestEnd(now), a.Of(t.Kind)
	held := len(a.lasting(t, a.maker)) > 0 && !ExpiredAt(t.ExpiresAt, now)
	switch {
	case in.SameLength:
		end := t.ExpiresAt
		if !end.IsZero() {
			end = earlier(now.Add(t.ExpiresAt.Sub(current.MadeAt)), latest)
		}
		if held {
			end = earlier(end, t.ExpiresAt)
		}
		return life.Within(end, now), nil
	case ExpiredAt(in.ExpiresAt, now):
		return time.Time{}, fieldProblem(fieldExpiresAt, "Choose a time in the future.")
	case in.ExpiresAt.After(latest):
		return time.Time{}, fieldProblem(fieldExpiresAt, "Choose an earlier time, at most 10 years from now.")
	case life.Refuses(t.Kind, in.ExpiresAt, now) != "":
		return time.Time{}, fieldProblem(fieldExpiresAt, life.Refuses(t.Kind, in.ExpiresAt, now))
	case held && !t.ExpiresAt.IsZero() && (in.ExpiresAt.IsZero() || in.ExpiresAt.After(t.ExpiresAt)):
		return time.Time{}, fieldProblem(fieldExpiresAt, "This token breaks a rule, so it cannot last longer than now. "+
			string(a.lasting(t, a.maker)[0]))
	}
	return in.ExpiresAt.UTC().Truncate(time.Millisecond), nil
}

// earlier returns the earlier of two ends. The zero time is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// EndPrevious ends the previous secret of a token that still works, at once. The error is NotFound as for
// [Service.Get], and Conflict if there is none.
func (s *Service) EndPrevious(ctx context.Context, by actor.Caller, id string) (Token, error) {
	var t Token
	err := s.store.InTx(ctx, by, func(tx Tx) error {
		var err error
		if t, err = s.toChange(ctx, tx, id); err != nil {
			return err
		}
		return s.endPrevious(ctx, tx, t)
	})
	if err != nil {
		return Token{}, err
	}
	return t, nil
}

func (s *Service) endPrevious(ctx context.Context, tx Tx, t Token) error {
	secrets, err := tx.LockTokenSecrets(ctx, t)
	if err != nil {
		return err
	}
	o, ok := OverlapOf(secrets, tx.Now())
	if !ok {
		return fault.NewConflict("The previous value of this token has already ended.")
	}
	ended := o.Previous.endedAt(tx.Now())
	if err := tx.SaveTokenSecrets(ctx, t, []SecretState{ended}); err != nil {
		return err
	}
	return recordSecret(ctx, tx, audit.Updated, t, &o.Previous, t, &ended)
}

// endedAt returns a previous secret as it is when somebody has ended it.
func (s SecretState) endedAt(now time.Time) SecretState {
	s.EndsAt, s.EndedAt = now, now
	return s
}

// RevokedSecret returns the event that a caller revoked a previous secret of the token, which they had.
func (t Token) RevokedSecret(by actor.Standing, was SecretState, now time.Time, because string) (audit.Event, error) {
	from, err := t.describe(&was, "")
	if err != nil {
		return audit.Event{}, err
	}
	is := was.endedAt(now)
	to, err := t.describe(&is, because)
	return audit.Did(by, audit.Updated, t.Target()).Changed(from, to), err
}
