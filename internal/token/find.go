package token

import (
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"unicode"

	"latchkey/internal/plaintext"
)

const (
	maxCandidates = 64 // texts of a pasted one that are looked up
	shortestWord  = 8  // bytes of a word that is looked up; shorter ones are ordinary words
)

// candidates returns the texts in pasted that may be the secret of a token, the likeliest first: all
// of it, what looks like a secret of Latchkey anywhere in it, or else its words, since imported secrets
// have no shape. The digests are those in hexadecimal among them. Nobody else cleans a secret: the
// API takes it as it is.
func candidates(pasted string) (secrets []string, digests [][32]byte) {
	seen := map[string]bool{"": true}
	add := func(list ...string) {
		for _, s := range list {
			if !seen[s] && len(secrets) < maxCandidates {
				seen[s] = true
				secrets = append(secrets, s)
			}
		}
	}
	add(strings.TrimSpace(pasted))
	// Bare joins the lines: a terminal or a mail may have broken a secret in two.
	add(lookalikes(pasted)...)
	add(lookalikes(plaintext.Bare(pasted))...)
	for _, word := range words(pasted) {
		if len(word) < shortestWord || slices.ContainsFunc(secrets, WellFormed) {
			continue
		}
		add(word, strings.TrimRight(word, ".:!"))
		if value := word[strings.IndexAny(word, "=:")+1:]; value != word {
			add(value)
		}
		if clear, err := base64.StdEncoding.DecodeString(word); err == nil { // Authorization: Basic
			if _, password, ok := strings.Cut(string(clear), ":"); ok {
				add(password)
			}
		}
	}
	for _, s := range secrets {
		sum, err := hex.DecodeString(strings.TrimPrefix(strings.ToLower(s), "sha256:"))
		if err == nil && len(sum) == len(Digest("")) {
			digests = append(digests, [32]byte(sum))
		}
	}
	return secrets, digests
}

// words splits pasted at blanks, quotes, and what separates values in logs and addresses. Hidden
// characters are left out.
func words(pasted string) []string {
	lines := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		return r
	}, pasted)
	return strings.FieldsFunc(plaintext.Bare(lines), func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune("\"'`“”‘’„«»<>()[]{},;&?\\|", r)
	})
}

// lookalikes returns what looks like a secret of Latchkey in text, complete or not: lk, one to four
// letters, at_, and all that follows of the alphabet. Where that is longer than a secret, the part
// that is as long as one comes first.
func lookalikes(text string) []string {
	var found []string
	for at := 0; ; {
		next := strings.Index(text[at:], "lk")
		if next < 0 {
			return found
		}
		at += next
		body := afterPrefix(text[at:])
		if body == 0 {
			at++
			continue
		}
		end := at + body
		for end < len(text) && isBase62(text[end:end+1]) {
			end++
		}
		if found = append(found, text[at:min(end, at+body+secretLength-prefixLength)]); end > at+body+secretLength-prefixLength {
			found = append(found, text[at:end])
		}
		at += body // another secret may begin in what follows
	}
}

// afterPrefix returns the length of the prefix with which text begins, or 0 for none.
func afterPrefix(text string) int {
	for n := len("lkpat_"); n <= len("lkabcdat_") && n <= len(text); n++ {
		kind, ok := strings.CutSuffix(text[len("lk"):n], "at_")
		if ok && strings.Trim(kind, "abcdefghijklmnopqrstuvwxyz") == "" {
			return n
		}
	}
	return 0
}
