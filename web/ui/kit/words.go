package kit

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"latchkey/internal/access"
	"latchkey/internal/plaintext"
)

// Count is a number with its noun.
func Count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Thousands(n) + " " + many
}

// Thousands writes a number with commas: 5,000.
func Thousands(n int) string {
	if n < 0 {
		return "-" + Thousands(-n)
	}
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", Thousands(n/1000), n%1000)
}

// Enumerate joins names as a sentence does: "a, b and c".
func Enumerate(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// MaxNames is how many names a phrase lists before it counts the others.
const MaxNames = 3

// Shown returns as much of a typed text as a page repeats, so that it can be corrected.
func Shown(s string) string { return plaintext.Clip(plaintext.Mend(s), 500) }

// UpperFirst is s with a capital letter first.
func UpperFirst(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}

// LowerFirst is s with a small letter first.
func LowerFirst(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[size:]
}

// Matches reports whether name has every word of find in it, whatever the case: what the
// script does while somebody types.
func Matches(name, find string) bool {
	name = strings.ToLower(name)
	for _, word := range strings.Fields(strings.ToLower(find)) {
		if !strings.Contains(name, word) {
			return false
		}
	}
	return true
}

// RoleLabel names a role.
func RoleLabel(r access.Role) string {
	if r == access.RoleAdmin {
		return "Admin"
	}
	return "Member"
}

// AskAdmin is the beginning of a sentence that sends the visitor to an Admin.
func AskAdmin(v Visit) string { return "Ask an Admin of " + v.Organization.Name }
