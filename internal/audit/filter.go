package audit

import (
	"slices"
	"time"
	"unicode/utf8"

	"latchkey/internal/audit/search"
	"latchkey/internal/fault"
)

// Filter chooses events of one organization: those that meet all of its conditions. A field that
// is empty is no condition.
type Filter struct {
	Organization string     // required
	Actor        string     // id of the member or service token that acted
	ActorType    ActorType  // kind of the actor
	About        string     // id of the actor, of the token that was used or of the target
	Token        string     // id of the token that was used
	Target       string     // id of the target
	Action       Action     // what was done
	Type         TargetType // kind of the target
	Workspace    string     // id of the workspace in which it happened
	From, Until  time.Time  // at From or later, but before Until
	Who          string     // words in the name and email address of the actor
	Text         string     // words in the names, email address and IP address of the event, or a whole id of it
}

// Bounds of Who and of Text.
const (
	maxCharacters = 200
	maxWords      = 8
)

// Check returns an error of kind Invalid for a filter that cannot be applied. It names the fields
// in lower case.
func (f Filter) Check() error {
	var p fault.Problems
	for _, query := range []struct{ path, text string }{{"who", f.Who}, {"text", f.Text}} {
		if utf8.RuneCountInString(query.text) > maxCharacters || len(search.QueryWords(query.text)) > maxWords {
			p.Add(query.path, "Search for up to eight words.")
		}
	}
	if !f.From.IsZero() && !f.Until.IsZero() && !f.From.Before(f.Until) {
		p.Add("until", "The end must be after the start.")
	}
	return p.Err("This filter cannot be applied.")
}

// Matches reports whether the filter chooses e. The store finds the same events with the search
// index.
func (f Filter) Matches(e Event) bool {
	return f.matchesColumns(e) && f.MatchesWords(e)
}

func (f Filter) matchesColumns(e Event) bool {
	return e.Organization == f.Organization &&
		(f.Actor == "" || e.ActorID == f.Actor) &&
		(f.ActorType == "" || e.ActorType == f.ActorType) &&
		(f.About == "" || slices.Contains([]string{e.ActorID, e.TokenID, e.Target.ID}, f.About)) &&
		(f.Token == "" || e.TokenID == f.Token) &&
		(f.Target == "" || e.Target.ID == f.Target) &&
		(f.Action == "" || e.Action == f.Action) &&
		(f.Type == "" || e.Target.Type == f.Type) &&
		(f.Workspace == "" || e.Workspace == f.Workspace) &&
		(f.From.IsZero() || !e.Time.Before(f.From)) &&
		(f.Until.IsZero() || e.Time.Before(f.Until))
}

// HasWords reports whether the filter searches by words.
func (f Filter) HasWords() bool {
	return len(search.QueryWords(f.Who)) > 0 || len(search.QueryWords(f.Text)) > 0
}

// MatchesWords reports whether Who and Text choose e. It reads the actor, the target, the ids and
// the origin of e, and nothing else.
func (f Filter) MatchesWords(e Event) bool {
	if who := search.QueryWords(f.Who); len(who) > 0 {
		words := whoWords(e)
		for _, q := range who {
			if !search.Matches(q, words) {
				return false
			}
		}
	}
	text := search.QueryWords(f.Text)
	if len(text) == 0 {
		return true
	}
	words := textWords(e)
	ids := []string{e.ID, e.ActorID, e.TokenID, e.Target.ID, e.Origin.RequestID}
	for _, q := range text {
		if !search.Matches(q, words) && !(IsID(q) && slices.Contains(ids, q)) {
			return false
		}
	}
	return true
}
