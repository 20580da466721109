package token_test

import (
	"strings"
	"testing"

	"latchkey/internal/token"
)

func TestLooksSecret_KnowsSecretsAndLeavesOutWhatPeopleSearch(t *testing.T) {
	body := "0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX2yZ3aB4cD5eF6"
	for text, want := range map[string]bool{
		"lkpat_" + body:                             true,
		"Authorization: Bearer lksat_" + body:       true,
		"lkoat_" + body[:20]:                        true, // only a part
		"lkpat_" + body[:10] + "\u200b" + body[10:]: true,
		"lkpat_" + body[:5] + " " + body[5:]:        true,
		"lkpat_" + body[:4] + "\u00ad\n" + body[4:]: true,
		body:      true, // without its prefix
		"whsec_x": true, "lkacs_x": true,
		"https://latchkey.example/invitations/accept#" + body: true,
		"": false, "lkpat_": false, "lkpat_…abcd": false, "abcd": false, "ci-probe": false,
		"2abCDefGHijKLmnOPqrSTuvWXyz": false, // an id
		strings.Repeat("W", 64):       false,
		strings.Repeat("شركة", 16):    false,
		"eli." + strings.Repeat("w", 60) + "1@" + strings.Repeat("m", 63) + ".example": false,
		"Production baseline policy of the Shop in Europe 2":                           false,
		"\xff\x00": false,
	} {
		if got := token.LooksSecret(text); got != want {
			t.Errorf("%+q: %v", text, got)
		}
	}
}
