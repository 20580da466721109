// Package plaintext has the rules for text that people type and paste, and for showing it on
// pages, terminals and in spreadsheets: names, descriptions and email addresses; how text is cut;
// which characters cannot be shown or stored.
//
// Every rule is here once, and its table test covers all callers. Messages of faults suit a form
// field. The package does no I/O, does not escape for HTML or SQL, does not depend on a language,
// and does not detect letters of different scripts that look alike.
package plaintext

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// lineMarks are the hidden characters that text of several lines may contain.
const lineMarks = "\n\r\t"

// hidden reports whether r is invisible. Such characters control a terminal or a page (escape
// sequences, direction overrides), or make two texts look alike (zero-width marks).
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

// Strip returns s without hidden characters and without bytes that are not UTF-8. It is for text
// that nobody can be asked to correct.
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

// Visible returns s as one line for a terminal or a message. U+FFFD replaces each hidden character
// and each byte that is not UTF-8, so that readers see that something is there.
func Visible(s string) string { return visible(s, hidden) }

// VisibleLines is [Visible] for text of several lines. It replaces carriage returns too, with which
// a terminal would overwrite the line.
func VisibleLines(s string) string { return visible(s, hiddenBut("\n\t")) }

func visible(s string, drop func(rune) bool) string {
	return strings.Map(func(r rune) rune {
		if drop(r) {
			return utf8.RuneError
		}
		return r
	}, s)
}

// Cell returns s as a cell of a CSV file. It does not quote the cell, as encoding/csv does. Text
// that a spreadsheet could treat as a formula gets a leading apostrophe, because an attacker may
// have chosen it. That includes full-width signs and signs after blanks, since some programs trim
// and convert what they read.
func Cell(s string) string {
	start := strings.TrimLeft(s, " \u00a0\u3000\ufeff")
	if first, _ := utf8.DecodeRuneInString(start); start != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
		return "'" + s
	}
	return s
}
