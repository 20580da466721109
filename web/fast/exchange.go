package fast

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/textproto"
	"net/url"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"
	"golang.org/x/net/http/httpguts"
)

// exchange is a request and its answer in the form of net/http. It is used again for other requests, so
// handlers must not keep anything of it but texts.
type exchange struct {
	request *http.Request
	url     url.URL
	lines   []string // values of the request's headers, one each
	body    whole
	answer  answer
}

// whole is a body that must come as a whole: fasthttp ends one that was cut like one that is complete.
type whole struct {
	from io.Reader
	left int64 // of the announced length; less than 0 if it was not announced
}

// Read reads from the body.
func (b *whole) Read(p []byte) (int, error) {
	n, err := b.from.Read(p)
	if b.left >= 0 {
		b.left -= int64(n)
	}
	if err == io.EOF && b.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// Close does nothing: the server reads what the handler left.
func (b *whole) Close() error { return nil }

func newExchange(base context.Context) *exchange {
	x := &exchange{request: (&http.Request{Header: http.Header{}}).WithContext(base)}
	x.answer.header = http.Header{}
	return x
}

// serve answers one request.
func (s *Server) serve(ctx *fasthttp.RequestCtx) {
	x := s.pool.Get().(*exchange)
	defer s.pool.Put(x)
	defer func() { // fasthttp recovers nothing: a panic would end the process
		if p := recover(); p != nil {
			s.o.Log.Error("a request panicked", "error", fmt.Sprint(p), "stack", string(debug.Stack()))
			refuse(ctx, http.StatusInternalServerError)
		}
	}()
	if status := x.read(ctx); status != 0 {
		refuse(ctx, status)
		return
	}
	x.answer.begin(ctx)
	s.o.Handler.ServeHTTP(&x.answer, x.request)
	if x.answer.status == 0 {
		x.answer.WriteHeader(http.StatusOK)
	}
}

// read takes the request over from fasthttp. It returns the status with which net/http refuses it, or 0.
func (x *exchange) read(ctx *fasthttp.RequestCtx) int {
	from, r := &ctx.Request.Header, x.request
	if status := x.readHeader(string(from.RawHeaders())); status != 0 {
		return status
	}
	r.Method, r.Proto, r.ProtoMajor, r.ProtoMinor = method(from.Method()), "HTTP/1.1", 1, 1
	if !from.IsHTTP11() {
		var ok bool
		r.Proto = string(from.Protocol())
		if r.ProtoMajor, r.ProtoMinor, ok = http.ParseHTTPVersion(r.Proto); !ok || r.ProtoMajor != 1 {
			return http.StatusBadRequest
		}
	}
	if status := x.readHost(); status != 0 {
		return status
	}
	r.RequestURI = string(from.RequestURI())
	u, err := url.ParseRequestURI(r.RequestURI)
	if err != nil {
		return http.StatusBadRequest
	}
	x.url = *u
	r.URL, r.RemoteAddr, r.Pattern = &x.url, ctx.RemoteAddr().String(), ""
	r.ContentLength, r.Body = max(-1, int64(from.ContentLength())), http.NoBody
	if body := ctx.RequestBodyStream(); body != nil && r.ContentLength != 0 {
		x.body = whole{body, r.ContentLength}
		r.Body = &x.body
	} else {
		r.ContentLength = 0
	}
	return 0
}

// readHost moves the header Host to where net/http has it, which requires exactly one of HTTP/1.1.
func (x *exchange) readHost() int {
	r := x.request
	hosts := r.Header["Host"]
	switch {
	case len(hosts) == 0 && r.ProtoAtLeast(1, 1), len(hosts) > 1, len(hosts) == 1 && !httpguts.ValidHostHeader(hosts[0]):
		return http.StatusBadRequest
	case len(hosts) == 1:
		r.Host = hosts[0]
		delete(r.Header, "Host")
	default:
		r.Host = ""
	}
	return 0
}

// readHeader reads the lines of headers as they came. fasthttp has checked the bytes of names, except for
// spaces, and of values, and which lines say how long the body is.
func (x *exchange) readHeader(text string) int {
	header := x.request.Header
	clear(header)
	x.lines = x.lines[:0]
	for rest := text; rest != "" && rest != "\r\n"; {
		line, after, _ := strings.Cut(rest, "\r\n")
		name, value, found := strings.Cut(line, ":")
		if !found || strings.IndexByte(line, '\n') >= 0 || strings.IndexByte(name, ' ') >= 0 || line[0] == '\t' {
			return x.readOddly(text)
		}
		name, value, rest = canonical(name), strings.Trim(value, " \t"), after
		if before := header[name]; before != nil {
			header[name] = append(before, value)
			continue
		}
		i := len(x.lines)
		x.lines = append(x.lines, value)
		header[name] = x.lines[i : i+1 : i+1]
	}
	return checked(header)
}

// readOddly reads lines that are continued on the next ones or end with LF alone, as net/http does.
func (x *exchange) readOddly(text string) int {
	header, err := textproto.NewReader(bufio.NewReader(strings.NewReader(text))).ReadMIMEHeader()
	if err != nil {
		return http.StatusBadRequest
	}
	clear(x.request.Header)
	maps.Copy(x.request.Header, header)
	for name, values := range header {
		bad := func(v string) bool { return !httpguts.ValidHeaderFieldValue(v) }
		if !httpguts.ValidHeaderFieldName(name) || slices.ContainsFunc(values, bad) {
			return http.StatusBadRequest
		}
	}
	return checked(x.request.Header)
}

// checked returns the status with which net/http refuses what these headers ask of the server, or 0.
func checked(header http.Header) int {
	if coding := header["Transfer-Encoding"]; len(coding) > 0 && !strings.EqualFold(coding[0], "chunked") {
		return http.StatusBadRequest
	}
	if expects := header["Expect"]; len(expects) > 0 && expects[0] != "" && !strings.EqualFold(expects[0], "100-continue") {
		return http.StatusExpectationFailed
	}
	return 0
}

// canonical is [http.CanonicalHeaderKey], without taking memory for the names that proxies send.
func canonical(name string) string {
	switch name {
	case "authorization":
		return "Authorization"
	case "x-forwarded-for":
		return "X-Forwarded-For"
	case "host":
		return "Host"
	case "user-agent":
		return "User-Agent"
	}
	return http.CanonicalHeaderKey(name)
}

func method(name []byte) string {
	switch string(name) {
	case http.MethodGet:
		return http.MethodGet
	case http.MethodPost:
		return http.MethodPost
	}
	return string(name)
}

// answer writes what a handler answers to fasthttp.
type answer struct {
	ctx    *fasthttp.RequestCtx
	header http.Header
	names  []string
	status int
}

func (a *answer) begin(ctx *fasthttp.RequestCtx) {
	clear(a.header)
	a.ctx, a.status = ctx, 0
}

// Header returns the headers that WriteHeader sends.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader sets the status and the headers, the latter in the order of their names. fasthttp adds the
// length of the body.
func (a *answer) WriteHeader(status int) {
	if a.status != 0 || status < http.StatusOK {
		return
	}
	a.status = status
	a.ctx.SetStatusCode(status)
	a.names = a.names[:0]
	for name := range a.header {
		a.names = append(a.names, name)
	}
	slices.Sort(a.names)
	to := &a.ctx.Response.Header
	for _, name := range a.names {
		if name == "Content-Length" {
			a.announce(a.header[name])
			continue
		}
		for _, value := range a.header[name] {
			to.Add(name, oneLine(value))
		}
	}
}

// announce sets the length of the body that HEAD does not send. Of other bodies fasthttp knows it.
func (a *answer) announce(values []string) {
	if n, err := strconv.Atoi(strings.Join(values, "")); err == nil && a.ctx.IsHead() {
		a.ctx.Response.SkipBody = true
		a.ctx.Response.Header.SetContentLength(n)
	}
}

// oneLine returns a value as net/http sends it, so that nothing in it can begin another header.
func oneLine(value string) string {
	if strings.IndexByte(value, '\r') >= 0 || strings.IndexByte(value, '\n') >= 0 {
		value = strings.NewReplacer("\r", " ", "\n", " ").Replace(value)
	}
	return textproto.TrimString(value)
}

// Write adds to the body.
func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	a.ctx.Response.AppendBody(p)
	return len(p), nil
}
