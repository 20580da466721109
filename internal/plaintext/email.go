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

// poses reports whether r becomes an ASCII letter in lower case (the Kelvin sign, İ). An address
// with such a letter looks like that of another mailbox.
func poses(r rune) bool { return r >= utf8.RuneSelf && unicode.ToLower(r) < utf8.RuneSelf }

// Fold returns s in lower case, except for letters that would become ASCII ones, since they
// belong to a different address.
func Fold(s string) string {
	return strings.Map(func(r rune) rune {
		if poses(r) {
			return r
		}
		return unicode.ToLower(r)
	}, s)
}

// Email returns the email address in s as it is stored: without surrounding blanks and in lower
// case. The error is Invalid if s is not a plain address (RFC 5322 addr-spec, at most 254 bytes),
// has a display name or hidden characters, or poses as another address. Email does not check
// whether the mailbox exists.
func Email(s string) (string, error) {
	s = Fold(strings.TrimSpace(s))
	if s == "" {
		return "", fault.NewInvalid("Enter an email address.")
	}
	lost := strings.ContainsRune(s, utf8.RuneError) // the original character is unknown
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || a.Name != "" || len(s) > MaxEmail || lost || !bare(s) || strings.ContainsFunc(s, poses) {
		return "", fault.NewInvalid("That does not look like an email address.")
	}
	return s, nil
}

// EmailKey returns text typed into an address field in the form in which addresses are stored:
// without surrounding blanks and hidden characters, and at most as long as an address. It is for
// finding and counting and need not be an address. It returns every result of [Email] unchanged.
func EmailKey(s string) string { return ClipBytes(Fold(strings.TrimSpace(Bare(s))), MaxEmail) }
