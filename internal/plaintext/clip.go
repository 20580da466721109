package plaintext

import "unicode/utf8"

// Clip returns the first n characters of s.
func Clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for i := range s {
		if n <= 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// ClipBytes returns as many whole characters from the beginning of s, which must be valid
// UTF-8, as fit into n bytes.
func ClipBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:max(n, 0)]
}

// Shorten returns s, or its first n characters and "…" when it has more.
func Shorten(s string, n int) string {
	if clipped := Clip(s, n); clipped != s {
		return clipped + "…"
	}
	return s
}
