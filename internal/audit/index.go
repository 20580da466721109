package audit

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"unicode/utf8"

	"latchkey/internal/plaintext"
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

// Differs names the first event of the block that the stored rows show otherwise than the index
// that was made of the events; 0 is none. A row that cannot be read counts for the whole block.
func (x *Index) Differs(stored map[Key][]byte) int64 {
	first := int64(0)
	note := func(seq int64) {
		if first == 0 || seq < first {
			first = seq
		}
	}
	for key, row := range x.rows {
		if !bytes.Equal(stored[key], encode(row, x.block.Size)) {
			note(x.firstOther(row, stored[key]))
		}
	}
	for key, row := range stored {
		if _, known := x.rows[key]; !known {
			note(x.firstOther(nil, row))
		}
	}
	return first
}

// firstOther is the first event that only one of a row and its stored form has.
func (x *Index) firstOther(row []uint16, stored []byte) int64 {
	want, got := NewSeqs(), NewSeqs()
	for _, offset := range row {
		want.Add(x.block.First + int64(offset))
	}
	if len(stored) > 0 && got.AddStored(x.block, stored) != nil {
		return x.block.First
	}
	first := x.block.First
	for a, b := want.Above(0, 0, len(row)), got.Above(0, 0, got.Len()); ; a, b = a[1:], b[1:] {
		switch {
		case len(a) == 0 && len(b) == 0:
			return first // the same events, stored otherwise
		case len(b) == 0 || len(a) > 0 && a[0] < b[0]:
			return a[0]
		case len(a) == 0 || b[0] < a[0]:
			return b[0]
		}
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
		out = append(out, kind+beginning+plaintext.Clip(word, length))
	}
	return out
}
