package token

import (
	"context"
	"encoding/hex"
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
)

// maxPasted is the length of the longest text to look up, in bytes.
const maxPasted = 4096

// Identify returns the token, live or not, with the pasted secret or the pasted SHA-256 digest of
// it in hexadecimal. It helps to find out what a secret that was found somewhere can do. The text
// is hashed and not kept: no event, log or error contains it. The error is NotFound if the
// organization never had such a token, Invalid for a text that cannot be one, and Denied unless
// the caller is an Admin.
func (s *Service) Identify(ctx context.Context, by actor.Standing, pasted string) (Token, error) {
	resource := access.Resource{Organization: by.Organization}
	if err := access.Decide(s.catalogue, by.Principal, access.IdentifyTokens, resource).Err("The organization"); err != nil {
		return Token{}, err
	}
	secret := strings.TrimSpace(pasted)
	if secret == "" || len(secret) > maxPasted {
		return Token{}, fault.NewInvalid("This cannot be a token.",
			fault.Field{Path: "token", Message: "Paste a token, or its SHA-256 digest in hex."})
	}
	t, err := s.withDigest(ctx, by, Digest(secret))
	if !fault.Is(err, fault.NotFound) {
		return t, err
	}
	// An imported secret may look like a digest, so the text is looked up as a secret first.
	if digest, decodeErr := hex.DecodeString(strings.TrimPrefix(secret, "sha256:")); decodeErr == nil && len(digest) == len(Digest("")) {
		return s.withDigest(ctx, by, [32]byte(digest))
	}
	return Token{}, err
}

// withDigest returns the token of the caller's organization with the digest of its secret.
func (s *Service) withDigest(ctx context.Context, by actor.Standing, digest [32]byte) (Token, error) {
	t, err := s.store.TokenByDigest(ctx, digest)
	if err == nil && t.Organization != by.Organization {
		return Token{}, fault.NewNotFound(thatToken)
	}
	return t, err
}

// Mistyped reports whether a text begins like a secret of Latchkey but is not one, because a part
// of it is missing or wrong.
func Mistyped(text string) bool {
	text = strings.TrimSpace(text)
	return kindOf(text) != "" && !WellFormed(text)
}
