package audit

import (
	"cmp"
	"maps"
	"slices"
	"unicode/utf8"
)

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

// Key is a row of the index of a block: a term of one organization.
type Key struct{ Organization, Term string }

// Index is the events of one block by term.
type Index struct {
	block Block
	rows  map[Key][]uint16 // offsets from the block's first number, ascending
}

// NewIndex makes the index of a block without events.
func NewIndex(b Block) *Index { return &Index{b, map[Key][]uint16{}} }

// Add takes an event of the block in. They come in the order of their numbers.
func (x *Index) Add(e Event) {
	offset := uint16(e.Seq - x.block.First)
	for _, term := range terms(e) {
		key := Key{e.Organization, term}
		row := x.rows[key]
		if n := len(row); n == 0 || row[n-1] != offset { // an event may have a term twice
			x.rows[key] = append(row, offset)
		}
	}
}

// Keys lists the rows in their order.
func (x *Index) Keys() []Key {
	return slices.SortedFunc(maps.Keys(x.rows), func(a, b Key) int {
		return cmp.Or(cmp.Compare(a.Organization, b.Organization), cmp.Compare(a.Term, b.Term))
	})
}

// Stored is what the index stores of a row; see [Seqs.AddStored].
func (x *Index) Stored(k Key) []byte { return encode(x.rows[k], x.block.Size) }

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
