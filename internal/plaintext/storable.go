package plaintext

import (
	"strings"
	"unicode/utf8"
)

// Storable reports whether every database engine can store s as text: it must be valid UTF-8
// without NUL.
func Storable(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// Mend returns s with U+FFFD in place of everything that is not [Storable].
func Mend(s string) string {
	if Storable(s) {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// maxID is longer than any id, in bytes.
const maxID = 200

// PossibleID reports whether s can be an id: 1 to 200 printable bytes, without joiners. Check it before a query,
// because some engines fail on other text. It does not know the form of a particular kind of id.
func PossibleID(s string) bool { return s != "" && len(s) <= maxID && bare(s) }
