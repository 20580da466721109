package plaintext

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"latchkey/internal/fault"
)

// How long a name and a description may be, in characters.
const (
	MaxName             = 64
	MaxDescription      = 500
	MaxTokenDescription = 200
)

// Name returns s as a name: without surrounding blanks, 1 to 64 printable characters. Anything
// else is Invalid.
func Name(s string) (string, error) {
	s = strings.TrimSpace(s)
	switch {
	case s == "":
		return "", fault.NewInvalid("Enter a name.")
	case !utf8.ValidString(s):
		return "", fault.NewInvalid("The name is not valid text.")
	case utf8.RuneCountInString(s) > MaxName:
		return "", fault.NewInvalid(fmt.Sprintf("Use at most %d characters.", MaxName))
	case !Showable(s):
		return "", fault.NewInvalid("The name contains characters that cannot be shown.")
	}
	return s, nil
}

// NameKey returns a text that is equal for names that differ only in letter case (Unicode
// simple folding, as in [strings.EqualFold]), or in joiners and variation selectors, which are
// often invisible. It can be kept beside a name, because engines differ in what a letter is.
func NameKey(name string) string {
	return strings.Map(func(r rune) rune {
		if isSelector(r) {
			return -1
		}
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, Joinless(name))
}

// SameName reports whether two names count as the same: they have the same [NameKey].
func SameName(a, b string) bool { return NameKey(a) == NameKey(b) }

// Retyped reports whether typed is the name, as somebody types it to confirm something: what cannot
// be seen, and quotes around it, make no difference. Letter case does.
func Retyped(typed, name string) bool {
	return name != "" && (typed == name || Joinless(Clean(typed)) == Joinless(Clean(name)))
}

// Joinless returns s without joiners, for comparing and searching: people leave them out where
// they make no difference to the eye. It does not compose letters: a letter that Unicode has twice,
// as one character and as several, stays two.
func Joinless(s string) string {
	return strings.Map(func(r rune) rune {
		if isJoiner(r) {
			return -1
		}
		return r
	}, s)
}

// Description returns s as a description: without surrounding blanks, at most 500 characters in
// any number of lines. Anything else is Invalid.
func Description(s string) (string, error) { return description(s, MaxDescription) }

// TokenDescription is like [Description], with at most 200 characters.
func TokenDescription(s string) (string, error) { return description(s, MaxTokenDescription) }

func description(s string, most int) (string, error) {
	s = strings.TrimSpace(s)
	switch {
	case !ShowableLines(s):
		return "", fault.NewInvalid("The description contains characters that cannot be shown.")
	case utf8.RuneCountInString(s) > most:
		return "", fault.NewInvalid(fmt.Sprintf("Use at most %d characters.", most))
	}
	return s, nil
}
