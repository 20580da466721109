package token_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/store"
	"latchkey/internal/token"
)

func TestIdentify_FindsTheTokenInWhatWasPasted(t *testing.T) {
	w := newWorld(t)
	live := w.made(w.viewer, w.personal(nil))
	dead := w.made(w.viewer, w.personal(nil))
	_, err := w.Delete(t.Context(), w.viewer.Caller(), dead.ID)
	must(t, err)
	foreign := w.made(w.stranger, token.NewOrganization{Name: "theirs"})
	const imported = "1abcdefghijklmnop=qrstu/VW"
	must(t, w.store.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
		return tx.InsertToken(t.Context(), token.Token{ID: "imported", Organization: "acme", Kind: token.Personal, Name: "legacy", Hint: "…",
			Owner: "editor", Workspace: "production", Scope: access.ScopeReadOnly, Legacy: true, CreatedAt: noon}, token.Digest(imported), "")
	}))
	secret, gone := live.Secret.Reveal(), dead.Secret.Reveal()
	sum := fmt.Sprintf("%x", token.Digest(secret))
	for pasted, want := range map[string]string{
		secret:                       live.ID,
		" \r\n" + secret + "\u00a0":  live.ID,
		"\ufeff" + secret + "\u200b": live.ID,
		secret[:20] + "\u200b\u00ad" + secret[20:]:            live.ID,
		secret[:20] + "\r\n" + secret[20:]:                    live.ID,
		"Bearer " + secret:                                    live.ID,
		"Authorization: Bearer " + secret + "\r\nAccept: */*": live.ID,
		"Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("ada@acme.example:"+secret)): live.ID,
		`export LATCHKEY_TOKEN="` + secret + `"`:                                                        live.ID,
		"KEY='" + secret + "';":                                                                         live.ID,
		"“" + secret + "”":                                                                              live.ID,
		"https://ci:" + secret + "@git.example/?x=1":                                                    live.ID,
		`{"level":"warn","msg":"sent \"` + secret + `\" to 10.0.0.1"}`:                                  live.ID,
		"2026-11-28T12:00:00Z error token=" + secret + " after 3 tries lk_at":                           live.ID,
		"x" + secret + "Z":                                                                              live.ID, // glued to what was around it
		gone:                                                                                            dead.ID,
		gone + " was replaced by " + secret:                                                             live.ID,
		secret + "\n" + gone:                                                                            live.ID,
		foreign.Secret.Reveal() + "," + gone:                                                            dead.ID,
		sum:                                                                                             live.ID,
		"SHA256:" + strings.ToUpper(sum):                                                                live.ID,
		"digest sha256:" + sum + ".":                                                                    live.ID,
		"digest \"sha256:" + sum + "\"":                                                                 live.ID,
		imported:                                                                                        "imported",
		"Bearer " + imported:                                                                            "imported",
		"OLD_KEY=\"" + imported + "\"":                                                                  "imported",
		foreign.Secret.Reveal():                                                                         "",
		secret[:40]:                                                                                     "",
		strings.ToUpper(secret):                                                                         "",
		strings.Repeat("lkpat_", 2000):                                                                  "",
		strings.Repeat("lk a", 4000):                                                                    "",
	} {
		got, err := w.Identify(t.Context(), w.admin, pasted)
		if got.ID != want || fault.Is(err, fault.NotFound) != (want == "") {
			t.Errorf("%.60q: %q, %v, want %q", pasted, got.ID, err, want)
		}
	}
	for _, pasted := range []string{"", " \n", strings.Repeat("x", token.MaxPasted+1)} {
		if _, err := w.Identify(t.Context(), w.admin, pasted); !fault.Is(err, fault.Invalid) {
			t.Errorf("%.20q: %v", pasted, err)
		}
	}
	for text, mistyped := range map[string]bool{
		secret: false, "KEY=" + secret: false, secret[:40]: true, "Bearer " + secret[:40] + "…": true, "lkpat_": true, "lkabcdat_x": true,
		"lkat_x": false, "lkabcdeat_x": false, "nothing": false, "": false, secret[:40] + " " + secret: false,
	} {
		if token.Mistyped(text) != mistyped {
			t.Errorf("%.60q is mistyped: %v", text, !mistyped)
		}
	}
}
