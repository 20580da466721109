// Package search is the search index of the audit log: for each term, the numbers of the
// events that have it.
//
// The index is divided into blocks of [BlockSize] numbers. Each term that occurs in a block
// has one row there, a compressed set of numbers. A row that is there tells the truth: all
// events in it have the term. Up to which event the rows of a block are complete, its [Block]
// says. So a search takes the events from the rows and looks at those that are not indexed
// yet, the [Gaps], one by one.
//
// The package does no I/O and knows no events: package audit decides which terms an event has
// and which terms a filter asks for, and the store reads and writes the rows.
package search

// BlockSize is how many numbers belong to a block. Block 0 holds the numbers below BlockSize,
// block 1 those below twice BlockSize, and so on.
const BlockSize = 1 << 16

// MinStep is how many new events [Next] waits for: writing rows for fewer is not worth it.
const MinStep = 1024

// Block is the state of one block of the index.
type Block struct {
	Number   int64 // BlockOf its events
	Complete int64 // number of the event up to which its rows are complete
}

// BlockOf returns the number of the block to which an event belongs.
func BlockOf(seq int64) int64 { return seq / BlockSize }

// Range is a range of event numbers, both ends included. It is empty when High is less than Low.
type Range struct{ Low, High int64 }

// Gaps returns the parts of within that are not indexed. The blocks are in ascending order.
func Gaps(blocks []Block, within Range) []Range {
	var gaps []Range
	low := within.Low
	for _, b := range blocks {
		if first := b.Number * BlockSize; low < first && low <= within.High {
			gaps = append(gaps, Range{low, min(first-1, within.High)})
		}
		low = max(low, b.Complete+1)
	}
	if low <= within.High {
		gaps = append(gaps, Range{low, within.High})
	}
	return gaps
}

// Next returns the events to index next, all of one block, and reports whether there are any.
// All events of the log lie in within. The newest ones wait until they are many enough or
// complete their block.
func Next(blocks []Block, within Range) (Range, bool) {
	for _, gap := range Gaps(blocks, within) {
		end := (BlockOf(gap.Low)+1)*BlockSize - 1
		next := Range{gap.Low, min(gap.High, end)}
		if next.High == end || next.High-next.Low >= MinStep-1 {
			return next, true
		}
	}
	return Range{}, false
}
