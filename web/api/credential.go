package api

import (
	"context"
	"encoding/base64"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"latchkey/internal/audit"
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

// peerKey is where WithPeer leaves an address.
type peerKey struct{}

// WithPeer notes whose connection it is for all its requests, which would else parse the address
// each. It is for [http.Server.ConnContext]; without it everything works as well.
func WithPeer(ctx context.Context, c net.Conn) context.Context {
	if tcp, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		ctx = context.WithValue(ctx, peerKey{}, tcp.AddrPort().Addr().Unmap())
	}
	return ctx
}

// peer is the address of the connection's other end; zero, which is invalid, when it has none.
func peer(r *http.Request) netip.Addr {
	if addr, noted := r.Context().Value(peerKey{}).(netip.Addr); noted {
		return addr
	}
	at, _ := netip.ParseAddrPort(r.RemoteAddr)
	return at.Addr().Unmap()
}

// address is the client's. X-Forwarded-For is believed as far as it was written by proxies
// that the operator named: from the right, the first address that is none of them.
func (h *Handlers) address(r *http.Request) netip.Addr {
	addr := peer(r)
	if len(h.proxies) == 0 || !h.trusted(addr) {
		return addr
	}
	forwarded := strings.Join(r.Header["X-Forwarded-For"], ",")
	for forwarded != "" && h.trusted(addr) {
		i := strings.LastIndexByte(forwarded, ',')
		next, err := netip.ParseAddr(strings.TrimSpace(forwarded[i+1:]))
		if err != nil {
			return addr // what a client made up ends the chain
		}
		addr, forwarded = next.Unmap().WithZone(""), forwarded[:max(i, 0)]
	}
	return addr
}

func (h *Handlers) trusted(addr netip.Addr) bool {
	for _, p := range h.proxies {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// origin is where a request came from, as the audit log keeps it.
func (h *Handlers) origin(r *http.Request, id string) audit.Origin {
	const longest = 256
	agent := r.UserAgent()
	if len(agent) > longest {
		agent = agent[:longest]
	}
	return audit.Origin{IP: h.address(r).String(), UserAgent: strings.ToValidUTF8(agent, "�"), RequestID: id}
}
