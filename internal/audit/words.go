package audit

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"latchkey/internal/plaintext"
)

// Bounds of the search by words, in characters.
const (
	shortWord  = 3  // a shorter word is found as a whole only
	prefixWord = 8  // beginnings up to this length have a term of their own
	longWord   = 64 // what is longer is cut
	mostWords  = 48 // of one event; what comes after is not found
)

// wordsOf splits texts into what a search finds, in lower case: each part between spaces
// without marks at its ends, and, where marks join several words ("ci-probe",
// "ada@acme.example"), the rest of it from each word on ("acme.example", "example"). As
// beginnings count, that finds every word and every run of them.
func wordsOf(texts ...string) []string {
	var out []string
	seen := map[string]bool{}
	add := func(word string) {
		if word = plaintext.Clip(word, longWord); word != "" && !seen[word] && len(out) < mostWords {
			seen[word] = true
			out = append(out, word)
		}
	}
	for _, text := range texts {
		for _, part := range strings.Fields(strings.ToLower(text)) {
			whole := strings.TrimFunc(part, isMark)
			add(whole)
			if !isAddress(whole) {
				eachRun(whole, add)
			}
		}
	}
	return out
}

// eachRun calls add with the rest of whole from each of its words on, and with the words
// that are too short to be found by a beginning.
func eachRun(whole string, add func(string)) {
	for rest := whole; rest != ""; {
		end := strings.IndexFunc(rest, isMark)
		if end < 0 {
			add(rest)
			return
		}
		if utf8.RuneCountInString(rest[:end]) < shortWord {
			add(rest[:end])
		}
		add(rest)
		rest = strings.TrimLeftFunc(rest[end:], isMark)
	}
}

// isMark reports whether r is part of no word.
func isMark(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) }

// isAddress reports whether the word is an IP address, of which no part is worth finding alone.
func isAddress(word string) bool {
	return word != "" && strings.Trim(word, "0123456789abcdef.:") == "" && strings.ContainsAny(word, ".:")
}

// wordMatches reports whether a searched word finds a word of an event: by its beginning, or
// as a whole when it is short.
func wordMatches(searched, word string) bool {
	if utf8.RuneCountInString(searched) < shortWord {
		return word == searched
	}
	return strings.HasPrefix(word, searched)
}

// anyWord reports whether the searched word finds one of words.
func anyWord(searched string, words []string) bool {
	for _, w := range words {
		if wordMatches(searched, w) {
			return true
		}
	}
	return false
}

// searchWords splits what somebody typed. Unlike wordsOf it takes no word apart: "ci-pro"
// finds "ci-probe" and not every "ci".
func searchWords(typed string) []string {
	var out []string
	for _, part := range strings.Fields(typed) {
		if word := strings.TrimFunc(part, isMark); word != "" {
			out = append(out, word)
		}
	}
	return out
}
