package search

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"latchkey/internal/plaintext"
)

// Bounds of the search by words, in characters. The index depends on them.
const (
	shortWord  = 3  // a shorter word is only found as a whole
	prefixWord = 8  // prefixes up to this length have terms of their own
	longWord   = 64 // longer words are cut off here
	mostWords  = 48 // of one event; a search does not find it by the words after these
)

// Words returns the words by which a search finds texts, in lower case: each part between
// spaces, without punctuation around it. Where punctuation joins several words ("ci-probe",
// "ada@acme.example"), what is left from each of them on is a word as well ("probe",
// "acme.example", "example"). A query matches by prefix, so this finds every word and every run
// of words.
func Words(texts ...string) []string {
	var words []string
	seen := map[string]bool{}
	add := func(word string) {
		if word = plaintext.Clip(word, longWord); word != "" && !seen[word] && len(words) < mostWords {
			seen[word] = true
			words = append(words, word)
		}
	}
	for _, text := range texts {
		for _, part := range strings.Fields(strings.ToLower(text)) {
			whole := strings.TrimFunc(part, isPunctuation)
			add(whole)
			if !isAddress(whole) {
				addSuffixes(whole, add)
			}
		}
	}
	return words
}

// addSuffixes calls add with what is left of whole from each of its words on. A short word is
// found only as a whole, so it is added by itself too.
func addSuffixes(whole string, add func(string)) {
	for rest := whole; rest != ""; {
		end := strings.IndexFunc(rest, isPunctuation)
		if end < 0 {
			add(rest)
			return
		}
		if utf8.RuneCountInString(rest[:end]) < shortWord {
			add(rest[:end])
		}
		add(rest)
		rest = strings.TrimLeftFunc(rest[end:], isPunctuation)
	}
}

// isPunctuation reports whether r is not part of a word.
func isPunctuation(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
}

// isAddress reports whether the word looks like an IP address. Parts of one are not searched for.
func isAddress(word string) bool {
	return word != "" && strings.Trim(word, "0123456789abcdef.:") == "" && strings.ContainsAny(word, ".:")
}

// QueryWords splits a query into words. Unlike [Words] it does not take a word apart at its
// punctuation: "ci-pro" finds "ci-probe" and not everything with "ci".
func QueryWords(query string) []string {
	var words []string
	for _, part := range strings.Fields(query) {
		if word := strings.TrimFunc(part, isPunctuation); word != "" {
			words = append(words, word)
		}
	}
	return words
}

// normal returns a word of a query in the form that [Words] gives words.
func normal(queryWord string) string { return plaintext.Clip(strings.ToLower(queryWord), longWord) }

// Matches reports whether a word of a query finds one of words, which are from [Words]: by its
// beginning, or as a whole if the word of the query is short.
func Matches(queryWord string, words []string) bool {
	q := normal(queryWord)
	if utf8.RuneCountInString(q) < shortWord {
		return slices.Contains(words, q)
	}
	return slices.ContainsFunc(words, func(word string) bool { return strings.HasPrefix(word, q) })
}

// Clause is one condition of a search: it chooses the events that have any of Terms, or any
// term that is not less than From but less than To.
type Clause struct {
	Terms    []string
	From, To string // empty for no range
}

// What follows the kind in the term of a word.
const (
	wholeWord  = "w:"
	wordPrefix = "b:"
)

// WordTerms returns the terms under which to index an event that has these words, so that a
// [WordClause] of the same kind finds it.
func WordTerms(kind string, words []string) []string {
	var terms []string
	for _, word := range words {
		n := utf8.RuneCountInString(word)
		if n < shortWord || n > prefixWord {
			terms = append(terms, kind+wholeWord+word)
		}
		for length := shortWord; length <= min(n, prefixWord); length++ {
			terms = append(terms, kind+wordPrefix+plaintext.Clip(word, length))
		}
	}
	return terms
}

// WordClause returns the clause that chooses the events with a word that queryWord [Matches]. It
// asks for a short word as a whole, for a longer one as a prefix, and for one that is longer than
// indexed prefixes as a range of whole words.
func WordClause(kind, queryWord string) Clause {
	word := normal(queryWord)
	switch n := utf8.RuneCountInString(word); {
	case n < shortWord:
		return Clause{Terms: []string{kind + wholeWord + word}}
	case n <= prefixWord:
		return Clause{Terms: []string{kind + wordPrefix + word}}
	default:
		return Clause{From: kind + wholeWord + word, To: kind + wholeWord + word + "\U0010FFFF"}
	}
}
