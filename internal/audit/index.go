package audit

import "unicode/utf8"

// The kinds of terms. A term is a kind and a value; the kinds do not begin alike.
const (
	termAll       = "" // every event of the organization
	termActor     = "actor:"
	termActorType = "by:"
	termAbout     = "about:"
	termAction    = "action:"
	termType      = "type:"
	termWorkspace = "workspace:"
	termWho       = "who:"
	termText      = "text:"

	// Behind the last two.
	wholeWord = "w:"
	beginning = "b:"
)

// Key is a row of the index: a term of one organization.
type Key struct{ Organization, Term string }

// Index is the events of one block by term.
type Index map[Key]*Bits

// Add takes an event in. All events of an index are of one block.
func (x Index) Add(e Event) {
	seen := map[string]bool{}
	for _, term := range terms(e) {
		if seen[term] {
			continue
		}
		seen[term] = true
		key := Key{e.Organization, term}
		if x[key] == nil {
			x[key] = &Bits{}
		}
		x[key].add(e.Seq)
	}
}

// terms lists what e is found by, some more than once.
func terms(e Event) []string {
	out := []string{termAll, termActorType + string(e.ActorType), termAction + string(e.Action), termType + string(e.Target.Type)}
	for _, of := range [][2]string{{termActor, e.ActorID}, {termWorkspace, e.Workspace},
		{termAbout, e.ActorID}, {termAbout, e.TokenID}, {termAbout, e.Target.ID}} {
		if of[1] != "" {
			out = append(out, of[0]+of[1])
		}
	}
	for _, word := range whoWords(e) {
		out = appendWord(out, termWho, word)
	}
	for _, word := range textWords(e) {
		out = appendWord(out, termText, word)
	}
	return out
}

// appendWord adds what [wordClause] asks for: the whole of a word that is very short or long,
// and the beginnings of one that is not short.
func appendWord(out []string, kind, word string) []string {
	n := utf8.RuneCountInString(word)
	if n < shortWord || n > prefixWord {
		out = append(out, kind+wholeWord+word)
	}
	for length := shortWord; length <= min(n, prefixWord); length++ {
		out = append(out, kind+beginning+cut(word, length))
	}
	return out
}
