package plaintext

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The joiners. They are invisible, but without them some words are spelled wrong and emoji that
// are made of several fall apart.
const (
	zwnj = '\u200c' // zero width non-joiner
	zwj  = '\u200d' // zero width joiner
)

// lineMarks are the hidden characters that text of several lines may contain.
const lineMarks = "\n\r\t"

// blankLetters are invisible although Unicode counts them among letters, marks and symbols:
// fillers of Hangul, vowels of Khmer that are never written, the combining grapheme joiner, the
// empty Braille pattern and the note without a head.
const blankLetters = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\U0001d159"

// hidden reports whether r is invisible. Such characters control a terminal or a page (escape
// sequences, direction overrides), or make two texts look alike (zero-width marks, and what
// Unicode has reserved for marks that nobody shows).
func hidden(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point) ||
		strings.ContainsRune(blankLetters, r)
}

// hiddenBut returns hidden with some characters excepted.
func hiddenBut(allowed string) func(rune) bool {
	return func(r rune) bool { return hidden(r) && !strings.ContainsRune(allowed, r) }
}

func isJoiner(r rune) bool { return r == zwnj || r == zwj }

// isSelector reports whether r selects a variant of the character before it: an emoji in color, the
// form of a Chinese character in a person's name.
func isSelector(r rune) bool { return unicode.Is(unicode.Variation_Selector, r) }

// varied reports whether r can have a variant that a selector selects: a symbol, a sign, a digit, or
// a letter of a script with variants. Behind any other letter, a selector is only a way to make two
// names look alike.
func varied(r rune) bool {
	return !inWord(r) || unicode.In(r, unicode.Nd, unicode.Common, unicode.Han, unicode.Mongolian, unicode.Myanmar, unicode.Phags_Pa,
		unicode.Manichaean)
}

// rigid reports whether r is of a script whose letters joiners do not change. A joiner between
// two of them is only a way to make two names look alike.
func rigid(r rune) bool {
	return unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Armenian, unicode.Georgian, unicode.Hebrew,
		unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo, unicode.Common, unicode.Inherited)
}

// inWord reports whether r can stand before a joiner in a word.
func inWord(r rune) bool {
	return unicode.In(r, unicode.L, unicode.M, unicode.Nd) && !hidden(r) && !isSelector(r)
}

// shaped reports whether r is a letter or a mark whose shape a joiner beside it can change.
func shaped(r rune) bool { return inWord(r) && !unicode.Is(unicode.Nd, r) && !rigid(r) }

// pictorial reports whether r can be part of an emoji: a symbol, or anything in the blocks of
// emoji, which have more of them in each version of Unicode.
func pictorial(r rune) bool {
	return (unicode.Is(unicode.So, r) || r >= 0x1f000 && r <= 0x1faff || r == '\u2194') && !hidden(r)
}

// context is what comes before a character: the two last ones that were kept.
type context struct{ last, before rune }

// keeps reports whether a joiner or a selector means something between what comes before it and
// next, which is 0 at the end.
func (c context) keeps(r, next rune) bool {
	switch {
	case isSelector(r):
		return c.last != 0 && varied(c.last) && !hidden(c.last) && !isSelector(c.last) && !unicode.IsSpace(c.last) &&
			!strings.ContainsRune(allQuotes, c.last)
	case inWord(c.last):
		return shaped(c.last) || shaped(next)
	case r == zwj && pictorial(next):
		return pictorial(c.last) || isSelector(c.last) && pictorial(c.before)
	}
	return false
}

// scan calls yield for each character of s, until it returns false, and says whether the
// character may stay: whether drop does not choose it, or it is a joiner or a selector that means
// something there. What may not stay does not count as coming before another character.
//
// Joiners stay beside a letter or a mark of a script whose letters they shape, after it or, behind
// any letter, mark or digit, before it: می‌خواهم, ශ්‍රී, অর‍্য, PDF‌ها. A zero width joiner also stays
// between two parts of an emoji.
func scan(s string, drop func(rune) bool, yield func(r rune, stays bool) bool) {
	var c context
	for i, r := range s {
		stays := !drop(r)
		if isJoiner(r) || isSelector(r) {
			_, size := utf8.DecodeRuneInString(s[i:])
			next, n := utf8.DecodeRuneInString(s[i+size:])
			if n == 0 {
				next = 0
			}
			stays = c.keeps(r, next)
		}
		if !yield(r, stays) {
			return
		}
		if stays {
			c = context{last: r, before: c.last}
		}
	}
}

// mapped returns s with put instead of each character that may not stay; a negative put drops
// them. See [scan].
func mapped(s string, drop func(rune) bool, put rune) string {
	var b strings.Builder
	b.Grow(len(s))
	scan(s, drop, func(r rune, stays bool) bool {
		switch {
		case stays:
			b.WriteRune(r)
		case put >= 0:
			b.WriteRune(put)
		}
		return true
	})
	return b.String()
}

// all reports whether every character of s may stay. See [scan].
func all(s string, drop func(rune) bool) bool {
	ok := true
	scan(s, drop, func(_ rune, stays bool) bool {
		ok = stays
		return ok
	})
	return ok
}
