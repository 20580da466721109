package token

import (
	"context"
	"encoding/hex"
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
)

// maxPasted is the longest text that is looked at, in bytes.
const maxPasted = 4096

// Identify finds the token, alive or not, whose secret or whose SHA-256 digest in hex is
// pasted, for whoever found one and wonders what it opens. The text is hashed and forgotten: it
// is in no event, log or error. Denied to all but Admins; NotFound when no token of the
// organization ever had it, Invalid for a text that cannot be one.
func (s *Service) Identify(ctx context.Context, by actor.Standing, pasted string) (Token, error) {
	err := access.Decide(s.catalogue, by.Principal, access.IdentifyTokens, access.Resource{Organization: by.Organization}).Err("The organization")
	if err != nil {
		return Token{}, err
	}
	secret := strings.TrimSpace(pasted)
	if secret == "" || len(secret) > maxPasted {
		return Token{}, fault.NewInvalid("This cannot be a token.", fault.Field{Path: "token", Message: "Paste a token, or its SHA-256 digest in hex."})
	}
	t, err := s.withDigest(ctx, by, Digest(secret))
	if !fault.Is(err, fault.NotFound) {
		return t, err
	}
	// A legacy secret may look like a digest, so the secret comes first.
	if digest, decodeErr := hex.DecodeString(strings.TrimPrefix(secret, "sha256:")); decodeErr == nil && len(digest) == len(Digest("")) {
		return s.withDigest(ctx, by, [32]byte(digest))
	}
	return Token{}, err
}

// withDigest finds a token of the caller's organization.
func (s *Service) withDigest(ctx context.Context, by actor.Standing, digest [32]byte) (Token, error) {
	t, err := s.store.TokenByDigest(ctx, digest)
	if err == nil && t.Organization != by.Organization {
		return Token{}, fault.NewNotFound(what)
	}
	return t, err
}

// Mistyped reports whether a text begins like one of our secrets and yet is none: a part is
// missing or wrong.
func Mistyped(text string) bool {
	text = strings.TrimSpace(text)
	return kindOf(text) != "" && !WellFormed(text)
}
