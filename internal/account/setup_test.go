package account_test

import (
	"strings"
	"testing"

	"latchkey/internal/account"
	"latchkey/internal/fault"
)

func TestCleanEmail_RefusesAnAddressThatPosesAsAnother(t *testing.T) {
	// The same cases are in TestRead_RefusesAnAddressThatPosesAsAnother of package legacy.
	for address, good := range map[string]bool{
		"\u212Aate@acme.example":  false, // Kelvin sign
		"kate@ac\u0130me.example": false, // İ
		"KATE@acme.example":       true,
		"JOS\u00C9@acme.example":  true,
		"ka\u017Fe@acme.example":  true, // ſ, whose lower case is itself
	} {
		got, err := account.CleanEmail(address)
		if good && (err != nil || got != strings.ToLower(address)) || !good && !fault.Is(err, fault.Invalid) {
			t.Errorf("%q becomes %q, %v", address, got, err)
		}
	}
}
