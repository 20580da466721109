package plaintext

import (
	"strings"
	"unicode/utf8"
)

// Storable reports whether every database engine can keep s as text: valid UTF-8 without
// NUL.
func Storable(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// Mend returns s with U+FFFD in place of what is not [Storable].
func Mend(s string) string {
	if Storable(s) {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// maxID is longer than any id, in bytes.
const maxID = 200

// PossibleID reports whether s can be the id of anything: 1 to 200 bytes that can be shown.
// Nobody asks a database about what cannot, because some engines refuse the question. It
// does not know which form the ids of a kind of thing have.
func PossibleID(s string) bool { return s != "" && len(s) <= maxID && Showable(s) }
