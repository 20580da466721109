package plaintext

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The cleaners below are for fields that people fill in. What is pasted from a chat, a table or a
// mail brings characters that nobody sees or meant: a byte order mark, blanks of odd widths, the
// quotes of the cell, the dot of the sentence. What programs send is not cleaned but refused, so
// that it comes back as it was sent.

// unmeant are the hidden characters that pasting brings and that mean nothing in a name: the
// byte order mark, zero-width blanks, soft hyphens, marks of direction. Embeddings, overrides and
// tags are not among them: nobody pastes those by accident, so they are refused.
const unmeant = "\ufeff\u200b\u2060\u00ad\u180e\u200e\u200f\u061c\u2061\u2062\u2063\u2064" + blankLetters

// Clean returns a pasted name or other line of text as its sender meant it: without surrounding
// blanks, without a pair of double quotes around all of it, with plain blanks for those of other
// widths and for ends of lines, and without zero-width characters that mean nothing. Apostrophes
// around it stay, since names begin and end with them. Clean repeated changes nothing more. The
// result may still be refused, for example by [Name].
func Clean(s string) string {
	s = strings.TrimSpace(cleaned(s, ' '))
	for {
		inner, ok := unquote(s, doubleQuotes)
		if !ok {
			return s
		}
		s = strings.TrimSpace(inner)
	}
}

// CleanLines is [Clean] for a text of several lines. Each line ends with "\n", and quotes stay.
func CleanLines(s string) string { return strings.TrimSpace(cleaned(s, '\n')) }

// cleaned returns s with end in place of each end of a line, plain blanks in place of others, and
// without unmeant characters. What is not UTF-8 stays as it is, to be refused.
func cleaned(s string, end rune) string {
	if !utf8.ValidString(s) {
		return s
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune(unmeant, r):
			return -1
		case isEnd(r):
			return end
		case r == '\t' && end == '\n':
			return r
		case unicode.IsSpace(r) && r != '\u1680': // which is a visible line
			return ' '
		}
		return r
	}, strings.ReplaceAll(s, "\r\n", "\n"))
	return mapped(s, func(rune) bool { return false }, -1)
}

// blank returns a plain blank for every kind of one and for ends of lines.
func blank(r rune) rune {
	if unicode.IsSpace(r) || isEnd(r) {
		return ' '
	}
	return r
}

// isEnd reports whether r ends a line.
func isEnd(r rune) bool { return strings.ContainsRune("\n\r\v\f\u0085\u2028\u2029", r) }

// Pairs of marks that stand around a text.
const (
	doubleQuotes = `""` + "“”„“„”"
	allQuotes    = doubleQuotes + `''` + "‘’‚‘``«»<>()[]"
)

// unquote returns what stands between two marks of pairs, and reports whether they are there.
func unquote(s, pairs string) (inner string, ok bool) {
	runes := []rune(pairs)
	for i := 0; i < len(runes); i += 2 {
		open, end := string(runes[i]), string(runes[i+1])
		if rest, found := strings.CutPrefix(s, open); found {
			if inner, found = strings.CutSuffix(rest, end); found {
				return inner, true
			}
		}
	}
	return s, false
}

// CleanEmail returns a pasted address as its sender meant it: without hidden characters, "mailto:",
// the marks around it and the punctuation after it, and without the name before "<address>". What
// is an address already stays as it is, and two lines do not become one. CleanEmail repeated changes
// nothing more.
func CleanEmail(s string) string {
	s = strings.TrimSpace(Bare(strings.Map(blank, s)))
	for {
		before := s
		if strings.HasSuffix(s, ">") {
			s = s[max(0, strings.LastIndex(s, "<")):]
		}
		s, _ = unquote(s, allQuotes)
		if len(s) >= len("mailto:") && strings.EqualFold(s[:len("mailto:")], "mailto:") {
			s = s[len("mailto:"):]
		}
		s = strings.TrimSpace(strings.TrimRight(s, ".,;:…"))
		if s == before {
			return s
		}
	}
}

// Emails splits a pasted list at commas, semicolons, blanks and ends of lines, and cleans each
// part with [CleanEmail]. From "Name <address>" it takes the address; a name in double quotes may
// have a comma. It does not check the addresses.
func Emails(text string) []string {
	var out []string
	for _, part := range listed(text) {
		if open, end := strings.LastIndex(part, "<"), strings.LastIndex(part, ">"); open >= 0 && end > open {
			out = append(out, CleanEmail(part[open+1:end]))
			continue
		}
		for _, word := range strings.Fields(part) {
			if email := CleanEmail(word); email != "" {
				out = append(out, email)
			}
		}
	}
	return out
}

// listed splits text at commas, semicolons and ends of lines. A comma or a semicolon between two
// double quotes of a line that an address in angle brackets follows is part of a name.
func listed(text string) []string {
	var out []string
	for _, line := range strings.FieldsFunc(text, isEnd) {
		for line != "" {
			end := strings.IndexAny(line, ",;，；、")
			if name, rest, quoted := quotedName(line); quoted {
				end = strings.IndexAny(rest, ",;，；、")
				if end >= 0 {
					end += len(name)
				}
			}
			if end < 0 {
				out = append(out, line)
				break
			}
			_, size := utf8.DecodeRuneInString(line[end:])
			out, line = append(out, line[:end]), line[end+size:]
		}
	}
	return out
}

// quotedName splits line after a name in double quotes at its beginning, and reports whether there
// is one and "<" follows it.
func quotedName(line string) (name, rest string, ok bool) {
	start := strings.TrimLeftFunc(line, unicode.IsSpace)
	if inner, found := strings.CutPrefix(start, `"`); found {
		if end := strings.Index(inner, `"`); end >= 0 {
			at := len(line) - len(inner) + end + 1
			return line[:at], line[at:], strings.HasPrefix(strings.TrimLeftFunc(line[at:], unicode.IsSpace), "<")
		}
	}
	return "", line, false
}
