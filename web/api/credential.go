package api

import (
	"encoding/base64"
	"net/http"
	"net/netip"
	"strings"

	"latchkey/internal/actor"
)

// credential returns the secret that a request presents: a Bearer token, or the password
// of HTTP Basic whatever the user name (older clients send "email:token" or ":token").
// came is false when the request presents nothing of the kind. Two credentials, or one that
// cannot be read, are presented but are no token: the secret is "".
func credential(h http.Header) (secret string, came bool) {
	values := h["Authorization"]
	if len(values) != 1 {
		return "", len(values) > 1
	}
	scheme, rest, _ := strings.Cut(values[0], " ")
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

// basic decodes what follows "Basic " (RFC 7617): the user name ends at the first colon.
func basic(encoded string) (user, password string, ok bool) {
	plain, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return "", "", false
	}
	return strings.Cut(string(plain), ":")
}

// address returns the client's address; it is invalid when the connection has none.
func (h *Handlers) address(r *http.Request) netip.Addr {
	return actor.ClientAddress(r.RemoteAddr, r.Header["X-Forwarded-For"], h.d.Proxies)
}

// origin is where a request came from, as the audit log keeps it.
func (h *Handlers) origin(r *http.Request, id string) actor.Origin {
	return actor.NewOrigin(h.address(r).String(), r.UserAgent(), id)
}
