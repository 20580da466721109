package api

import (
	"encoding/base64"
	"net/http"
	"net/netip"
	"strings"

	"latchkey/internal/actor"
)

// credential returns the secret in a request: a Bearer token, or the password of HTTP Basic
// with any user name (older clients send "email:token" or ":token"). came is false if the
// request has no credential. If it has two, or one that cannot be parsed, came is true and
// the secret is "".
func credential(h http.Header) (secret string, came bool) {
	values := h["Authorization"]
	if len(values) != 1 {
		return "", len(values) > 1
	}
	return credentialIn(values[0])
}

// credentialIn returns the secret in the only line of the header Authorization.
func credentialIn(authorization string) (secret string, came bool) {
	scheme, rest, _ := strings.Cut(authorization, " ")
	rest = strings.Trim(rest, " ")
	switch {
	case strings.EqualFold(scheme, "Bearer"):
		return rest, true
	case strings.EqualFold(scheme, "Basic"):
		_, password, ok := basic(rest)
		if !ok {
			return "", true
		}
		return password, true
	}
	return "", false
}

// basic decodes the part after "Basic " (RFC 7617). The user name ends at the first colon.
func basic(encoded string) (user, password string, ok bool) {
	plain, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return "", "", false
	}
	return strings.Cut(string(plain), ":")
}

// address returns the client's address; see [actor.ClientAddress].
func (h *Handlers) address(r *http.Request) netip.Addr {
	return actor.ClientAddress(r.RemoteAddr, r.Header["X-Forwarded-For"], h.d.Proxies)
}

// origin returns where a request came from, for the audit log.
func (h *Handlers) origin(r *http.Request, id string) actor.Origin {
	return actor.NewOrigin(actor.AddressText(h.address(r)), r.UserAgent(), id)
}
