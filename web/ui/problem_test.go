package ui

import (
	"testing"

	"latchkey/internal/fault"
)

func TestProblemText_SaysWhatHappenedInTheTitle(t *testing.T) {
	for _, c := range []struct {
		fault       *fault.Error
		title, text string
	}{
		{fault.NewConflict("Another group has this name."), "Another group has this name", ""},
		{fault.NewConflict("Latchkey is already set up. Sign in instead."), "Latchkey is already set up", "Sign in instead."},
		{fault.NewInvalid("Choose a workspace. Then go on."), "This action isn't available", "Choose a workspace. Then go on."},
		{fault.NewNotFound("That token"), "That token was not found", withheld},
		{fault.NewDenied("Only Admins can open this page."), "Only Admins can open this page", ""},
		{fault.NewConflict("This invitation has already been used. Sign in with your email and password."),
			"This invitation has already been used", "Sign in with your email and password."},
	} {
		if title, text := problemText(c.fault); title != c.title || text != c.text {
			t.Errorf("%q: %q, %q", c.fault.Message, title, text)
		}
	}
}
