package plaintext_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"latchkey/internal/plaintext"
)

// names returns names that people have and that need joiners or selectors.
func names() []string {
	return []string{
		"می\u200cخواهم", "علی\u200cرضا", "نوشین\u200c", "PDF\u200cها", "تیم ۲\u200cام", // Persian
		"ශ\u0dca\u200dරී", "ශ\u0dca\u200dරීමත\u0dca", // Sinhala
		"അവന\u0d4d\u200d", "രമണന\u0d4d\u200d നായര\u0d4d\u200d", // Malayalam: chillus before Unicode 5.1
		"অর\u200d\u09cdযা", "উত\u09cd\u200dপল", "সত\u09cd\u200d", // Bengali
		"क\u094d\u200dष", "क\u094d\u200cष", "ನ\u0ccd\u200c", // Devanagari, Kannada
		"👨\u200d👩\u200d👧\u200d👦", "Team 🏳\ufe0f\u200d🌈", "👩🏽\u200d⚕\ufe0f", "❤\ufe0f\u200d🔥", "🙂\u200d↔\ufe0f", "Key 1\ufe0f⃣",
		"葛\U000e0100城", // the form of the first character in a Japanese name
		"ℹ\ufe0f Info", "‼\ufe0f", "ᠠ\u180b", "က\ufe00",
	}
}

func TestName_TakesTheNamesThatPeopleHave(t *testing.T) {
	for _, name := range names() {
		checked(t, plaintext.Name, " "+name+"\n", name, "")
		if !plaintext.ShowableLines(name+"\n"+name) || plaintext.Strip(name) != name || plaintext.Visible(name) != name {
			t.Errorf("%+q: stripped to %+q, visible as %+q", name, plaintext.Strip(name), plaintext.Visible(name))
		}
		if plaintext.Clean(name) != name || plaintext.CleanLines(name) != name {
			t.Errorf("%+q is cleaned to %+q", name, plaintext.Clean(name))
		}
		if plaintext.PossibleID(name) && strings.ContainsAny(name, "\u200c\u200d\ufe0f") {
			t.Errorf("%+q can be an id", name)
		}
	}
}

func TestName_RefusesWhatOnlyHides(t *testing.T) {
	const hides = "The name contains characters that cannot be shown."
	for _, name := range []string{
		"\u200d", "\u200c", "\u200dAda", "Ada\u200d", "A\u200cda", "Ada \u200d Lovelace", "7\u200d7", // joiners that join nothing
		"می\u200c\u200cخواهم", "می \u200c خواهم", "می\u200d\u200cخواهم", "ශ\u200d\u200d",
		"👨\u200d", "👨\u200dA", "A\u200d👩", "👨\u200d\u200d👩", "👨\u200c👩", "\ufe0f", "a\ufe0f\ufe0f", "a \ufe0f", "👨\u200d\ufe0f",
		"علی\u202eرضا", "\u2066Ada\u2069", "Ada\u200e", "علی\u061c", "\u200fAda", // direction
		"🏴\U000e0067\U000e0062\U000e007f", "Ada\U000e0041", // tags
		"Ada\ufe0f", "A\ufe00da", "Ada\U000e0100", "علی\ufe0f", "Ada\u180b", // variants of letters that have none
		"Ada\u2065", "Ada\ufff0", "Ada\U000e0000", "Ada\U000e0080", "Ada\U000e0fff", // reserved, and never shown
		"Ada\U0001d159",
		"\u3164", "Ada\u115f", "\u2800\u2800", "A\u034fda", "\u17b4", // letters that are blank
		"A\u00adda", "Ada\u2060", "\ufeffAda",
	} {
		checked(t, plaintext.Name, name, "", hides)
		if s := plaintext.Strip(name); !plaintext.Showable(s) || s == name {
			t.Errorf("%+q is stripped to %+q", name, s)
		}
		if !strings.ContainsRune(plaintext.Visible(name), utf8.RuneError) {
			t.Errorf("%+q looks like %+q", name, plaintext.Visible(name))
		}
	}
}

func TestNameKey_IgnoresWhatIsOftenInvisible(t *testing.T) {
	for _, name := range names() {
		bare := strings.NewReplacer("\u200c", "", "\u200d", "", "\ufe0f", "", "\ufe00", "", "\u180b", "", "\U000e0100", "").Replace(name)
		if strings.ContainsAny(plaintext.NameKey(name), "\u200c\u200d") || !plaintext.SameName(name, strings.ToUpper(name)) {
			t.Errorf("the key of %+q is %+q", name, plaintext.NameKey(name))
		}
		if !plaintext.SameName(name, bare) {
			t.Errorf("%+q and %+q are different names", name, bare)
		}
	}
	for _, same := range [][2]string{
		{"می\u200cخواهم", "میخواهم"}, {"داد\u200cگر", "دادگر"}, // the second joiner cannot even be seen
		{"അവന\u0d4d\u200d", "അവന\u0d4d"}, {"👨\u200d👩", "👨👩"},
	} {
		if !plaintext.SameName(same[0], same[1]) || plaintext.NameKey(same[0]) != plaintext.NameKey(same[1]) {
			t.Errorf("%+q and %+q are different names", same[0], same[1])
		}
	}
	if plaintext.SameName("അവൻ", "അവന") || plaintext.SameName("علی", "على") {
		t.Error("different letters make the same name")
	}
}
