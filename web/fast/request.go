package fast

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Request is a request in its plainest form: GET without a body or POST with a Content-Length, by HTTP/1.1, with one Host,
// and without a word about the connection. Nothing in it can be read in two ways, by whichever server, so it
// is a part of what net/http and fasthttp accept (RFC 9112, sections 3 and 5).
type Request struct {
	Method string
	Path   string    // without percent signs, so it is the same escaped or not
	Query  string    // as it was sent
	Body   string    // of POST
	Peer   string    // the other end of the connection, as host:port
	At     time.Time // when it came

	fields []field
}

// field is a header with one line.
type field struct{ name, value string }

// maxFields bounds the lines of a Request.
const maxFields = 64

// Header returns the value of the first line of a header and how many lines it has. name may be written in either case.
func (r *Request) Header(name string) (value string, lines int) {
	for _, f := range r.fields {
		if len(f.name) == len(name) && strings.EqualFold(f.name, name) {
			if lines++; lines == 1 {
				value = f.value
			}
		}
	}
	return value, lines
}

// read reads a request. It reports whether b is one, and nothing else.
func (r *Request) read(b []byte) bool {
	line, rest, _ := cutLine(string(b))
	method, line, _ := strings.Cut(line, " ")
	target, proto, _ := strings.Cut(line, " ")
	if method != http.MethodGet && method != http.MethodPost || proto != "HTTP/1.1" || target == "" || target[0] != '/' ||
		!all(target, ofTarget) {
		return false
	}
	r.Method = method
	r.Path, r.Query, _ = strings.Cut(target, "?")
	if strings.IndexByte(r.Path, '%') >= 0 {
		return false
	}
	r.fields = r.fields[:0]
	for {
		line, after, found := cutLine(rest)
		if !found {
			return false
		}
		if rest = after; line == "" {
			break
		}
		name, value, found := strings.Cut(line, ":")
		if !found || name == "" || !all(name, ofName) || !all(value, ofValue) || isOfConnection(name) || len(r.fields) == maxFields {
			return false
		}
		r.fields = append(r.fields, field{name, strings.TrimSpace(value)}) // blanks and tabs, after the check
	}
	r.Body = rest
	host, lines := r.Header("Host")
	name, port, hasPort := strings.Cut(host, ":")
	return lines == 1 && name != "" && all(name, ofHost) && all(port, ofPort) && hasPort == (port != "") && r.isWhole()
}

// cutLine returns the first line of s and what follows its CR and LF. found is false if it does not end with both.
func cutLine(s string) (line, rest string, found bool) {
	line, rest, found = strings.Cut(s, "\n")
	if !found || !strings.HasSuffix(line, "\r") {
		return "", "", false
	}
	return line[:len(line)-1], rest, true
}

// forget drops what the request said, which may be large and holds secrets.
func (r *Request) forget() {
	clear(r.fields[:cap(r.fields)])
	*r = Request{Peer: r.Peer, fields: r.fields[:0]}
}

// isWhole reports whether the body is all that the request says, in one way.
func (r *Request) isWhole() bool {
	length, lines := r.Header("Content-Length")
	if r.Method == http.MethodGet && r.Body != "" {
		return false
	}
	return lines == 1 && length == strconv.Itoa(len(r.Body)) || lines == 0 && r.Method == http.MethodGet
}

// isOfConnection reports whether a header says in which form a body comes or is about the connection.
func isOfConnection(name string) bool {
	for _, other := range [...]string{"TE", "Expect", "Trailer", "Upgrade", "Connection", "Keep-Alive", "Proxy-Connection",
		"Transfer-Encoding"} {
		if len(name) == len(other) && strings.EqualFold(name, other) {
			return true
		}
	}
	return false
}

// Classes of bytes.
const (
	ofTarget = 1 << iota
	ofName
	ofHost
	ofPort
	ofValue
)

// classes has the classes of each byte.
var classes = func() (of [256]byte) {
	for c := ' '; c <= '~'; c++ {
		of[c] |= ofValue
	}
	of['\t'] |= ofValue
	in := func(bytes string, class byte) {
		for _, c := range []byte(bytes) {
			of[c] |= class
		}
	}
	in("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_", ofTarget|ofName|ofHost)
	in("0123456789", ofPort)
	in(".", ofTarget|ofHost)
	in("/?&=%+,;~!$'()*@:[]", ofTarget)
	return of
}()

// all reports whether all bytes of s are of a class.
func all(s string, class byte) bool {
	for i := range len(s) {
		if classes[s[i]]&class == 0 {
			return false
		}
	}
	return true
}
