// Package plaintext knows what people may type and paste, and what pages, terminals and
// spreadsheets may show of it: names, descriptions and e-mail addresses; how a text is cut;
// which characters cannot be shown and which cannot be stored.
//
// Every rule is here once, and its table test speaks for all callers. Messages of faults suit
// a form field. The package does no I/O, escapes nothing for HTML or SQL, knows no language,
// and does not find letters of different scripts that look alike.
package plaintext

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// lineMarks are the hidden characters that a text of several lines may have.
const lineMarks = "\n\r\t"

// hidden reports whether r is a character that nobody sees. Such characters control a terminal
// or a page (escape sequences, direction overrides), or make two texts look alike (zero-width
// marks).
func hidden(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }

// hiddenBut returns hidden with some characters excepted.
func hiddenBut(allowed string) func(rune) bool {
	return func(r rune) bool { return hidden(r) && !strings.ContainsRune(allowed, r) }
}

// Showable reports whether s is one line of valid UTF-8 without hidden characters: control and
// format characters and the separators of lines and paragraphs.
func Showable(s string) bool { return utf8.ValidString(s) && !strings.ContainsFunc(s, hidden) }

// ShowableLines is [Showable] for a text of several lines.
func ShowableLines(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, hiddenBut(lineMarks))
}

// Strip returns s without hidden characters and without bytes that are not UTF-8. It is for
// what is kept of a text that nobody is asked to correct.
func Strip(s string) string { return strip(s, hidden) }

// StripLines is [Strip] for a text of several lines.
func StripLines(s string) string { return strip(s, hiddenBut(lineMarks)) }

func strip(s string, drop func(rune) bool) string {
	return strings.Map(func(r rune) rune {
		if drop(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}

// Visible returns s as one line for a terminal or a message: U+FFFD stands for each hidden character and
// each byte that is not UTF-8, so that a reader sees that something is there.
func Visible(s string) string { return visible(s, hidden) }

// VisibleLines is [Visible] for a text of several lines. A carriage return is replaced as
// well: a terminal would write over what stands before it.
func VisibleLines(s string) string { return visible(s, hiddenBut("\n\t")) }

func visible(s string, drop func(rune) bool) string {
	return strings.Map(func(r rune) rune {
		if drop(r) {
			return utf8.RuneError
		}
		return r
	}, s)
}

// Cell returns s as a cell of a CSV file, which it does not quote: encoding/csv does. A text
// that a spreadsheet could take for a formula gets a leading apostrophe, because somebody
// else may have chosen it. Wide signs and signs after blanks count as well: some programs
// drop blanks and narrow what they read.
func Cell(s string) string {
	start := strings.TrimLeft(s, " \u00a0\u3000\ufeff")
	if first, _ := utf8.DecodeRuneInString(start); start != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
		return "'" + s
	}
	return s
}
