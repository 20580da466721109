package token

import (
	"context"
	"slices"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
)

// MaxPasted is the length of the longest text in which to look for a token, in bytes.
const MaxPasted = 16 << 10

// Identify returns the token, live or not, whose secret is somewhere in the pasted text: alone, after
// "Bearer", in quotes, in a line of a log. It also finds the SHA-256 digest of a secret in
// hexadecimal. If the text has several, Identify prefers one that works. It helps to find out what a
// secret that was found somewhere can do. The text is hashed and not kept: no event, log or error
// contains it. The error is NotFound if the organization never had such a token, Invalid for a text
// that cannot have one, and Denied unless the caller is an Admin.
func (s *Service) Identify(ctx context.Context, by actor.Standing, pasted string) (Token, error) {
	resource := access.Resource{Organization: by.Organization}
	if err := access.Decide(s.catalogue, by.Principal, access.IdentifyTokens, resource).Err("The organization"); err != nil {
		return Token{}, err
	}
	secrets, digests := candidates(pasted)
	if len(secrets) == 0 || len(pasted) > MaxPasted {
		return Token{}, fault.NewInvalid("This cannot be a token.",
			fault.Field{Path: "token", Message: "Paste a token, or its SHA-256 digest in hex."})
	}
	// An imported secret may look like a digest, so all texts are looked up as secrets first.
	sums := make([][32]byte, 0, len(secrets)+len(digests))
	for _, secret := range secrets {
		sums = append(sums, Digest(secret))
	}
	found, err := s.store.TokensByDigest(ctx, by.Organization, append(sums, digests...))
	if err != nil {
		return Token{}, err
	}
	best, err := Token{}, error(fault.NewNotFound(thatToken))
	for _, digest := range append(sums, digests...) {
		t, ok := found[digest]
		switch {
		case !ok:
		case slices.Contains([]State{Active, ExpiresSoon}, t.State(s.now())):
			return t, nil
		case err != nil:
			best, err = t, nil
		}
	}
	return best, err
}

// Mistyped reports whether a text has what begins like a secret of Latchkey but is not one, because
// a part of it is missing or wrong.
func Mistyped(pasted string) bool {
	found := append(lookalikes(pasted), lookalikes(plaintext.Bare(pasted))...)
	return len(found) > 0 && !slices.ContainsFunc(found, WellFormed)
}
