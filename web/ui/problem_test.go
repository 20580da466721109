package ui

import (
	"testing"

	"latchkey/internal/fault"
)

func TestProblemText_NamesTheConflictInTheTitle(t *testing.T) {
	for _, c := range []struct {
		fault       *fault.Error
		title, text string
	}{
		{fault.NewConflict("Another group has this name."), "Another group has this name", ""},
		{fault.NewConflict("Latchkey is already set up. Sign in instead."), "Latchkey is already set up", "Sign in instead."},
		{fault.NewInvalid("Choose a workspace. Then go on."), "This action isn't available", "Choose a workspace. Then go on."},
		{fault.NewNotFound("That token"), "Not found", "That token was not found."},
	} {
		if title, text := problemText(c.fault); title != c.title || text != c.text {
			t.Errorf("%q: %q, %q", c.fault.Message, title, text)
		}
	}
}
