package plaintext_test

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/plaintext"
)

func TestClean(t *testing.T) {
	for _, c := range []struct{ pasted, line, lines string }{
		{"", "", ""},
		{"Ada Lovelace", "Ada Lovelace", "Ada Lovelace"},
		{"\ufeffAda\u00a0Lovelace\u200b\r\n", "Ada Lovelace", "Ada Lovelace"},
		{"Ada\u2003\u202fLovelace\u3000", "Ada  Lovelace", "Ada  Lovelace"},
		{"山田\u3000太郎", "山田 太郎", "山田 太郎"},
		{"\"Ada\"", "Ada", "\"Ada\""},
		{"“ Ada ”", "Ada", "“ Ada ”"},
		{"\"“Ada”\"", "Ada", "\"“Ada”\""},
		{"Dwayne \"The Rock\" Johnson", "Dwayne \"The Rock\" Johnson", "Dwayne \"The Rock\" Johnson"},
		{"'Abd al-Rafi'", "'Abd al-Rafi'", "'Abd al-Rafi'"},
		{"\"", "\"", "\""},
		{"\"\"", "", "\"\""},
		{"one\r\ntwo\rthree\u2028four", "one two three four", "one\ntwo\nthree\nfour"},
		{"\tone\ttwo", "one two", "one\ttwo"},
		{"soft\u00adhyphen \u200eleft\u200f", "softhyphen left", "softhyphen left"},
		{"A\u200dd\u200ca\u200d", "Ada", "Ada"},
		{"\"می\u200cخواهم\u200c\"", "می\u200cخواهم\u200c", "\"می\u200cخواهم\u200c\""},
		{"👨\u200d\u200b👩", "👨\u200d👩", "👨\u200d👩"},
		{"\ufe0fAda", "Ada", "Ada"},
		{"\u3164\u2800", "", ""},
		{"Ada\u202eecalevoL", "Ada\u202eecalevoL", "Ada\u202eecalevoL"}, // is refused
		{"a\x00\x1b[31m", "a\x00\x1b[31m", "a\x00\x1b[31m"},
		{"\xff\ufeff", "\xff\ufeff", "\xff\ufeff"},
	} {
		if got := plaintext.Clean(c.pasted); got != c.line {
			t.Errorf("%+q becomes %+q, want %+q", c.pasted, got, c.line)
		}
		if got := plaintext.CleanLines(c.pasted); got != c.lines {
			t.Errorf("%+q becomes the lines %+q, want %+q", c.pasted, got, c.lines)
		}
	}
}

func TestCleanEmail(t *testing.T) {
	for pasted, want := range map[string]string{
		"":                                "",
		"ada@acme.example":                "ada@acme.example",
		"\ufeffada@acme.example\u200b":    "ada@acme.example",
		"ada\u200d@acme\u00ad.example":    "ada@acme.example",
		"\u202aada@acme.example\u202c":    "ada@acme.example", // Windows, Contacts
		"\u00a0ada@acme.example\u00a0":    "ada@acme.example",
		"ada@acme.example.":               "ada@acme.example",
		"ada@acme.example;\r\n":           "ada@acme.example",
		"\"ada@acme.example\"":            "ada@acme.example",
		"'ada@acme.example',":             "ada@acme.example",
		"“ada@acme.example.”":             "ada@acme.example",
		"<ada@acme.example>":              "ada@acme.example",
		"(ada@acme.example).":             "ada@acme.example",
		"[mailto:ada@acme.example]":       "ada@acme.example",
		"Mailto:ada@acme.example":         "ada@acme.example",
		"Ada L. <ada@acme.example>":       "ada@acme.example",
		"\"L, Ada\" <ada@acme.example>;":  "ada@acme.example",
		"o'brien@acme.example":            "o'brien@acme.example",
		"ada acme":                        "ada acme",
		"a@b.example\r\nBcc: c@d.example": "a@b.example  Bcc: c@d.example",
		"...":                             "",
	} {
		if got := plaintext.CleanEmail(pasted); got != want {
			t.Errorf("%+q becomes %+q, want %+q", pasted, got, want)
		}
	}
}

func TestEmails_TakesAPastedList(t *testing.T) {
	for text, want := range map[string][]string{
		"": nil, " ,;\r\n\t ": nil,
		"one@acme.example": {"one@acme.example"},
		"One@acme.example, Two the second <two@acme.example>;\r\nthree@acme.example four@acme.example\n\none@ACME.example,": {
			"One@acme.example", "two@acme.example", "three@acme.example", "four@acme.example", "one@ACME.example"},
		"\"Two, the second\" <two@acme.example>, \"Three; \" <three@acme.example>": {"two@acme.example", "three@acme.example"},
		"\"one@acme.example\",'two@acme.example'":                                  {"one@acme.example", "two@acme.example"},
		"\"one@acme.example, two@acme.example\"":                                   {"\"one@acme.example", "two@acme.example\""},
		"\ufeffone@acme.example\u00a0two@acme.example\u2028three@acme.example.": {"one@acme.example", "two@acme.example",
			"three@acme.example"},
		"one@acme.example, two@acme.example, ...": {"one@acme.example", "two@acme.example"},
		"one@acme.example，two@acme.example…":      {"one@acme.example", "two@acme.example"},
		"good@acme.example, not an address":       {"good@acme.example", "not", "an", "address"},
		"a > b < c":                               {"a", ">", "b", "<", "c"},
		"Nobody <>":                               {""},
	} {
		if d := cmp.Diff(want, plaintext.Emails(text)); d != "" {
			t.Errorf("%q:\n%s", text, d)
		}
	}
}

// FuzzClean holds all cleaners to what they promise.
func FuzzClean(f *testing.F) {
	for _, seed := range append(names(), "\"“Ada”\"", "'ada@acme.example'.", "\"\ufe0fa\"", "<<a>>", "mailto:(x).",
		"👨\u200d\u200b👩", "a\r\n\u2028b",
		"\"a, b\" <c@d>, e", "\u202e\U000e0041", "\"\u200c\"", "می\u200c\u200c", "\xff") {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, pasted string) {
		for what, clean := range map[string]func(string) string{"line": plaintext.Clean, "lines": plaintext.CleanLines,
			"email": plaintext.CleanEmail,
			"strip": plaintext.Strip, "strip lines": plaintext.StripLines, "bare": plaintext.Bare, "joinless": plaintext.Joinless} {
			once := clean(pasted)
			if twice := clean(once); twice != once {
				t.Errorf("%s: %+q becomes %+q and then %+q", what, pasted, once, twice)
			}
			if utf8.ValidString(pasted) && !utf8.ValidString(once) {
				t.Errorf("%s: %+q becomes %+q", what, pasted, once)
			}
		}
		if name, err := plaintext.Name(plaintext.Clean(pasted)); err == nil {
			again, err := plaintext.Name(plaintext.Clean(name))
			if err != nil || again != name || strings.ContainsAny(name, "\ufeff\u200b\u202e\u2066\u00ad\u3164\x1b") {
				t.Errorf("%+q becomes the name %+q and then %+q: %v", pasted, name, again, err)
			}
			if other := plaintext.Joinless(name); !plaintext.SameName(name, other) {
				t.Errorf("%+q and %+q are different names", name, other)
			}
		}
		if address, err := plaintext.Email(pasted); err == nil && strings.Trim(address, "'`") == address {
			if again, err := plaintext.Email(plaintext.CleanEmail(address)); err != nil || again != address {
				t.Errorf("%+q is the address %+q and then %+q: %v", pasted, address, again, err)
			}
		}
		for _, email := range plaintext.Emails(pasted) {
			if !slices.Contains([]string{email, ""}, plaintext.CleanEmail(email)) {
				t.Errorf("%+q has the part %+q", pasted, email)
			}
		}
	})
}

func TestCleaners_TakeTimeInProportionToTheText(t *testing.T) {
	const n = 1 << 18
	for _, pasted := range []string{
		strings.Repeat("\"", 2*n), strings.Repeat("<", n) + strings.Repeat(">", n), strings.Repeat("\"<", n), strings.Repeat("\",", n),
		strings.Repeat("(", n) + strings.Repeat(").", n), strings.Repeat("mailto:", n), strings.Repeat("\u200c", n), strings.Repeat("\" <,", n),
		strings.Repeat("👨\u200d", n), strings.Repeat("\u2028", n),
	} {
		begun := time.Now()
		_, _, _ = plaintext.Clean(pasted), plaintext.CleanLines(pasted), plaintext.CleanEmail(pasted)
		_, _ = plaintext.Emails(pasted), plaintext.NameKey(pasted)
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("%.20q… took %v", pasted, took)
		}
	}
}
