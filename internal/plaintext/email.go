package plaintext

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"latchkey/internal/fault"
)

// MaxEmail is how long an address can be, in bytes (RFC 5321, 4.5.3.1).
const MaxEmail = 254

// poses reports letters that become ASCII ones in lower case (the Kelvin sign, İ). An address
// with one is another mailbox than the one that it would be taken for.
func poses(r rune) bool { return r >= utf8.RuneSelf && unicode.ToLower(r) < utf8.RuneSelf }

// Fold returns s in lower case, but leaves letters alone that would become ASCII ones: who has
// one in an address is somebody else.
func Fold(s string) string {
	return strings.Map(func(r rune) rune {
		if poses(r) {
			return r
		}
		return unicode.ToLower(r)
	}, s)
}

// Email returns the address that s says, as it is stored: without blanks around it and in
// lower case. What is no address by itself (RFC 5322 addr-spec, at most 254 bytes), has a
// display name, hides something or poses as another address is Invalid. It does not look for
// the mailbox.
func Email(s string) (string, error) {
	s = Fold(strings.TrimSpace(s))
	if s == "" {
		return "", fault.NewInvalid("Enter an e-mail address.")
	}
	lost := strings.ContainsRune(s, utf8.RuneError) // what stood there is not known
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || a.Name != "" || len(s) > MaxEmail || lost || !Showable(s) || strings.ContainsFunc(s, poses) {
		return "", fault.NewInvalid("That does not look like an e-mail address.")
	}
	return s, nil
}

// EmailKey returns what somebody typed where an address is asked for, in the form in which
// addresses are stored: without what surrounds or hides, at most as long as an address can
// be. It is for finding and counting, need not be an address, and is s for every address that
// [Email] returns.
func EmailKey(s string) string { return ClipBytes(Fold(strings.TrimSpace(Strip(s))), MaxEmail) }
