package plaintext_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
)

func TestShowable(t *testing.T) {
	for _, c := range []struct {
		text             string
		line, lines      bool
		stripped         string
		visible, asLines string // "" is the text itself
	}{
		{"", true, true, "", "", ""},
		{"Ada Lovelace", true, true, "Ada Lovelace", "", ""},
		{"日本語 🔑 é", true, true, "日本語 🔑 é", "", ""},
		{"<b>'; --", true, true, "<b>'; --", "", ""},
		{"\u00a0\u3000", true, true, "\u00a0\u3000", "", ""},
		{"lost \ufffd", true, true, "lost \ufffd", "", ""},
		{"a\nb\tc", false, true, "abc", "a\ufffdb\ufffdc", "a\nb\tc"},
		{"a\r\nb", false, true, "ab", "a\ufffd\ufffdb", "a\ufffd\nb"},
		{"a\x00b", false, false, "ab", "a\ufffdb", "a\ufffdb"},
		{"\x1b[31mred", false, false, "[31mred", "\ufffd[31mred", "\ufffd[31mred"},
		{"a\x7f\u0085b", false, false, "ab", "a\ufffd\ufffdb", "a\ufffd\ufffdb"},
		{"a\u202eb\u2066c", false, false, "abc", "a\ufffdb\ufffdc", "a\ufffdb\ufffdc"}, // direction override and isolate
		{"a\u200bb\u200dc\ufeff\u00ad", false, false, "abc", "a\ufffdb\ufffdc\ufffd\ufffd", "a\ufffdb\ufffdc\ufffd\ufffd"},
		{"a\u2028b\u2029c", false, false, "abc", "a\ufffdb\ufffdc", "a\ufffdb\ufffdc"},
		{"half \xc3", false, false, "half ", "half \ufffd", "half \ufffd"},
		{"\U000e0041tag", false, false, "tag", "\ufffdtag", "\ufffdtag"},
	} {
		if line, lines := plaintext.Showable(c.text), plaintext.ShowableLines(c.text); line != c.line || lines != c.lines {
			t.Errorf("%q: showable %v, in lines %v", c.text, line, lines)
		}
		if got := plaintext.Strip(c.text); got != c.stripped || !plaintext.Showable(got) {
			t.Errorf("%q is stripped to %q", c.text, got)
		}
		if got := plaintext.StripLines(c.text); !plaintext.ShowableLines(got) || c.lines && got != c.text {
			t.Errorf("%q is stripped to the lines %q", c.text, got)
		}
		if c.visible == "" {
			c.visible, c.asLines = c.text, c.text
		}
		if got := plaintext.Visible(c.text); got != c.visible || !plaintext.Showable(got) {
			t.Errorf("%q is visible as %q", c.text, got)
		}
		if got := plaintext.VisibleLines(c.text); got != c.asLines {
			t.Errorf("%q is visible in lines as %q", c.text, got)
		}
	}
}

func TestCell(t *testing.T) {
	for _, cell := range []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "=cmd|' /C calc'!A0",
		"＝1", "＋1", "－1", "＠x", "\ufeff=1", "\u00a0=1"} {
		if got := plaintext.Cell(cell); got != "'"+cell {
			t.Errorf("%q became %q", cell, got)
		}
	}
	for _, cell := range []string{"", " ", "Ada", "a=1", "1-1", "{\"a\":1}", "2026-01-31T12:00:00.000Z", "10.0.0.1", "::1",
		"ada@acme.example"} {
		if got := plaintext.Cell(cell); got != cell {
			t.Errorf("%q became %q", cell, got)
		}
	}
}

func TestStorable(t *testing.T) {
	for text, mended := range map[string]string{
		"": "", "Ada": "Ada", "a\x1b\n\u202e": "a\x1b\n\u202e", "lost \ufffd": "lost \ufffd",
		"nul \x00": "nul \ufffd", "half \xc3": "half \ufffd", "\xff\xfe\x00x": "\ufffd\ufffdx",
	} {
		if plaintext.Storable(text) != (mended == text) || plaintext.Mend(text) != mended || !plaintext.Storable(mended) {
			t.Errorf("%q: storable %v, mended %q", text, plaintext.Storable(text), plaintext.Mend(text))
		}
	}
}

func TestPossibleID(t *testing.T) {
	for id, possible := range map[string]bool{
		"2aGZ0Hk3VtFbX8Yy0fJ1sQ4wB7n": true, "imported.1_x-y": true, "é": true, strings.Repeat("x", 200): true,
		"": false, strings.Repeat("x", 201): false, "a\x00": false, "\xff": false, "a\nb": false, "a\u200b": false,
	} {
		if plaintext.PossibleID(id) != possible {
			t.Errorf("%.30q: possible %v", id, !possible)
		}
	}
}

func TestIdempotencyKey(t *testing.T) {
	for key, ok := range map[string]bool{
		"": true, "k": true, strings.Repeat("k", 128): true, strings.Repeat("k", 129): false, strings.Repeat("é", 65): false,
		"a\x00b": false, "\xff": false,
	} {
		if err := plaintext.IdempotencyKey(key); (err == nil) != ok || err != nil && fault.Of(err).Fields[0].Path != "idempotencyKey" {
			t.Errorf("%.10q: %v", key, err)
		}
	}
}

func TestClip(t *testing.T) {
	for _, c := range []struct {
		text                    string
		n                       int
		clipped, bytes, shorten string
	}{
		{"", 0, "", "", ""},
		{"", 3, "", "", ""},
		{"abc", 3, "abc", "abc", "abc"},
		{"abcd", 3, "abc", "abc", "abc…"},
		{"abcd", 0, "", "", "…"},
		{"abcd", -1, "", "", "…"},
		{"ééé", 3, "ééé", "é", "ééé"},
		{"éééé", 3, "ééé", "é", "ééé…"},
		{"é", 1, "é", "", "é"},
		{"🔑🔑", 1, "🔑", "", "🔑…"},
		{"🔑🔑", 7, "🔑🔑", "🔑", "🔑🔑"},
		{"a\xffb", 2, "a\xff", "a\xff", "a\xff…"},
	} {
		if got := plaintext.Clip(c.text, c.n); got != c.clipped {
			t.Errorf("Clip(%q, %d) = %q, want %q", c.text, c.n, got, c.clipped)
		}
		if got := plaintext.ClipBytes(c.text, c.n); got != c.bytes {
			t.Errorf("ClipBytes(%q, %d) = %q, want %q", c.text, c.n, got, c.bytes)
		}
		if got := plaintext.Shorten(c.text, c.n); got != c.shorten {
			t.Errorf("Shorten(%q, %d) = %q, want %q", c.text, c.n, got, c.shorten)
		}
	}
}

// checked compares what one of the rules makes of a text with a wanted value, or with a
// message where the value is empty.
func checked(t *testing.T, rule func(string) (string, error), text, want, message string) {
	t.Helper()
	got, err := rule(text)
	switch {
	case message == "" && (err != nil || got != want):
		t.Errorf("%.30q becomes %.30q, %v, want %.30q", text, got, err, want)
	case message != "" && (got != "" || !fault.Is(err, fault.Invalid) || fault.Of(err).Message != message):
		t.Errorf("%.30q becomes %.30q, %v, want %q", text, got, err, message)
	}
}

func TestName(t *testing.T) {
	const empty, invalid, long = "Enter a name.", "The name is not valid text.", "Use at most 64 characters."
	const hides = "The name contains characters that cannot be shown."
	for _, c := range []struct{ text, name, message string }{
		{"x", "x", ""},
		{" \tAda Lovelace\n", "Ada Lovelace", ""},
		{" " + strings.Repeat("x", 64) + " ", strings.Repeat("x", 64), ""},
		{strings.Repeat("é", 64), strings.Repeat("é", 64), ""},
		{"日本語 🔑", "日本語 🔑", ""},
		{"<script>", "<script>", ""},
		{"'; --", "'; --", ""},
		{"", "", empty},
		{" \u00a0\t\n", "", empty},
		{"a\xffb", "", invalid},
		{strings.Repeat("x", 65), "", long},
		{strings.Repeat("é", 65), "", long},
		{strings.Repeat("x", 10_000_000), "", long},
		{"a\x00b", "", hides},
		{"a\nb", "", hides},
		{"a\x1b[31mb", "", hides},
		{"a\u202eb", "", hides},
		{"a\u200bb", "", hides},
		{"a\u2028b", "", hides},
		{"\ufeffa", "", hides},
	} {
		checked(t, plaintext.Name, c.text, c.name, c.message)
	}
}

func TestDescription(t *testing.T) {
	const hides, long = "The description contains characters that cannot be shown.", "Use at most 500 characters."
	for _, c := range []struct{ text, description, message string }{
		{"", "", ""},
		{" \n", "", ""},
		{" first\r\n\tsecond ", "first\r\n\tsecond", ""},
		{strings.Repeat("é", 500), strings.Repeat("é", 500), ""},
		{strings.Repeat("é", 501), "", long},
		{"a\x00b", "", hides},
		{"a\u202eb", "", hides},
		{"a\xffb", "", hides},
	} {
		checked(t, plaintext.Description, c.text, c.description, c.message)
	}
}

func TestNameKey(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"deploy", "DEPLOY", true},
		{"Élan", "éLAN", true},
		{"\u212Aey", "key", true}, // Kelvin sign
		{"ſet", "SET", true},
		{"Οδυσσεύς", "ΟΔΥΣΣΕΎΣ", true},
		{"İ", "i", false},
		{"straße", "STRASSE", false},
		{"e\u0301lan", "élan", false},
		{"deploy", "deploy ", false},
		{"", "", true},
	} {
		if same := plaintext.NameKey(c.a) == plaintext.NameKey(c.b); same != c.same {
			t.Errorf("the keys of %q and %q are the same: %v", c.a, c.b, same)
		}
		if same := plaintext.SameName(c.a, c.b); same != c.same {
			t.Errorf("%q and %q are the same name: %v", c.a, c.b, same)
		}
	}
}

func TestEmail(t *testing.T) {
	const empty, wrong = "Enter an email address.", "That does not look like an email address."
	longest := strings.Repeat("x", 64) + "@" + strings.Repeat("a.", 94) + "b"
	for _, c := range []struct{ text, email, message string }{
		{"ada@acme.example", "ada@acme.example", ""},
		{"  Ada@ACME.example\n", "ada@acme.example", ""},
		{"a+b_c.d@acme.example", "a+b_c.d@acme.example", ""},
		{"JOS\u00C9@acme.example", "jos\u00E9@acme.example", ""},
		{"ka\u017Fe@acme.example", "ka\u017Fe@acme.example", ""}, // ſ, whose lower case is itself
		{"root@localhost", "root@localhost", ""},
		{longest, longest, ""},
		{"", "", empty},
		{" \t", "", empty},
		{longest + "b", "", wrong},
		{"ada", "", wrong},
		{"ada@", "", wrong},
		{"@acme.example", "", wrong},
		{"ada @acme.example", "", wrong},
		{"ada@acme.example,bo@acme.example", "", wrong},
		{"Ada <ada@acme.example>", "", wrong},
		{"<ada@acme.example>", "", wrong},
		{"\u212Aate@acme.example", "", wrong},  // Kelvin sign
		{"kate@ac\u0130me.example", "", wrong}, // İ
		{"ada\u200b@acme.example", "", wrong},
		{"\u202eada@acme.example", "", wrong},
		{"a\x00da@acme.example", "", wrong},
		{"ad\xff@acme.example", "", wrong},
		{"ad\ufffd@acme.example", "", wrong},
	} {
		checked(t, plaintext.Email, c.text, c.email, c.message)
		if c.message == "" && plaintext.EmailKey(c.text) != c.email {
			t.Errorf("%q is looked for as %q", c.text, plaintext.EmailKey(c.text))
		}
	}
}

func TestEmailKey(t *testing.T) {
	for text, key := range map[string]string{
		"":                                 "",
		"Nobody@ACME.example\x00\u202e":    "nobody@acme.example",
		" \u200bada@acme.example\ufeff":    "ada@acme.example",
		"\u212Aate@acme.example":           "\u212Aate@acme.example",
		"No Address":                       "no address",
		"ad\xffa":                          "ada",
		strings.Repeat(" ", 300) + "ada@x": "ada@x",
		strings.Repeat("x", 300):           strings.Repeat("x", 254),
		"x" + strings.Repeat("é", 200):     "x" + strings.Repeat("é", 126),
	} {
		if got := plaintext.EmailKey(text); got != key {
			t.Errorf("%.40q is looked for as %.40q, want %.40q", text, got, key)
		}
	}
}

func TestFold_MakesNoLetterAnASCIIOne(t *testing.T) {
	for r := rune(utf8.RuneSelf); r <= unicode.MaxRune; r++ {
		if got, _ := utf8.DecodeRuneInString(plaintext.Fold(string(r))); got < utf8.RuneSelf {
			t.Errorf("%U becomes %q", r, got)
		}
	}
	if got := plaintext.Fold("ADA Élan"); got != "ada élan" {
		t.Errorf("folded to %q", got)
	}
}
