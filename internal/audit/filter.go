package audit

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
)

// Filter chooses events of one organization. Empty fields choose nothing away; those that
// are set must all hold.
type Filter struct {
	Organization string     // required: no filter crosses organizations
	Actor        string     // id of the member or service token that acted
	ActorType    ActorType  // what kind of actor
	About        string     // an id that acted, carried the act or was acted upon
	Action       Action     //
	Type         TargetType // of what was acted upon
	Workspace    string     // id of the workspace in which it happened
	From, Until  time.Time  // at From or later, and before Until
	Who          string     // words of the actor's name and e-mail address
	Text         string     // words of names, e-mail and IP addresses; or a whole id
}

const (
	maxTyped    = 200 // characters of Who and of Text
	maxSearched = 8   // words of Who and of Text
)

// Check reports what no filter can be, by the names of the fields in lower case.
func (f Filter) Check() error {
	var p fault.Problems
	for _, typed := range []struct{ path, text string }{{"who", f.Who}, {"text", f.Text}} {
		if utf8.RuneCountInString(typed.text) > maxTyped || len(searchWords(typed.text)) > maxSearched {
			p.Add(typed.path, "Search for up to eight words.")
		}
	}
	if !f.From.IsZero() && !f.Until.IsZero() && !f.From.Before(f.Until) {
		p.Add("until", "The end lies before the start.")
	}
	return p.Err("This filter cannot be applied.")
}

// Matches says what the filter means. The store finds the same events by the index.
func (f Filter) Matches(e Event) bool {
	return f.matchesColumns(e) && f.MatchesWords(e)
}

func (f Filter) matchesColumns(e Event) bool {
	return e.Organization == f.Organization &&
		(f.Actor == "" || e.ActorID == f.Actor) &&
		(f.ActorType == "" || e.ActorType == f.ActorType) &&
		(f.About == "" || slices.Contains([]string{e.ActorID, e.TokenID, e.Target.ID}, f.About)) &&
		(f.Action == "" || e.Action == f.Action) &&
		(f.Type == "" || e.Target.Type == f.Type) &&
		(f.Workspace == "" || e.Workspace == f.Workspace) &&
		(f.From.IsZero() || !e.Time.Before(f.From)) &&
		(f.Until.IsZero() || e.Time.Before(f.Until))
}

// HasWords reports whether the filter searches by words.
func (f Filter) HasWords() bool { return len(searchWords(f.Who)) > 0 || len(searchWords(f.Text)) > 0 }

// MatchesWords is the part of [Filter.Matches] that looks at words. It reads the actor, the
// target, the ids and the origin of e.
func (f Filter) MatchesWords(e Event) bool {
	if who := searchWords(f.Who); len(who) > 0 {
		words := whoWords(e)
		for _, searched := range who {
			if !anyWord(plaintext.Clip(strings.ToLower(searched), longWord), words) {
				return false
			}
		}
	}
	text := searchWords(f.Text)
	if len(text) == 0 {
		return true
	}
	words := textWords(e)
	for _, searched := range text {
		ids := []string{e.ID, e.ActorID, e.TokenID, e.Target.ID, e.Origin.RequestID}
		if IsID(searched) && slices.Contains(ids, searched) {
			continue
		}
		if !anyWord(plaintext.Clip(strings.ToLower(searched), longWord), words) {
			return false
		}
	}
	return true
}

// IsID reports whether a word has the form of an id: it is then looked for among the ids as
// well.
func IsID(word string) bool {
	const length = 27
	return len(word) == length && strings.Trim(word, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") == ""
}

func whoWords(e Event) []string { return wordsOf(e.ActorName, e.ActorEmail) }

func textWords(e Event) []string {
	return wordsOf(e.ActorName, e.ActorEmail, e.Target.Name, e.Origin.IP)
}

// Clause is one condition of a filter as the index knows it: events with any of Terms, with
// any term that is at least From and less than To, or with the id ID.
type Clause struct {
	Terms    []string
	From, To string
	ID       string // of an event or a request; the index does not have it
	Word     string // what was searched for, for messages
}

// Clauses are the conditions of f that the index answers: all but the times. None means
// every event of the organization.
func (f Filter) Clauses() []Clause {
	var out []Clause
	add := func(kind, value string) {
		if value != "" {
			out = append(out, Clause{Terms: []string{kind + value}})
		}
	}
	add(termActor, f.Actor)
	add(termActorType, string(f.ActorType))
	add(termAbout, f.About)
	add(termAction, string(f.Action))
	add(termType, string(f.Type))
	add(termWorkspace, f.Workspace)
	for _, word := range searchWords(f.Who) {
		out = append(out, wordClause(termWho, word))
	}
	for _, word := range searchWords(f.Text) {
		c := wordClause(termText, word)
		if IsID(word) {
			c.Terms, c.ID = append(c.Terms, termAbout+word), word
		}
		out = append(out, c)
	}
	return out
}

// wordClause finds a searched word: short ones as a whole, beginnings by their own term, and
// longer ones by their range among the whole words.
func wordClause(kind, searched string) Clause {
	word := plaintext.Clip(strings.ToLower(searched), longWord)
	c := Clause{Word: searched}
	switch n := utf8.RuneCountInString(word); {
	case n < shortWord:
		c.Terms = []string{kind + wholeWord + word}
	case n <= prefixWord:
		c.Terms = []string{kind + beginning + word}
	default:
		c.From, c.To = kind+wholeWord+word, kind+wholeWord+word+"\U0010FFFF"
	}
	return c
}
