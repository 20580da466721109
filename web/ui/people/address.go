package people

import (
	"strings"
	"unicode"
)

// splitAddresses splits a pasted list at commas, semicolons, spaces and line breaks. From
// "Name <address>" it returns the address. It does not check the addresses.
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
