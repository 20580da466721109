package verify

import (
	"encoding/binary"
	"sync"
)

// shard is a hash table of entries by their digest. A digest is evenly distributed as it is, so its
// bytes choose the slot, and the table holds nothing but a pointer to each entry. A map by digest
// took 70 to 100 bytes for each token instead of 11 to 22, of 342 in all for a million.
type shard struct {
	mu    sync.RWMutex
	slots []*entry // a power of two, at most three quarters of them used
	used  int
}

// leastSlots is the size of a table with one entry.
const leastSlots = 8

// home returns the slot at which the search for a digest begins. The first byte has chosen the shard.
func (s *shard) home(digest *[32]byte) int {
	return int(binary.LittleEndian.Uint32(digest[1:]) & uint32(len(s.slots)-1))
}

// slot returns the slot of the digest: that of its entry, or the free one where it would be. There
// must be a free slot.
func (s *shard) slot(digest *[32]byte) int {
	i := s.home(digest)
	for s.slots[i] != nil && s.slots[i].digest != *digest {
		i = (i + 1) & (len(s.slots) - 1)
	}
	return i
}

// find returns the entry with the digest, or nil. The caller holds mu.
func (s *shard) find(digest *[32]byte) *entry {
	if s.used == 0 {
		return nil
	}
	return s.slots[s.slot(digest)]
}

// put adds e, in the place of the entry with its digest if there is one. The caller holds mu.
func (s *shard) put(e *entry) {
	if 4*(s.used+1) > 3*len(s.slots) {
		s.grow()
	}
	i := s.slot(&e.digest)
	if s.slots[i] == nil {
		s.used++
	}
	s.slots[i] = e
}

func (s *shard) grow() {
	old := s.slots
	s.slots = make([]*entry, max(leastSlots, 2*len(old)))
	for _, e := range old {
		if e != nil {
			s.slots[s.slot(&e.digest)] = e
		}
	}
}

// remove removes the entry with the digest and returns it, or nil. It moves the entries behind it that
// would not be found with a free slot before them. The caller holds mu.
func (s *shard) remove(digest *[32]byte) *entry {
	removed := s.find(digest)
	if removed == nil {
		return nil
	}
	last := len(s.slots) - 1
	free := s.slot(digest)
	for i := (free + 1) & last; s.slots[i] != nil; i = (i + 1) & last {
		if (i-s.home(&s.slots[i].digest))&last >= (i-free)&last {
			s.slots[free] = s.slots[i]
			free = i
		}
	}
	s.slots[free] = nil
	s.used--
	return removed
}

func (s *shard) yield(yield func(*entry) bool) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, e := range s.slots {
		if e != nil && !yield(e) {
			return false
		}
	}
	return true
}
