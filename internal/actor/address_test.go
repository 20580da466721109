package actor

import (
	"net/netip"
	"strings"
	"testing"
)

// Addresses lists what connections and proxies write, and the client that it names.
func TestClientAddress_IsTheSameHoweverItIsWritten(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:ffff::/48")}
	for _, c := range []struct {
		name, peer, want string
		forwarded        []string
	}{
		{name: "a connection", peer: "203.0.113.9:4711", want: "203.0.113.9"},
		{name: "an IPv6 connection", peer: "[2001:db8::7]:4711", want: "2001:db8::7"},
		{name: "a zone", peer: "[fe80::1%eth0]:4711", want: "fe80::1"},
		{name: "IPv4 in IPv6", peer: "[::ffff:203.0.113.9]:4711", want: "203.0.113.9"},
		{name: "no address", peer: "@", want: "invalid IP"},
		{name: "a stranger's header", peer: "203.0.113.9:1", forwarded: []string{"198.51.100.1"}, want: "203.0.113.9"},
		{name: "a proxy's header", peer: "10.0.0.1:1", forwarded: []string{"203.0.113.9"}, want: "203.0.113.9"},
		{name: "a proxy without a header", peer: "10.0.0.1:1", want: "10.0.0.1"},
		{name: "with a port", peer: "10.0.0.1:1", forwarded: []string{"203.0.113.9:4711"}, want: "203.0.113.9"},
		{name: "in brackets", peer: "10.0.0.1:1", forwarded: []string{"[2001:db8::7]"}, want: "2001:db8::7"},
		{name: "in brackets with a port", peer: "10.0.0.1:1", forwarded: []string{"[2001:db8::7]:4711"}, want: "2001:db8::7"},
		{name: "with a zone", peer: "10.0.0.1:1", forwarded: []string{"fe80::1%eth0"}, want: "fe80::1"},
		{name: "mapped", peer: "10.0.0.1:1", forwarded: []string{"::ffff:203.0.113.9"}, want: "203.0.113.9"},
		{name: "what the client made up is left of it", peer: "10.0.0.1:1", forwarded: []string{"1.1.1.1, 203.0.113.9"}, want: "203.0.113.9"},
		{name: "two proxies", peer: "10.0.0.1:1", forwarded: []string{"203.0.113.9, 10.0.0.2"}, want: "203.0.113.9"},
		{name: "an IPv6 proxy", peer: "10.0.0.1:1", forwarded: []string{"203.0.113.9,2001:db8:ffff::2"}, want: "203.0.113.9"},
		{name: "several lines", peer: "10.0.0.1:1", forwarded: []string{"1.1.1.1", "203.0.113.9", "10.0.0.2"}, want: "203.0.113.9"},
		{name: "nothing but proxies", peer: "10.0.0.1:1", forwarded: []string{"10.0.0.3, 10.0.0.2"}, want: "10.0.0.3"},
		{name: "no address ends the chain", peer: "10.0.0.1:1", forwarded: []string{"203.0.113.9, unknown, 10.0.0.2"}, want: "10.0.0.2"},
		{name: "empty entries", peer: "10.0.0.1:1", forwarded: []string{" , 203.0.113.9, ,10.0.0.2,", ""}, want: "203.0.113.9"},
		{name: "an address beyond what is looked at", peer: "10.0.0.1:1", forwarded: []string{"203.0.113.9" + strings.Repeat(",", 10_000)}, want: "10.0.0.1"},
		{name: "commas", peer: "10.0.0.1:1", forwarded: []string{strings.Repeat(",", 10_000)}, want: "10.0.0.1"},
		{name: "a long list of proxies", peer: "10.0.0.1:1", forwarded: []string{"203.0.113.9," +
			strings.Repeat("10.0.0.2,", 5_000) + "10.0.0.2"}, want: "10.0.0.2"},
	} {
		if got := ClientAddress(c.peer, c.forwarded, trusted).String(); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestAddressText_OfNoAddressIsEmpty(t *testing.T) {
	if got := AddressText(ClientAddress("@", nil, nil)); got != "" {
		t.Errorf("a connection without an address is recorded as %q", got)
	}
}

func TestParseAddress_RefusesWhatIsNone(t *testing.T) {
	for _, s := range []string{"", "unknown", "203.0.113", "[2001:db8::7", "2001:db8::7]", "203.0.113.9:4711:1", "host:80", "_hidden"} {
		if addr, ok := ParseAddress(s); ok {
			t.Errorf("%q is %s", s, addr)
		}
	}
}

func TestNetwork_IsOneClient(t *testing.T) {
	for in, want := range map[string]string{
		"203.0.113.9": "203.0.113.9", "::ffff:203.0.113.9": "203.0.113.9",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::", "fe80::1%eth0": "fe80::",
	} {
		if got := Network(netip.MustParseAddr(in)).String(); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
	if Network(netip.Addr{}).IsValid() {
		t.Error("no address has a network")
	}
}

func TestNewOrigin_CutsTheAgentToWholeCharacters(t *testing.T) {
	o := NewOrigin("::1", strings.Repeat("a", maxAgent-1)+"é\xff", "r")
	if o.UserAgent != strings.Repeat("a", maxAgent-1) {
		t.Errorf("agent = %q", o.UserAgent)
	}
}
