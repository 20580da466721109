package actor

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
)

// MaxRanges is the number of ranges that a list of allowed addresses may have.
const MaxRanges = 32

// Ranges is a list of allowed addresses. The zero value has no ranges and restricts nothing.
//
// It is sorted, IPv4 first, and has no range that is part of another, so two lists that allow the same
// ranges are equal. It holds no address in IPv4-in-IPv6 form, so IPv6 ranges, even ::/0, do not cover
// IPv4 addresses. It is immutable.
type Ranges struct{ list []netip.Prefix }

// ParseRanges reads what people type: addresses and ranges in CIDR notation, separated by blanks, commas,
// semicolons or new lines. An address is the range of itself. The error is [fault.Invalid], and says
// which entry is wrong and how to write it.
func ParseRanges(text string) (Ranges, error) {
	var list []netip.Prefix
	for entry := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(" \t\r\n,;", r) }) {
		p, wrong := parseRange(entry)
		if wrong != "" {
			return Ranges{}, fault.NewInvalid(quoteRange(entry) + " " + wrong)
		}
		list = append(list, p)
	}
	r := rangesOf(list)
	if len(r.list) > MaxRanges {
		return Ranges{}, fault.NewInvalid("Enter at most " + strconv.Itoa(MaxRanges) + " ranges. These are " + strconv.Itoa(len(r.list)) + ".")
	}
	return r, nil
}

// quoteRange returns the beginning of an entry, as errors repeat it.
func quoteRange(entry string) string { return `"` + plaintext.Shorten(plaintext.Mend(entry), 50) + `"` }

// parseRange returns the range that an entry names, or what is wrong with it.
func parseRange(entry string) (p netip.Prefix, wrong string) {
	const none = "is not an IP address or a range such as 192.0.2.0/24 or 2001:db8::/32."
	if strings.Contains(entry, "%") {
		return p, "has a zone. Leave out the zone, from % on."
	}
	addr, bits, sized := strings.Cut(entry, "/")
	a, err := netip.ParseAddr(addr)
	if err != nil {
		return p, none
	}
	if p = netip.PrefixFrom(a, a.BitLen()); sized {
		if p, err = netip.ParsePrefix(addr + "/" + bits); err != nil {
			return p, none
		}
	}
	if a.Is4In6() {
		const mapped = 128 - 32 // bits before the IPv4 address
		if p.Bits() < mapped {
			return p, "covers more than IPv4 addresses in IPv6 form. Enter an IPv4 range such as 192.0.2.0/24."
		}
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-mapped)
	}
	if right := p.Masked(); right != p {
		return p, "is an address inside of a range: use " + right.String() + " for the range, or " + p.Addr().String() + " for the address."
	}
	return p, ""
}

// rangesOf returns the ranges in their order, without those that are part of another.
func rangesOf(list []netip.Prefix) Ranges {
	slices.SortFunc(list, func(a, b netip.Prefix) int {
		return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
	})
	var kept []netip.Prefix
	for _, p := range list { // a range that contains p begins with the same address or an earlier one
		if n := len(kept); n == 0 || !kept[n-1].Overlaps(p) {
			kept = append(kept, p)
		}
	}
	return Ranges{kept}
}

// StoredRanges reads the result of [Ranges.String]. The error is for everything else: what cannot be read
// must not count as no restriction.
func StoredRanges(text string) (Ranges, error) {
	if text == "" {
		return Ranges{}, nil
	}
	r, err := ParseRanges(text)
	if err == nil && r.String() != text {
		err = fault.NewInvalid("stored ranges are not in their form")
	}
	return r, err
}

// String returns the ranges in CIDR notation, separated by commas; "" if there are none.
func (r Ranges) String() string { return strings.Join(r.Texts(), ",") }

// Texts returns the ranges in CIDR notation.
func (r Ranges) Texts() []string {
	texts := make([]string, len(r.list))
	for i, p := range r.list {
		texts[i] = p.String()
	}
	return texts
}

// None reports whether there are no ranges, so that every address is allowed.
func (r Ranges) None() bool { return len(r.list) == 0 }

// Equal reports whether both lists allow the same addresses.
func (r Ranges) Equal(other Ranges) bool { return slices.Equal(r.list, other.list) }

// Allow reports whether the client may have the address. An invalid address, which stands for an unknown
// one, is allowed only if there are no ranges.
func (r Ranges) Allow(addr netip.Addr) bool { return r.None() || within(r.list, plain(addr)) }

// plain returns the address without the IPv4-in-IPv6 form and without a zone.
func plain(addr netip.Addr) netip.Addr { return addr.Unmap().WithZone("") }

// Limit is what several lists of ranges allow together. A nil Limit allows every address. One without
// ranges, which two lists that have no address in common make, allows none.
type Limit struct{ both []netip.Prefix }

// NewLimit returns the limit that a token's own ranges and those of its organization make: an address must
// satisfy both. It is nil if neither restricts anything.
func NewLimit(own, organization Ranges) *Limit {
	switch {
	case own.None() && organization.None():
		return nil
	case own.None():
		return &Limit{organization.list}
	case organization.None():
		return &Limit{own.list}
	}
	var both []netip.Prefix
	for _, a := range own.list {
		for _, b := range organization.list {
			if a.Overlaps(b) { // one contains the other
				both = append(both, netip.PrefixFrom(a.Addr(), a.Bits()))
				if b.Bits() > a.Bits() {
					both[len(both)-1] = b
				}
			}
		}
	}
	return &Limit{rangesOf(both).list}
}

// Allows reports whether the client may have the address. An invalid one, which stands for an unknown
// address, is allowed only by a nil limit.
func (l *Limit) Allows(addr netip.Addr) bool { return l == nil || within(l.both, plain(addr)) }

// Texts returns the ranges in CIDR notation.
func (l *Limit) Texts() []string { return Ranges{l.both}.Texts() }
