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
	"unicode/utf8"
)

// Showable reports whether s is one line of valid UTF-8 without hidden characters: control and
// format characters, letters that are blank, and the separators of lines and paragraphs. Joiners
// and variation selectors are allowed only where they mean something: between letters that they
// shape, after a mark or at the end of such a word, and within an emoji.
func Showable(s string) bool { return utf8.ValidString(s) && all(s, hidden) }

// ShowableLines is [Showable] for a text of several lines.
func ShowableLines(s string) bool { return utf8.ValidString(s) && all(s, hiddenBut(lineMarks)) }

// bare reports whether s is one line of valid UTF-8 without any hidden character, joiners
// included. It is for what programs compare: ids and addresses.
func bare(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return hidden(r) || isSelector(r) })
}

// Bare returns s without hidden characters, joiners included, and without bytes that are not
// UTF-8. It is for ids, addresses and secrets, in which no invisible character means anything.
func Bare(s string) string {
	return strings.Map(func(r rune) rune {
		if hidden(r) || isSelector(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}

// Strip returns s without hidden characters and without bytes that are not UTF-8, so that it is
// [Showable]. It is for text that nobody can be asked to correct.
func Strip(s string) string { return mapped(strings.ToValidUTF8(s, ""), hidden, -1) }

// StripLines is [Strip] for a text of several lines.
func StripLines(s string) string { return mapped(strings.ToValidUTF8(s, ""), hiddenBut(lineMarks), -1) }

// Visible returns s as one line for a terminal or a message. U+FFFD replaces each hidden character
// and each byte that is not UTF-8, so that readers see that something is there.
func Visible(s string) string { return mapped(s, hidden, utf8.RuneError) }

// VisibleLines is [Visible] for text of several lines. It replaces carriage returns too, with which
// a terminal would overwrite the line.
func VisibleLines(s string) string { return mapped(s, hiddenBut("\n\t"), utf8.RuneError) }

// CSVMark begins every CSV file. Without this byte order mark, Excel reads UTF-8 as the code page of
// the machine and shows "Ã©" for "é".
const CSVMark = "\ufeff"

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
