package api

import (
	"bytes"
	"crypto/subtle"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"latchkey/internal/apiclient"
	"latchkey/internal/fault"
	"latchkey/web/respond"
)

// authMethods returns how an API client may authenticate (RFC 6749, section 2.3.1), by the
// names of the registry of OAuth.
func authMethods() []string { return []string{"client_secret_basic", "client_secret_post"} }

// pair is the id and secret of an API client.
type pair struct{ id, secret string }

// same compares in constant time.
func (p pair) same(q pair) bool {
	return subtle.ConstantTimeCompare([]byte(p.id), []byte(q.id))&subtle.ConstantTimeCompare([]byte(p.secret), []byte(q.secret)) == 1
}

// client authenticates the API client by HTTP Basic, by client_id and client_secret in the
// form, or by the same pair in both. If that fails it sends the response and ok is false. As
// with tokens, an address that has failed too often gets 429 for its failures only.
func (h *Handlers) client(w http.ResponseWriter, r *http.Request, f form) (c apiclient.Client, ok bool, err error) {
	sent, came := f.credential(r.Header["Authorization"])
	if came {
		c, err = h.d.Clients.Authenticate(r.Context(), sent.id, sent.secret)
		if err == nil || !fault.Is(err, fault.Unauthenticated) {
			return c, err == nil, err
		}
		addr := h.address(r)
		wait := h.d.Failures.Wait(addr)
		h.d.Failures.Fail(addr)
		if wait > 0 {
			w.Header().Set("Retry-After", respond.RetryAfter(wait))
			return c, false, answerOAuth(w, http.StatusTooManyRequests, "invalid_client", fault.Throttled,
				"Too many failed attempts came from this address.")
		}
	}
	return c, false, invalidClient(w, "Authenticate as an API client with its id and secret: HTTP Basic, or client_id and client_secret in the form.")
}

// invalidClient sends 401 for a client that did not authenticate.
func invalidClient(w http.ResponseWriter, text string) error {
	w.Header().Set("WWW-Authenticate", `Basic realm="Latchkey API clients", charset="UTF-8"`)
	return answerOAuth(w, http.StatusUnauthorized, "invalid_client", fault.Unauthenticated, text)
}

// credential returns the one pair that a request has in its Authorization header and its form.
// Two that differ are an empty pair, which nobody has. came is false without any.
func (f form) credential(authorization []string) (sent pair, came bool) {
	switch {
	case f.repeats:
		return pair{}, true
	case len(authorization) == 0:
		return f.client, f.authenticates()
	}
	scheme, rest, _ := strings.Cut(authorization[0], " ")
	if len(authorization) > 1 || !strings.EqualFold(scheme, "Basic") {
		return pair{}, f.authenticates()
	}
	id, secret, _ := basic(strings.Trim(rest, " "))
	sent = pair{formDecoded(id), formDecoded(secret)}
	posted := f.client
	if posted.id == "" {
		posted.id = sent.id
	}
	if posted.secret == "" {
		posted.secret = sent.secret
	}
	if !posted.same(sent) {
		return pair{}, true
	}
	return sent, true
}

// formDecoded decodes a part of HTTP Basic. Clients of OAuth encode the id and the secret like
// values of a form before they join them, as RFC 6749, section 2.3.1, requires. Others do not:
// a text that cannot be decoded stays as it is.
func formDecoded(s string) string {
	if decoded, err := url.QueryUnescape(s); err == nil {
		return decoded
	}
	return s
}

// formType is the media type of a form.
const formType = "application/x-www-form-urlencoded"

// maxForm is the maximum size of a form with a token, in bytes.
const maxForm = 64 << 10

// form is what a resource server sends about a token (RFC 7662, section 2.1; RFC 7009, section
// 2.1).
type form struct {
	token   string
	client  pair
	from    netip.Addr // client_ip: the address of the token's client; invalid if it is left out
	repeats bool       // has client_id or client_secret more than once, which may not be
	problem string     // why there is no token in it
}

// authenticates reports whether the form has a client's secret.
func (f form) authenticates() bool { return f.client.secret != "" || f.repeats }

// form reads the form of a request. It ignores the query, which would end up in logs.
func (h *Handlers) form(r *http.Request) (f form) {
	if kind := r.Header.Get("Content-Type"); kind != formType {
		if media, _, err := mime.ParseMediaType(kind); err != nil || media != formType {
			return form{problem: "Send the token as a form: Content-Type: " + formType + "."}
		}
	}
	err := h.buffers.with(func(body *bytes.Buffer) error {
		if _, err := body.ReadFrom(io.LimitReader(r.Body, maxForm+1)); err != nil || body.Len() > maxForm {
			f.problem = "The form is too large or was not sent completely."
			return nil
		}
		f = parseForm(body.String())
		return nil
	})
	if err != nil {
		return form{problem: "The form cannot be read."}
	}
	return f
}

// parseForm returns what a form says. A parameter must not occur twice (RFC 6749, section 3.1),
// and one without a value counts as left out.
func parseForm(text string) (f form) {
	var tokens, addresses int
	for part := range strings.SplitSeq(text, "&") {
		name, value, _ := strings.Cut(part, "=")
		if decoded, err := url.QueryUnescape(name); err == nil {
			name = decoded
		}
		if name != "token" && name != "client_ip" && name != "client_id" && name != "client_secret" {
			continue
		}
		decoded, err := url.QueryUnescape(value)
		switch name {
		case "token":
			if tokens++; err != nil {
				f.problem = "The parameter token is not form-encoded."
			}
			f.token = decoded
		case "client_ip":
			addresses++
			if f.from, err = clientIP(decoded, err); err != nil {
				f.problem = "The parameter client_ip is not an IP address."
			}
		case "client_id":
			f.repeats = f.repeats || f.client.id != "" || err != nil
			f.client.id = decoded
		case "client_secret":
			f.repeats = f.repeats || f.client.secret != "" || err != nil
			f.client.secret = decoded
		}
	}
	switch {
	case tokens > 1:
		f.problem = "The form repeats the parameter token."
	case addresses > 1:
		f.problem = "The form repeats the parameter client_ip."
	case f.problem == "" && f.token == "":
		f.problem = "The form has no parameter token."
	}
	return f
}

// clientIP reads the parameter client_ip: an IPv4 or IPv6 address without port, brackets and zone. It is
// invalid without an error if it is empty. err is from decoding the value.
func clientIP(value string, err error) (netip.Addr, error) {
	if err != nil || value == "" {
		return netip.Addr{}, err
	}
	addr, err := netip.ParseAddr(value)
	if err == nil && addr.Zone() != "" {
		err = strconv.ErrSyntax
	}
	return addr.Unmap(), err
}
