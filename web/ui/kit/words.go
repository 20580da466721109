package kit

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"latchkey/internal/access"
	"latchkey/internal/plaintext"
)

// Count returns a number with its noun.
func Count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Thousands(n) + " " + many
}

// Thousands returns a number with commas: 5,000.
func Thousands(n int) string {
	if n < 0 {
		return "-" + Thousands(-n)
	}
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", Thousands(n/1000), n%1000)
}

// Enumerate joins names for a sentence: "a, b and c".
func Enumerate(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// MaxNames is how many names a phrase lists before it counts the others.
const MaxNames = 3

// Shown returns as much of a typed text as a page repeats, so that the visitor can correct it.
func Shown(s string) string { return plaintext.Clip(plaintext.Mend(s), 500) }

// Search returns a cleaned search text, as much of it as a page repeats.
func Search(s string) string { return Shown(plaintext.Clean(s)) }

// UpperFirst returns s with its first letter in upper case.
func UpperFirst(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}

// LowerFirst returns s with its first letter in lower case.
func LowerFirst(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[size:]
}

// Matches reports whether name contains every word of find, ignoring case and joiners. The live
// filter in the browser does the same.
func Matches(name, find string) bool { return Matcher(find)(name) }

// Matcher is Matches for many names.
func Matcher(find string) func(name string) bool {
	words := strings.Fields(plaintext.Joinless(strings.ToLower(find)))
	return func(name string) bool {
		name = plaintext.Joinless(strings.ToLower(name))
		for _, word := range words {
			if !strings.Contains(name, word) {
				return false
			}
		}
		return true
	}
}

// RoleLabel returns the name of a role.
func RoleLabel(r access.Role) string {
	if r == access.RoleAdmin {
		return "Admin"
	}
	return "Member"
}

// AskAdmin returns the beginning of a sentence that refers the visitor to an Admin.
func AskAdmin(v Visit) string { return "Ask an Admin of " + v.Organization.Name }

// Numbers returns numbers as a list that people edit: "30, 7, 1".
func Numbers(list []int) string {
	texts := make([]string, len(list))
	for i, n := range list {
		texts[i] = strconv.Itoa(n)
	}
	return strings.Join(texts, ", ")
}

// WarnedWhen says how many days before it expires a token is warned of. what is the token: "a token", "it".
func WarnedWhen(days []int, what string) string {
	switch {
	case len(days) == 0:
		return "Nobody is warned"
	case len(days) == 1:
		return Count(days[0], "day", "days") + " before " + what + " expires"
	}
	return Enumerate(strings.Split(Numbers(days), ", ")) + " days before " + what + " expires"
}
