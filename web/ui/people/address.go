package people

import (
	"strings"
	"unicode"
)

// splitAddresses returns the parts of a pasted list that may be addresses: what stands between
// commas, semicolons, blanks and lines, and in "Name <address>" what stands in the brackets. It
// does not check them.
func splitAddresses(text string) []string {
	var out []string
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(",;\n\r", r) }) {
		if open, end := strings.LastIndex(part, "<"), strings.LastIndex(part, ">"); open >= 0 && end > open {
			out = append(out, part[open+1:end])
			continue
		}
		out = append(out, strings.FieldsFunc(part, unicode.IsSpace)...)
	}
	return out
}
