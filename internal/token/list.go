package token

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"latchkey/internal/plaintext"
)

// Sort is an order of a list of tokens.
type Sort uint8

// The orders. Tokens that were never used come first in the order of use, and those without an end
// come last in the order of their ends. Equal ones are in the order of their creation, the newest first.
const (
	ByCreation Sort = iota
	ByName
	ByUse
	ByEnd
)

// Listing asks for a page of a list of tokens. The zero value asks for all tokens, the newest
// first.
type Listing struct {
	// Matches chooses tokens if it is not nil. It may read name, hint, workspace, scope, maker and
	// state.
	Matches func(Token) bool
	Sort    Sort
	Reverse bool // for ByCreation: the oldest first
	Limit   int  // 0 for no limit
	Offset  int
}

// Listed is a page of a list.
type Listed struct {
	Tokens   []Token
	Matching int // tokens on all pages
	Total    int // tokens in the list, matching or not
}

// Compare compares tokens in the order of the list.
func (l Listing) Compare(a, b Token) int {
	newest := cmp.Or(b.CreatedAt.Compare(a.CreatedAt), strings.Compare(b.ID, a.ID))
	order := newest
	switch l.Sort {
	case ByName:
		order = cmp.Or(strings.Compare(plaintext.NameKey(a.Name), plaintext.NameKey(b.Name)), newest)
	case ByUse:
		order = cmp.Or(a.LastUsedAt.Compare(b.LastUsedAt), newest)
	case ByEnd:
		order = cmp.Or(endOrder(a).Compare(endOrder(b)), newest)
	case ByCreation:
	}
	if l.Reverse {
		return -order
	}
	return order
}

// endOrder returns the end of a token for sorting.
func endOrder(t Token) time.Time {
	if t.ExpiresAt.IsZero() {
		return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return t.ExpiresAt
}

// Of returns the page of a list that is in memory. A store returns the same.
func (l Listing) Of(tokens []Token) Listed {
	found := slices.DeleteFunc(slices.Clone(tokens), func(t Token) bool { return l.Matches != nil && !l.Matches(t) })
	slices.SortFunc(found, l.Compare)
	from := min(l.Offset, len(found))
	to := len(found)
	if l.Limit > 0 {
		to = min(from+l.Limit, to)
	}
	return Listed{Tokens: found[from:to], Matching: len(found), Total: len(tokens)}
}
