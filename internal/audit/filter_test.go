package audit

import (
	"math/rand/v2"
	"strings"
	"testing"

	"latchkey/internal/actor"
)

func TestFilter_FindsWordsByTheirBeginnings(t *testing.T) {
	e := Event{Organization: "acme", ID: "3AbCdEfGhIjKlMnOpQrStUvWxYz", ActorID: "ada", ActorName: "Ada Ångström-Łukasz",
		ActorEmail: "ada@acme.example",
		Target:     Target{Name: "ci-probe (Staging) x", ID: "t1"}, Origin: actor.Origin{IP: "10.20.0.7", RequestID: "3RqCdEfGhIjKlMnOpQrStUvWxYz"}}
	for text, want := range map[string]bool{
		"": true, "   ": true, "...": true,
		"ada": true, "ADA": true, "ad": false, "åNG": true, "łuk": true, "ada ångström": true, "ångström-łukasz": true,
		"acme.example": true, "acme.ex": true, "example": true, "ada@acme": true, "ada@other": false,
		"ci": true, "ci-pro": true, "ci-probe": true, "ci-probes": false, "probe": true, "robe": false, "pr": false,
		"x": true, "(staging)": true, "stag": true, "probe ada": true, "probe nobody": false,
		"10.20": true, "10.20.0.7": true, "10.2.0": false, "20.0.7": false,
		"3AbCdEfGhIjKlMnOpQrStUvWxYz": true, "3RqCdEfGhIjKlMnOpQrStUvWxYz": true, "3abcdefghijklmnopqrstuvwxyz": false,
		"3AbCdEfGhIjKlMnOpQrStUvWxYz ada": true,
	} {
		if got := (Filter{Organization: "acme", Text: text}).Matches(e); got != want {
			t.Errorf("text %q: %v, want %v", text, got, want)
		}
	}
	for who, want := range map[string]bool{"ada": true, "acme": true, "probe": false, "10.20": false} {
		if got := (Filter{Organization: "acme", Who: who}).Matches(e); got != want {
			t.Errorf("who %q: %v, want %v", who, got, want)
		}
	}
}

// TestTerms_AreWhatClausesAskFor holds the index against the filter's meaning: for random names
// and searches a clause has a term of the event exactly when the filter matches it.
func TestTerms_AreWhatClausesAskFor(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	alphabet := []string{"a", "b", "ab", "abc", "abcdefgh", "é", "Ł", "0", ".", "-", "@", " ", "10.0.0.1", "x y",
		"ABCDEFGHIJ", "\u0301", "İ", "ß"}
	text := func(n int) string {
		var b strings.Builder
		for range r.IntN(n) {
			b.WriteString(alphabet[r.IntN(len(alphabet))])
		}
		return b.String()
	}
	found := 0
	for range 20_000 {
		e := Event{Seq: 1, ActorName: text(6), ActorEmail: text(5), Target: Target{Name: text(8), ID: text(2)}, Origin: actor.Origin{IP: text(3)}}
		f := Filter{Text: text(5), Who: text(3)}
		has := map[string]bool{}
		for _, term := range e.Terms() {
			has[term] = true
		}
		indexed := true
		for _, c := range f.Clauses() {
			indexed = indexed && holds(c, has)
		}
		if want := f.Matches(e); indexed != want {
			t.Fatalf("text %q, who %q on %+v: the index says %v, the filter %v", f.Text, f.Who, e, indexed, want)
		}
		if indexed && f.HasWords() {
			found++
		}
	}
	if found < 100 {
		t.Errorf("only %d searches found something: this proves little", found)
	}
}

// holds is what the store asks of the index.
func holds(c Clause, has map[string]bool) bool {
	for _, term := range c.Terms {
		if has[term] {
			return true
		}
	}
	for term := range has {
		if c.From != "" && term >= c.From && term < c.To {
			return true
		}
	}
	return false
}

func TestFilter_FindsALongWordByItself(t *testing.T) {
	long := strings.Repeat("é", 1000)
	if !(Filter{Text: long}).Matches(Event{Target: Target{Name: long}}) {
		t.Error("it does not")
	}
}

func TestCheck_RefusesWhatNoFilterCanBe(t *testing.T) {
	for name, f := range map[string]Filter{
		"nine words":          {Text: "a b c d e f g h i"},
		"a book":              {Who: strings.Repeat("x", maxCharacters+1)},
		"the end is no later": {From: at(2), Until: at(2)},
	} {
		if f.Check() == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if err := (Filter{Text: "a b c d e f g h", From: at(1), Until: at(2)}).Check(); err != nil {
		t.Error(err)
	}
}
