package token

import (
	"latchkey/views/component"
)

// Addresses is a section about the addresses that tokens may be used from.
type Addresses struct {
	Card   component.CardModel
	Text   string
	Ranges []string
	Notes  []string // below the ranges
}

// More is the folded part of a form that makes a token.
type More struct {
	Open      bool
	Addresses component.FieldModel
}
