package token

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"latchkey/internal/fault"
)

// PathTokens is the path of the problems of a [Selection].
const PathTokens = "tokens"

// Selection is the tokens that a change is for: those with the ids or, with All, those that match a filter
// when the change is made.
type Selection struct {
	IDs    []string
	All    bool
	Filter Filter // with All
	// Count and Seen are, with All, how many tokens the caller was told the change is for, and their
	// [Fingerprint]; 0 and "" if not told. The error is Conflict if there are others by now.
	Count int
	Seen  string
}

// Empty reports whether nothing was selected.
func (s Selection) Empty() bool { return !s.All && len(s.IDs) == 0 }

// Fingerprint returns a short text that differs for other tokens. Their order does not matter.
func Fingerprint(tokens []Token) string {
	ids := make([]string, len(tokens))
	for i, t := range tokens {
		ids[i] = t.ID
	}
	slices.Sort(ids)
	sum := sha256.Sum256([]byte(strings.Join(ids, "\n")))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// tokens returns the tokens of the selection. The error is NotFound if one of the ids is not in the
// organization, Invalid if there are no tokens or too many, and Conflict if they are not those that the
// caller was told of.
func (s Selection) tokens(ctx context.Context, r chooser, organization string, now time.Time) ([]Token, error) {
	if s.All {
		return s.matching(ctx, r, organization, now)
	}
	ids := slices.Compact(slices.Sorted(slices.Values(s.IDs)))
	if len(ids) == 0 || len(ids) > MaxCounted {
		return nil, fieldProblem(PathTokens, "Choose between 1 and 1,000 tokens.")
	}
	tokens, err := r.TokensByID(ctx, organization, ids)
	if err == nil && len(tokens) != len(ids) {
		return nil, fault.NewNotFound(thatToken)
	}
	return tokens, err
}

func (s Selection) matching(ctx context.Context, r chooser, organization string, now time.Time) ([]Token, error) {
	tokens, err := r.MatchingTokens(ctx, organization, s.Filter, now, MaxCounted+1)
	switch n := len(tokens); {
	case err != nil:
		return nil, err
	case n > MaxCounted:
		return nil, fieldProblem(PathTokens, "More than 1,000 tokens match. Narrow the filter.")
	case s.Count != 0 && s.Count != n:
		return nil, fault.NewConflict(fmt.Sprintf("The list has changed: %d tokens match now, not %d. Check it and confirm again.", n, s.Count))
	case s.Seen != "" && s.Seen != Fingerprint(tokens):
		return nil, fault.NewConflict("The list has changed: other tokens match now. Check it and confirm again.")
	case n == 0:
		return nil, fieldProblem(PathTokens, "No token matches this filter any more.")
	}
	return tokens, nil
}
