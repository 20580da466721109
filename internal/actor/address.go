package actor

import (
	"net"
	"net/netip"
	"strings"
)

// ClientAddress returns the address of the client behind a connection. peer is the other
// end of the connection, as host:port. forwarded holds the lines of X-Forwarded-For, which
// are trusted as far as trusted proxies wrote them: from the right, the client is the first
// address that is not a trusted proxy. Empty entries are skipped (RFC 9110, section 5.6.1). An
// entry that is not an address ends the chain, since only the client can have made it up; so do
// entries beyond 4 KiB.
//
// The result has no zone and no IPv4-in-IPv6 form. It is invalid if peer is not an address; see
// [AddressText].
func ClientAddress(peer string, forwarded []string, trusted []netip.Prefix) netip.Addr {
	addr, ok := ParseAddress(peer)
	if !ok || len(trusted) == 0 {
		return addr
	}
	left := maxForwarded
	for i := len(forwarded) - 1; i >= 0; i-- {
		for rest, more := forwarded[i], true; more; {
			if !within(trusted, addr) {
				return addr
			}
			var entry string
			rest, entry, more = cutLast(rest)
			if left -= len(entry) + 1; left < 0 {
				return addr
			}
			if entry = strings.Trim(entry, " \t"); entry == "" {
				continue
			}
			next, ok := ParseAddress(entry)
			if !ok {
				return addr
			}
			addr = next
		}
	}
	return addr
}

// AddressText returns an address as logs and events keep it: "" if it is invalid.
func AddressText(addr netip.Addr) string {
	if !addr.IsValid() {
		return ""
	}
	return addr.String()
}

// maxForwarded bounds how much of X-Forwarded-For is looked at, counted from its end.
const maxForwarded = 4 << 10

// cutLast cuts a list at its last comma; more reports whether there was one.
func cutLast(list string) (before, last string, more bool) {
	i := strings.LastIndexByte(list, ',')
	return list[:max(i, 0)], list[i+1:], i >= 0
}

// Trusts reports whether a peer, as host:port, is one of the trusted proxies.
func Trusts(trusted []netip.Prefix, peer string) bool {
	addr, ok := ParseAddress(peer)
	return ok && within(trusted, addr)
}

func within(networks []netip.Prefix, addr netip.Addr) bool {
	for _, n := range networks {
		if n.Contains(addr) {
			return true
		}
	}
	return false
}

// ParseAddress reads an IP address as proxies and connections write it: alone, with a port
// ("203.0.113.9:4711"), in brackets ("[2001:db8::7]", "[2001:db8::7]:4711"), with a zone,
// surrounded by blanks. The zone is dropped and an IPv4-in-IPv6 address becomes IPv4.
func ParseAddress(s string) (netip.Addr, bool) {
	s = strings.Trim(s, " \t")
	if host, _, err := net.SplitHostPort(s); err == nil {
		s = host
	} else if inner, ok := strings.CutPrefix(s, "["); ok {
		if s, ok = strings.CutSuffix(inner, "]"); !ok {
			return netip.Addr{}, false
		}
	}
	addr, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}, false
	}
	return addr.Unmap().WithZone(""), true
}

// Network returns the network that counts as one client: the /64 of an IPv6 address, since a
// host usually chooses its address freely within one, and the address alone of IPv4. Zone and
// IPv4-in-IPv6 form make no difference. The invalid address is returned as it is.
func Network(addr netip.Addr) netip.Addr {
	addr = addr.Unmap().WithZone("")
	if addr.Is4() || !addr.IsValid() {
		return addr
	}
	return netip.PrefixFrom(addr, 64).Masked().Addr()
}

// Network returns [Network] of the address. An address that is none is returned unchanged.
func (o Origin) Network() string {
	addr, ok := ParseAddress(o.IP)
	if !ok {
		return o.IP
	}
	return Network(addr).String()
}
