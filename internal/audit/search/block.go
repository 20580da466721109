// Package search is the search index of the audit log: for each term, the numbers of the
// events that have it.
//
// The index is divided into blocks of [BlockSize] numbers. Each term that occurs in a block has
// one row there, a compressed set of numbers. Every event in a row has the term. The range of
// events for which the rows of a block are complete is recorded separately. So a search takes
// events from the rows, and looks at the events in the [Gaps] between these ranges one by one.
//
// The package does no I/O and knows no events: package audit decides which terms an event has
// and which terms a filter asks for, and the store reads and writes the rows.
package search

// BlockSize is how many numbers belong to a block. Block 0 is the numbers below BlockSize, block 1
// is the next ones, and so on.
const BlockSize = 1 << 16

// MinStep is how many new events [Next] waits for: writing rows for fewer is not worth it.
const MinStep = 1024

// BlockOf returns the number of the block to which an event belongs.
func BlockOf(seq int64) int64 { return seq / BlockSize }

// Range is a range of event numbers, both ends included. It is empty if High is less than Low.
type Range struct{ Low, High int64 }

// Gaps returns the parts of within that are not indexed. The indexed ranges are in ascending order
// and do not overlap.
func Gaps(indexed []Range, within Range) []Range {
	var gaps []Range
	low := within.Low
	for _, r := range indexed {
		if high := min(r.Low-1, within.High); low <= high {
			gaps = append(gaps, Range{low, high})
		}
		low = max(low, r.High+1)
	}
	if low <= within.High {
		gaps = append(gaps, Range{low, within.High})
	}
	return gaps
}

// Next returns the events of the log to index next, all of one block, and reports whether there
// are any. The newest events wait until they are MinStep or complete their block.
func Next(indexed []Range, log Range) (Range, bool) {
	for _, gap := range Gaps(indexed, log) {
		end := (BlockOf(gap.Low)+1)*BlockSize - 1
		next := Range{gap.Low, min(gap.High, end)}
		if next.High == end || next.High-next.Low >= MinStep-1 {
			return next, true
		}
	}
	return Range{}, false
}
