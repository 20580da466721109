package legacy

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"latchkey/internal/plaintext"
)

// fields reads the members of one object and reports their problems. Members that are never
// read are unknown; done warns about them.
type fields struct {
	r     *reader
	path  string
	wrong bool
	known []string
	by    map[string]node
}

// object opens an object. If n is not an object, it records a problem and ok is false.
func (r *reader) object(path string, n node) (*fields, bool) {
	f := &fields{r: r, path: path, by: make(map[string]node, len(n.members))}
	if n.kind != object {
		f.problem("", "This must be an object, not "+n.kind.String()+".")
		return f, false
	}
	for _, m := range n.members {
		if _, twice := f.by[m.key]; twice {
			f.problem(m.key, "This field is repeated.")
		}
		f.by[m.key] = m.value
	}
	return f, true
}

// at returns the path of a member.
func (f *fields) at(key string) string { return pathOf(f.path, key) }

// pathOf returns the path of a member of the object at path. Paths are shown on pages and terminals,
// so a key that is not a plain word is quoted: members[1]["nick\x1b]0;name"].
func pathOf(path, key string) string {
	base, index, _ := strings.Cut(key, "[") // as in "members[3]"
	switch {
	case key == "":
		return path
	case strings.Trim(base, plainKey) != "" || strings.Trim(index, "0123456789]") != "":
		return path + "[" + strconv.Quote(key) + "]"
	case path == "":
		return key
	}
	return path + "." + key
}

// plainKey has the characters of the keys that the format knows.
const plainKey = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

func (f *fields) problem(key, message string) {
	f.wrong = true
	f.r.problem(f.at(key), message)
}

func (f *fields) warn(key, message string) { f.r.warn(f.at(key), message) }

// take returns a member; false if it is missing or null.
func (f *fields) take(key string) (node, bool) {
	f.known = append(f.known, key)
	n, ok := f.by[key]
	return n, ok && n.kind != null
}

// of is take for a member of one kind. It records a problem for another kind.
func (f *fields) of(key string, want kind) (node, bool) {
	n, ok := f.take(key)
	if ok && n.kind != want {
		f.problem(key, "This must be "+want.String()+", not "+n.kind.String()+".")
		return n, false
	}
	return n, ok
}

// done warns about unknown members and reports whether the object has no problems.
func (f *fields) done() bool {
	for _, key := range slices.Sorted(maps.Keys(f.by)) {
		if !slices.Contains(f.known, key) {
			f.warn(plaintext.Clip(key, 60), unknownField)
		}
	}
	return !f.wrong
}

const unknownField = "This field is unknown and was ignored."

// maxText is the maximum size of any string except secrets, in bytes.
const maxText = 1024

// optional reads a string that may be missing.
func (f *fields) optional(key string) string {
	n, ok := f.of(key, text)
	if ok && len(n.text) > maxText {
		f.problem(key, "This text is too long.")
		return ""
	}
	return n.text
}

// required reads a string that must be present.
func (f *fields) required(key string) string {
	before := f.wrong
	f.wrong = false
	s := f.optional(key)
	if s == "" && !f.wrong {
		f.problem(key, "This is required.")
	}
	f.wrong = f.wrong || before
	return s
}

const maxID = 64

// id reads an id: 1 to 64 characters that need no escaping in a URL.
func (f *fields) id(key string) string {
	s := f.required(key)
	if s != "" && !isID(s) {
		f.problem(key, "Use 1 to 64 characters from A-Z, a-z, 0-9, \"-\", \"_\" and \".\", a letter or digit first.")
	}
	return s
}

func isID(s string) bool {
	if s == "" || len(s) > maxID || strings.ContainsRune("-_.", rune(s[0])) {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_.", r)
	})
}

// name reads a name. It removes control and format characters and cuts a long name, with a
// warning.
func (f *fields) name(key string) string {
	return f.kept(key, "name", plaintext.MaxName, plaintext.Strip)
}

// description is name for a longer text of several lines.
func (f *fields) description(key string) string {
	return f.kept(key, "description", plaintext.MaxDescription, plaintext.StripLines)
}

// kept reads a string of up to limit characters, without the characters that strip removes and
// without replacement characters for text that was lost when the file was written.
func (f *fields) kept(key, what string, limit int, strip func(string) string) string {
	s := f.optional(key)
	clean := strings.TrimSpace(strip(strings.ReplaceAll(s, "\uFFFD", "")))
	if cut := plaintext.Clip(clean, limit); cut != clean {
		f.warn(key, fmt.Sprintf("The %s is longer than %d characters and was cut.", what, limit))
		return strings.TrimSpace(cut)
	}
	if clean != strings.TrimSpace(s) {
		f.warn(key, "Unprintable characters were removed from the "+what+".")
	}
	return clean
}

func (f *fields) requiredName(key string) string {
	s := f.name(key)
	if s == "" {
		f.problem(key, "A name is required.")
	}
	return s
}

// choice reads one of words. A missing one defaults to fallback, or is a problem if fallback is
// "".
func (f *fields) choice(key, fallback string, words ...string) string {
	n, ok := f.of(key, text)
	switch {
	case ok && slices.Contains(words, n.text):
		return n.text
	case ok:
		f.problem(key, fmt.Sprintf("%q is not one of %s.", plaintext.Clip(n.text, 60), strings.Join(words, ", ")))
	case fallback == "" && f.absent(key):
		f.problem(key, "This is required. Use one of "+strings.Join(words, ", ")+".")
	}
	return fallback
}

func (f *fields) absent(key string) bool { return f.by[key].kind == null }

func (f *fields) truth(key string, fallback bool) bool {
	if n, ok := f.of(key, boolean); ok {
		return n.truth
	}
	return fallback
}

// time reads an RFC 3339 time and returns it in UTC, in whole milliseconds.
func (f *fields) time(key string, needed bool) time.Time {
	n, ok := f.of(key, text)
	if !ok {
		if needed && f.absent(key) {
			f.problem(key, "This is required.")
		}
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, n.text)
	if err != nil || t.Year() < 1970 {
		f.problem(key, "This must be a time like 2024-05-01T12:00:00Z.")
		return time.Time{}
	}
	return t.UTC().Truncate(time.Millisecond)
}

// email reads an email address and returns it in the form that is stored.
func (f *fields) email(key string) string {
	s := strings.TrimSpace(f.required(key))
	if s == "" {
		return ""
	}
	address, err := plaintext.Email(s)
	if err != nil {
		f.problem(key, "This does not look like an email address.")
		return plaintext.Fold(s) // to find duplicates
	}
	return address
}

// subjects reads {"members": [ids], "tokens": [ids]}; nil if it is missing.
func (f *fields) subjects(key string) *Subjects {
	n, ok := f.of(key, object)
	if !ok {
		return nil
	}
	inner, _ := f.r.object(f.at(key), n)
	s := &Subjects{Members: inner.ids("members"), Tokens: inner.ids("tokens")}
	f.wrong = !inner.done() || f.wrong
	return s
}

// ids reads a list of ids.
func (f *fields) ids(key string) []string {
	n, _ := f.of(key, list)
	var out []string
	for i, item := range n.items {
		if item.kind != text || !isID(item.text) {
			f.problem(fmt.Sprintf("%s[%d]", key, i), "This must be an ID.")
			item.text = "" // so that the others keep their positions
		}
		out = append(out, item.text)
	}
	return out
}

// Limits of a plain-text secret, in bytes.
const (
	longestSecret = 4096
	weakSecret    = 16 // shorter ones can be guessed and get no hint
)

// secret reads a token's value: "secret" in plain text, which is hashed here and not passed on,
// or "sha256" in hexadecimal.
func (f *fields) secret() Secret {
	s := Secret{Hint: "…", CreatedAt: f.time("created_at", true), ExpiresAt: f.time("expires_at", false)}
	clear, isClear := f.of("secret", text)
	digest, isDigest := f.of("sha256", text)
	switch {
	case isClear && isDigest:
		f.problem("secret", "Use either \"secret\" or \"sha256\", not both.")
	case isClear:
		s.Digest, s.Hint = f.digested(clear.text)
	case isDigest:
		sum, err := hex.DecodeString(digest.text)
		if copy(s.Digest[:], sum) != len(s.Digest) || len(sum) != len(s.Digest) || err != nil {
			f.problem("sha256", "This must be a SHA-256 digest: 64 hexadecimal digits.")
		}
	case f.absent("secret") && f.absent("sha256"):
		f.problem("", "The token needs \"secret\" or \"sha256\".")
	}
	return s
}

func (f *fields) digested(clear string) ([32]byte, string) {
	switch {
	case clear == "" || len(clear) > longestSecret || strings.ContainsFunc(clear, unicode.IsControl):
		f.problem("secret", "A secret is 1 to 4096 bytes without control characters.")
		return [32]byte{}, ""
	case strings.ContainsRune(clear, utf8.RuneError):
		// The characters were lost when the file was written. The digest would be that of
		// another secret, and the token would silently stop working.
		f.problem("secret", "The secret contains characters that are not UTF-8. Use its SHA-256 digest instead.")
		return [32]byte{}, ""
	case len(clear) < weakSecret:
		f.warn("secret", "The secret is shorter than 16 characters and can be guessed. Replace the token soon.")
		return sha256.Sum256([]byte(clear)), "…"
	}
	return sha256.Sum256([]byte(clear)), "…" + strings.ToValidUTF8(clear[len(clear)-4:], "")
}
