package people

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplitAddresses_TakesAPastedList(t *testing.T) {
	for text, want := range map[string][]string{
		"": nil, " ,;\r\n\t ": nil,
		"one@acme.example": {"one@acme.example"},
		"One@acme.example, Two the second <two@acme.example>;\r\nthree@acme.example four@acme.example\n\none@ACME.example,": {
			"One@acme.example", "two@acme.example", "three@acme.example", "four@acme.example", "one@ACME.example"},
		// The comma within a quoted name leaves a part that is no address.
		"\"Two, the second\" <two@acme.example>": {"\"Two", "two@acme.example"},
		"good@acme.example, not an address":      {"good@acme.example", "not", "an", "address"},
		"a > b < c":                              {"a", ">", "b", "<", "c"},
		"Nobody <>":                              {""},
	} {
		if d := cmp.Diff(want, splitAddresses(text)); d != "" {
			t.Errorf("%q:\n%s", text, d)
		}
	}
}
