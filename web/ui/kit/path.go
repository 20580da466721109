package kit

import (
	"net/url"
)

// Path appends parts to the address base, each of them escaped.
func Path(base string, parts ...string) string {
	for _, part := range parts {
		base += "/" + url.PathEscape(part)
	}
	return base
}

// WithQuery adds parameters to an address. They are given as name, value, name, value …
func WithQuery(address string, pairs ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return address + "?" + v.Encode()
}
