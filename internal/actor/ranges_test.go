package actor

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"latchkey/internal/fault"
)

func TestParseRanges_HasOneFormForEachList(t *testing.T) {
	for in, want := range map[string]string{
		"":                                     "",
		" \r\n ,;":                             "",
		"192.0.2.7":                            "192.0.2.7/32",
		"2001:db8::7":                          "2001:db8::7/128",
		"192.0.2.0/24":                         "192.0.2.0/24",
		"2001:DB8:0:0::/32":                    "2001:db8::/32",
		"0.0.0.0/0, ::/0":                      "0.0.0.0/0,::/0",
		"::ffff:192.0.2.7":                     "192.0.2.7/32",
		"::ffff:192.0.2.0/120":                 "192.0.2.0/24",
		"::ffff:0:0/96":                        "0.0.0.0/0",
		"2001:db8::/32\r\n10.0.0.0/8\n1.2.3.4": "1.2.3.4/32,10.0.0.0/8,2001:db8::/32",
		"10.0.0.0/8 10.0.0.0/8;10.0.0.0/8":     "10.0.0.0/8",
		"10.1.0.0/16,10.2.3.4,10.0.0.0/8":      "10.0.0.0/8",
		"10.0.0.0/8 11.0.0.0/8":                "10.0.0.0/8,11.0.0.0/8",
		"::/0 2001:db8::1 1.1.1.1":             "1.1.1.1/32,::/0",
	} {
		r, err := ParseRanges(in)
		if err != nil || r.String() != want {
			t.Errorf("%q: %q, %v; want %q", in, r, err, want)
		}
		if again, err := StoredRanges(r.String()); err != nil || again.String() != want {
			t.Errorf("%q is read back as %q, %v", r, again, err)
		}
	}
}

func TestParseRanges_SaysHowToWriteIt(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.7/24":                 "use 192.0.2.0/24 for the range, or 192.0.2.7 for the address",
		"2001:db8::1/32":               "use 2001:db8::/32",
		"::ffff:192.0.2.7/120":         "use 192.0.2.0/24",
		"10.0.0.0/8 192.0.2.1/0":       `"192.0.2.1/0" is an address inside of a range: use 0.0.0.0/0`,
		"fe80::1%eth0":                 "has a zone",
		"fe80::%eth0/64":               "has a zone",
		"fe80::/64%eth0":               "has a zone",
		"::ffff:0:0/90":                "Enter an IPv4 range",
		"192.0.2.0/33":                 "is not an IP address or a range such as 192.0.2.0/24",
		"192.0.2.0/024":                "is not",
		"192.0.2.0/-1":                 "is not",
		"192.0.2.0/":                   "is not",
		"/24":                          "is not",
		"192.0.2":                      "is not",
		"192.0.02.1":                   "is not",
		"192.0.2.*":                    "is not",
		"192.0.2.1-192.0.2.9":          "is not",
		"192.0.2.0/255.255.255.0":      "is not",
		"192.0.2.1:80":                 "is not",
		"[2001:db8::1]":                "is not",
		"example.com":                  `"example.com" is not`,
		"１９２.0.2.1":                    "is not",
		"a\xffb":                       "is not",
		strings.Repeat("9", 1_000_000): `9…" is not`,
	} {
		_, err := ParseRanges(in)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Of(err).Message, want) || len(fault.Of(err).Message) > 250 {
			t.Errorf("%.40q: %.300v, want %q", in, err, want)
		}
	}
}

func TestParseRanges_AcceptsThirtyTwo(t *testing.T) {
	list := func(n int) (s string) {
		for i := range n {
			s += fmt.Sprintf("10.%d.0.0/16\n10.%d.1.1\n", 2*i, 2*i)
		}
		return s
	}
	if _, err := ParseRanges(list(MaxRanges)); err != nil {
		t.Error(err)
	}
	if _, err := ParseRanges(list(MaxRanges + 1)); err == nil || !strings.Contains(fault.Of(err).Message, "at most 32 ranges. These are 33") {
		t.Error(err)
	}
}

func TestStoredRanges_ReadsNothingElse(t *testing.T) {
	for _, in := range []string{" ", "x", "10.0.0.1/8", "10.0.0.0/8, ::/0", "10.0.0.1", "::/0,10.0.0.0/8"} {
		if r, err := StoredRanges(in); err == nil {
			t.Errorf("%q is read as %q", in, r)
		}
	}
}

// A range allows an address in both of its forms, and neither unknown addresses nor those of the other family.
func TestRanges_Allow(t *testing.T) {
	for _, c := range []struct {
		ranges, addr string
		want         bool
	}{
		{"", "", true},
		{"", "203.0.113.9", true},
		{"192.0.2.0/24", "192.0.2.255", true},
		{"192.0.2.0/24", "::ffff:192.0.2.255", true},
		{"192.0.2.0/24", "192.0.3.0", false},
		{"192.0.2.0/24", "", false},
		{"::ffff:192.0.2.0/120", "192.0.2.9", true},
		{"0.0.0.0/0", "255.255.255.255", true},
		{"0.0.0.0/0", "::", false},
		{"::/0", "2001:db8::1", true},
		{"::/0", "192.0.2.1", false},
		{"::/0", "::ffff:192.0.2.1", false},
		{"0.0.0.0/0 ::/0", "::ffff:192.0.2.1", true},
		{"0.0.0.0/0 ::/0", "", false},
		{"fe80::/64", "fe80::1%eth0", true},
	} {
		r, err := ParseRanges(c.ranges)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Allow(address(c.addr)); got != c.want {
			t.Errorf("%q allows %q: %t", c.ranges, c.addr, got)
		}
		if got := NewLimit(r, Ranges{}).Allows(address(c.addr)); got != c.want {
			t.Errorf("a limit of %q allows %q: %t", c.ranges, c.addr, got)
		}
	}
}

func address(s string) netip.Addr {
	addr, _ := netip.ParseAddr(s)
	return addr
}

// A limit allows what both lists allow, and says so in the fewest ranges.
func TestNewLimit_IsWhatBothAllow(t *testing.T) {
	for _, c := range []struct{ own, organization, want string }{
		{"10.0.0.0/8", "", "10.0.0.0/8"},
		{"", "10.0.0.0/8", "10.0.0.0/8"},
		{"10.0.0.0/8", "10.1.0.0/16 10.2.0.0/16 192.0.2.1", "10.1.0.0/16,10.2.0.0/16"},
		{"10.1.0.0/16 2001:db8::/32", "0.0.0.0/0 ::/0", "10.1.0.0/16,2001:db8::/32"},
		{"10.0.0.0/8", "10.0.0.0/8", "10.0.0.0/8"},
		{"10.0.0.0/8", "192.0.2.0/24", ""},
		{"::/0", "0.0.0.0/0", ""},
	} {
		own, _ := ParseRanges(c.own)
		organization, _ := ParseRanges(c.organization)
		l := NewLimit(own, organization)
		if got := strings.Join(l.Texts(), ","); got != c.want {
			t.Errorf("%q and %q: %q, want %q", c.own, c.organization, got, c.want)
		}
		for _, addr := range []string{"", "10.0.0.1", "10.1.0.1", "10.2.9.9", "192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db9::1"} {
			a := address(addr)
			if l.Allows(a) != (own.Allow(a) && organization.Allow(a)) {
				t.Errorf("%q and %q: %q is allowed: %t", c.own, c.organization, addr, l.Allows(a))
			}
		}
	}
	if NewLimit(Ranges{}, Ranges{}) != nil {
		t.Error("two lists without ranges make a limit")
	}
}

func FuzzParseRanges(f *testing.F) {
	for _, s := range []string{"", "192.0.2.0/24,::1", "::ffff:1.2.3.4/120 fe80::%x/64", "1.2.3.4/0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRanges(s)
		if err != nil {
			return
		}
		if again, err := StoredRanges(r.String()); err != nil || again.String() != r.String() {
			t.Errorf("%q is %q, read back as %q, %v", s, r, again, err)
		}
	})
}
