package token

import (
	"regexp"
	"strings"

	"latchkey/internal/plaintext"
)

// partOfSecret is how many characters after its prefix make a text the secret of a token. A hint shows
// four.
const partOfSecret = 8

// randomText is a run of characters that is too long for an id and may be any other secret, such as that
// of an invitation, or a token's without its prefix. [LooksSecret] expects letters of both cases and digits in it.
var randomText = regexp.MustCompile(`[0-9A-Za-z]{40,}|(?:^|[^\w-])[\w-]{43}(?:$|[^\w-])`)

// LooksSecret reports whether a text has what looks like a secret, all of it or a part: of a token, of an
// API client, of a webhook, or a long random text. Hidden characters make no difference. It is for fields that are
// no place for secrets, and looks nothing up: an imported secret without such a form is not recognized. static/js/search.js has
// the same rule.
func LooksSecret(text string) bool {
	text = plaintext.Bare(text)
	for _, found := range lookalikes(strings.Join(strings.Fields(text), "")) {
		if len(found)-afterPrefix(found) >= partOfSecret {
			return true
		}
	}
	for _, run := range randomText.FindAllString(text, -1) {
		if strings.ContainsAny(run, "0123456789") && strings.ToLower(run) != run && strings.ToUpper(run) != run {
			return true
		}
	}
	return strings.Contains(text, "lkacs_") || strings.Contains(text, "whsec_")
}
