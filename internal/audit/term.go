package audit

import (
	"strings"

	"latchkey/internal/audit/search"
)

// The kinds of terms in the search index. A term is a kind followed by a value.
const (
	termAll       = "" // every event of the organization
	termActor     = "actor:"
	termActorType = "by:"
	termToken     = "token:"
	termTarget    = "target:"
	termAction    = "action:"
	termType      = "type:"
	termWorkspace = "workspace:"
	termWho       = "who:"  // and a word of [search.WordTerms]
	termText      = "text:" // likewise
)

// Terms returns the terms under which e is in the search index. Some may occur twice.
func (e Event) Terms() []string {
	terms := []string{termAll, termActorType + string(e.ActorType), termAction + string(e.Action), termType + string(e.Target.Type)}
	for _, of := range [][2]string{{termActor, e.ActorID}, {termToken, e.TokenID}, {termTarget, e.Target.ID}, {termWorkspace, e.Workspace}} {
		if of[1] != "" {
			terms = append(terms, of[0]+of[1])
		}
	}
	terms = append(terms, search.WordTerms(termWho, whoWords(e))...)
	return append(terms, search.WordTerms(termText, textWords(e))...)
}

// aboutTerms returns the terms of the events that an id is in, as the actor, the token or the target.
func aboutTerms(id string) []string { return []string{termActor + id, termToken + id, termTarget + id} }

// whoWords returns the words that [Filter.Who] searches.
func whoWords(e Event) []string { return search.Words(e.ActorName, e.ActorEmail) }

// textWords returns the words that [Filter.Text] searches.
func textWords(e Event) []string {
	return search.Words(e.ActorName, e.ActorEmail, e.Target.Name, e.Origin.IP)
}

// Clause is one condition of a [Filter]. It chooses the events that the index has for the
// [search.Clause], and those with ID.
type Clause struct {
	search.Clause
	ID   string // of an event or a request, which have no terms; empty to look for none
	Word string // of the query, if it is about one
}

// Clauses returns the conditions of f, except From and Until. There is at least one, and an event
// must meet all of them.
func (f Filter) Clauses() []Clause {
	var clauses []Clause
	add := func(kind, value string) {
		if value != "" {
			clauses = append(clauses, Clause{Clause: search.Clause{Terms: []string{kind + value}}})
		}
	}
	add(termActor, f.Actor)
	add(termActorType, string(f.ActorType))
	add(termToken, f.Token)
	add(termTarget, f.Target)
	if f.About != "" {
		clauses = append(clauses, Clause{Clause: search.Clause{Terms: aboutTerms(f.About)}})
	}
	add(termAction, string(f.Action))
	add(termType, string(f.Type))
	add(termWorkspace, f.Workspace)
	for _, word := range search.QueryWords(f.Who) {
		clauses = append(clauses, Clause{Clause: search.WordClause(termWho, word), Word: word})
	}
	for _, word := range search.QueryWords(f.Text) {
		c := Clause{Clause: search.WordClause(termText, word), Word: word}
		if IsID(word) {
			c.Terms, c.ID = append(c.Terms, aboutTerms(word)...), word
		}
		clauses = append(clauses, c)
	}
	if len(clauses) == 0 {
		clauses = []Clause{{Clause: search.Clause{Terms: []string{termAll}}}}
	}
	return clauses
}

// IsID reports whether a word of a query has the form of an id. It is then compared with ids
// as well as with words.
func IsID(word string) bool {
	const length = 27
	return len(word) == length && strings.Trim(word, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") == ""
}
