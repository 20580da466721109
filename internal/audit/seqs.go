package audit

import (
	"encoding/binary"
	"errors"
	"maps"
	"math/bits"
	"slices"
)

// span is how many numbers share a part of the set.
const span = 1024

// part is a subset of one span: bit i of part n stands for the number n*span+1+i.
type part [span / 64]uint64

// partOf is the part of a number, and start the first number of a part.
func partOf(seq int64) int64  { return (seq - 1) / span }
func start(part int64) int64  { return part*span + 1 }
func (p *part) add(seq int64) { i := (seq - 1) % span; p[i/64] |= 1 << (i % 64) }

func (p *part) count() int {
	n := 0
	for _, word := range p {
		n += bits.OnesCount64(word)
	}
	return n
}

// The two stored forms of the numbers of a block: their offsets, while that is shorter, or a
// bit for each.
const (
	formList byte = 1
	formBits byte = 2
)

// encode is the stored form of ascending offsets in a block of the given size.
func encode(offsets []uint16, size int64) []byte {
	if int64(2*len(offsets)) < size/8 {
		out := append(make([]byte, 0, 1+2*len(offsets)), formList)
		for _, i := range offsets {
			out = binary.LittleEndian.AppendUint16(out, i)
		}
		return out
	}
	out := make([]byte, 1+size/8)
	out[0] = formBits
	for _, i := range offsets {
		out[1+i/8] |= 1 << (i % 8)
	}
	return out
}

var errStored = errors.New("audit: the index is damaged")

// Seqs is a set of numbers of events. The zero value is not ready: use [NewSeqs].
type Seqs struct{ parts map[int64]*part }

// NewSeqs makes an empty set.
func NewSeqs() *Seqs { return &Seqs{parts: map[int64]*part{}} }

func (s *Seqs) part(n int64) *part {
	p := s.parts[n]
	if p == nil {
		p = &part{}
		s.parts[n] = p
	}
	return p
}

// Add puts a number in.
func (s *Seqs) Add(seq int64) { s.part(partOf(seq)).add(seq) }

// AddStored adds the numbers of a block in their stored form.
func (s *Seqs) AddStored(b Block, stored []byte) error {
	if len(stored) == 0 {
		return errStored
	}
	switch body := stored[1:]; {
	case stored[0] == formList && len(body)%2 == 0:
		for ; len(body) > 0; body = body[2:] {
			i := int64(binary.LittleEndian.Uint16(body))
			if i >= b.Size {
				return errStored
			}
			s.Add(b.First + i)
		}
	case stored[0] == formBits && int64(len(body)) == b.Size/8:
		for n := partOf(b.First); len(body) > 0; n++ {
			p := s.part(n)
			for i := range p {
				p[i] |= binary.LittleEndian.Uint64(body)
				body = body[8:]
			}
		}
	default:
		return errStored
	}
	return nil
}

// Intersect keeps what is also in other.
func (s *Seqs) Intersect(other *Seqs) {
	for n, p := range s.parts {
		o := other.parts[n]
		if o == nil {
			delete(s.parts, n)
			continue
		}
		for i := range p {
			p[i] &= o[i]
		}
	}
}

// Clip keeps the numbers from low to high, both included.
func (s *Seqs) Clip(low, high int64) {
	for n, p := range s.parts {
		switch first, last := start(n), start(n+1)-1; {
		case high < first || low > last:
			delete(s.parts, n)
		case low > first || high < last:
			var inside part
			for seq := max(low, first); seq <= min(high, last); seq++ {
				inside.add(seq)
			}
			for i := range p {
				p[i] &= inside[i]
			}
		}
	}
}

// Len is how many numbers are in the set.
func (s *Seqs) Len() int {
	n := 0
	for _, p := range s.parts {
		n += p.count()
	}
	return n
}

// Counts is how many numbers lie from each bound to before the next one; bounds ascend, and
// after the last one all count.
func (s *Seqs) Counts(bounds []int64) []int {
	out := make([]int, len(bounds))
	for n, p := range s.parts {
		first, last := rangeOf(bounds, start(n)), rangeOf(bounds, start(n+1)-1)
		if first == last {
			if first >= 0 {
				out[first] += p.count()
			}
			continue
		}
		p.each(n, func(seq int64) {
			if i := rangeOf(bounds, seq); i >= 0 {
				out[i]++
			}
		})
	}
	return out
}

// rangeOf is the last of the bounds that is not above seq; -1 is none.
func rangeOf(bounds []int64, seq int64) int {
	i, found := slices.BinarySearch(bounds, seq)
	for found && i+1 < len(bounds) && bounds[i+1] == seq { // of equal bounds the last one counts
		i++
	}
	if found {
		return i
	}
	return i - 1
}

func (p *part) each(n int64, do func(seq int64)) {
	for w, word := range p {
		for ; word != 0; word &= word - 1 {
			do(start(n) + int64(w*64+bits.TrailingZeros64(word)))
		}
	}
}

// Above lists up to n numbers greater than seq, ascending, after leaving out the first skip of them.
func (s *Seqs) Above(seq int64, skip, n int) []int64 {
	var out []int64
	for _, i := range slices.Sorted(maps.Keys(s.parts)) {
		p := s.parts[i]
		switch {
		case start(i+1)-1 <= seq:
			continue
		case start(i) > seq && p.count() <= skip:
			skip -= p.count()
			continue
		}
		p.each(i, func(found int64) {
			switch {
			case found <= seq || len(out) == n:
			case skip > 0:
				skip--
			default:
				out = append(out, found)
			}
		})
		if len(out) == n {
			break
		}
	}
	return out
}

// Below lists up to n numbers less than seq, descending, after leaving out the first skip of them.
func (s *Seqs) Below(seq int64, skip, n int) []int64 {
	var out []int64
	for _, i := range slices.Backward(slices.Sorted(maps.Keys(s.parts))) {
		p := s.parts[i]
		switch {
		case start(i) >= seq:
			continue
		case start(i+1)-1 < seq && p.count() <= skip:
			skip -= p.count()
			continue
		}
		var here []int64
		p.each(i, func(found int64) {
			if found < seq {
				here = append(here, found)
			}
		})
		slices.Reverse(here)
		left := min(skip, len(here))
		skip, here = skip-left, here[left:]
		out = append(out, here[:min(len(here), n-len(out))]...)
		if len(out) == n {
			break
		}
	}
	return out
}
