package request

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
)

// Public is the address at which browsers and clients reach the server: the one that
// --public-url names, or else the listening address. It is never taken from a request, whose
// Host header is the client's. The zero value and nil are a server without an address.
//
// The address may have a path (https://example.com/latchkey). Pages, redirects and files are
// then below it; see [Public.Mount].
type Public struct {
	origin string // scheme and host without the default port; empty: not configured
	path   string // "/latchkey"; empty: the server is at the root
	url    string // both
	listen atomic.Pointer[string]
}

// NewPublic returns the address of a checked public URL, which may be empty.
func NewPublic(address string) *Public {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return &Public{}
	}
	host := strings.ToLower(u.Host)
	if port := u.Port(); port == "" || u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		host = strings.TrimSuffix(strings.TrimSuffix(host, ":"+port), ":")
	}
	p := &Public{origin: u.Scheme + "://" + host, path: strings.TrimRight(u.Path, "/")}
	p.url = p.origin + p.path
	return p
}

// ListensOn sets the listening address, HOST:PORT, for servers without a public URL. A server
// that listens on all addresses is reached at localhost, as far as it can know.
func (p *Public) ListensOn(addr string) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "localhost"
	}
	address := "http://" + net.JoinHostPort(host, port)
	p.listen.Store(&address)
}

// URL returns the address without a slash at the end.
func (p *Public) URL() string {
	switch {
	case p == nil:
		return ""
	case p.url != "":
		return p.url
	}
	if address := p.listen.Load(); address != nil {
		return *address
	}
	return ""
}

// Origin returns scheme and host of the public URL, as browsers send them in Origin; "" without
// a public URL.
func (p *Public) Origin() string {
	if p == nil {
		return ""
	}
	return p.origin
}

// Path returns the path of the address: "/latchkey", or "" at the root.
func (p *Public) Path() string {
	if p == nil {
		return ""
	}
	return p.path
}

// Secure reports whether browsers reach the server over TLS.
func (p *Public) Secure() bool { return strings.HasPrefix(p.Origin(), "https://") }

// metadataPath is where clients of an issuer with a path look for its metadata: between the host
// and the path (RFC 8414, section 3.1).
const metadataPath = "/.well-known/oauth-authorization-server"

// Mount returns a handler that serves next below the path of the address. It takes the path off
// requests that have it, so it makes no difference whether the proxy in front strips it, and
// puts it before the redirects of next. At the root it returns next.
func (p *Public) Mount(next http.Handler) http.Handler {
	if p.Path() == "" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == metadataPath+p.path {
			r = withPath(r, metadataPath, "")
		} else if path, ok := p.below(r.URL.Path); ok {
			raw, _ := p.below(r.URL.RawPath)
			r = withPath(r, path, raw)
		}
		next.ServeHTTP(&redirecting{ResponseWriter: w, path: p.path}, r)
	})
}

// below returns what follows the path of the address; "/" for the path itself.
func (p *Public) below(path string) (string, bool) {
	rest, ok := strings.CutPrefix(path, p.path)
	if rest == "" {
		return "/", ok
	}
	return rest, ok && rest[0] == '/'
}

// withPath returns the request with another path. raw is "" if it is the same when escaped.
func withPath(r *http.Request, path, raw string) *http.Request {
	if r.URL.RawPath == "" {
		raw = ""
	}
	inner, u := *r, *r.URL
	u.Path, u.RawPath = path, raw
	inner.URL = &u
	return &inner
}

// redirecting puts a path before the address of a redirect to the same host.
type redirecting struct {
	http.ResponseWriter
	path string
}

// WriteHeader implements [http.ResponseWriter].
func (w *redirecting) WriteHeader(status int) {
	h := w.Header()
	if to := h.Get("Location"); strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "//") {
		h.Set("Location", w.path+to)
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap returns the writer below, for [http.ResponseController].
func (w *redirecting) Unwrap() http.ResponseWriter { return w.ResponseWriter }
