package kit

import (
	"net/url"
)

// Path joins the parts of an address below base, each escaped.
func Path(base string, parts ...string) string {
	for _, part := range parts {
		base += "/" + url.PathEscape(part)
	}
	return base
}

// WithQuery adds parameters, given as name, value, name, value …, to an address.
func WithQuery(address string, pairs ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return address + "?" + v.Encode()
}
