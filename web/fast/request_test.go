package fast

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
)

func TestRequest_IsPlain(t *testing.T) {
	const posted = "POST /a HTTP/1.1\r\nHost: a\r\n"
	const rest = " HTTP/1.1\r\nHost: a\r\n"
	var r Request
	for text, plain := range map[string]bool{
		"GET /a/b?c=d&e=%20" + rest + "X-Y_Z: \t a b \t\r\nAuthorization: Bearer x\r\n\r\n": true,
		"GET /" + rest + "X:\r\n\r\n":                            true,
		"GET /" + rest + strings.Repeat("X: y\r\n", 63) + "\r\n": true,
		"GET /" + rest + strings.Repeat("X: y\r\n", 64) + "\r\n": false,
		"GET /" + rest:                                                  false,
		"GET /" + rest + "\r\n\r\n":                                     false,
		"GET /" + rest + "\r\nGET /" + rest + "\r\n":                    false,
		"GET /" + rest + "X y: z\r\n\r\n":                               false,
		"GET /" + rest + "X : z\r\n\r\n":                                false,
		"GET /" + rest + ": z\r\n\r\n":                                  false,
		"GET /" + rest + "x\r\n\r\n":                                    false,
		"GET /" + rest + "X: a\r\n b\r\n\r\n":                           false,
		"GET /" + rest + "X: a\rY: b\r\n\r\n":                           false,
		"GET /" + rest + "X: a\nY: b\r\n\r\n":                           false,
		"GET /" + rest + "X: \x00\r\n\r\n":                              false,
		"GET /" + rest + "X: \xc3\xa9\r\n\r\n":                          false,
		"GET /" + rest + "Content-Length: 0\r\n\r\n":                    true,
		"GET /" + rest + "cOntent-length: 5\r\n\r\n":                    false,
		"GET /" + rest + "Transfer-Encoding: chunked\r\n\r\n":           false,
		"GET /" + rest + "Expect: 100-continue\r\n\r\n":                 false,
		"GET /" + rest + "Connection: close\r\n\r\n":                    false,
		"GET /" + rest + "Upgrade: h2c\r\n\r\n":                         false,
		"GET /" + rest + "Host: b\r\n\r\n":                              false,
		"GET / HTTP/1.1\r\n\r\n":                                        false,
		"GET / HTTP/1.1\r\nHost:\r\n\r\n":                               false,
		"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n":                           false,
		"GET / HTTP/1.0\r\nHost: a\r\n\r\n":                             false,
		"GET /%61" + rest + "\r\n":                                      false,
		"GET /a#b" + rest + "\r\n":                                      false,
		"GET /a b" + rest + "\r\n":                                      false,
		"GET  /a" + rest + "\r\n":                                       false,
		"GET http://a/" + rest + "\r\n":                                 false,
		"POST /" + rest + "\r\n":                                        false,
		"get /" + rest + "\r\n":                                         false,
		"\r\nGET /" + rest + "\r\n":                                     false,
		"GET /" + rest + "Content-Length: 1\r\n\r\na":                   false,
		"GET / HTTP/1.1\r\nHost: a.b:80\r\n\r\n":                        true,
		"GET / HTTP/1.1\r\nHost: a:\r\n\r\n":                            false,
		"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n":                           false,
		"GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n":                         false,
		"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n":                      false,
		posted + "Content-Length: 3\r\n\r\na=b":                         true,
		posted + "Content-Length: 0\r\n\r\n":                            true,
		posted + "Content-Length: 6\r\n\r\n\r\n\r\na\xff":               true,
		posted + "Content-Length: 3\r\n\r\na=":                          false,
		posted + "Content-Length: 3\r\n\r\na=bc":                        false,
		posted + "Content-Length: 03\r\n\r\na=b":                        false,
		posted + "Content-Length: +3\r\n\r\na=b":                        false,
		posted + "Content-Length: 3\r\nContent-Length: 3\r\n\r\na=b":    false,
		posted + "Content-Length: 3\r\nTransfer-Encoding: a\r\n\r\na=b": false,
		posted + "Content-Length: 3\r\nExpect: 100-continue\r\n\r\na=b": false,
		posted + "\r\n":                                                 false,
		posted + "\r\na=b":                                              false,
		"":                                                              false,
	} {
		if got := r.read([]byte(text)); got != plain {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestRequest_ForgetsWhatItSaid(t *testing.T) {
	r := Request{Peer: "192.0.2.1:80"}
	r.read([]byte("POST /a?b HTTP/1.1\r\nHost: a\r\nX: y\r\nContent-Length: 1\r\n\r\nb"))
	r.forget()
	for _, f := range r.fields[:cap(r.fields)] {
		if f != (field{}) {
			t.Errorf("%+v", f)
		}
	}
	if r.Method+r.Path+r.Query+r.Body != "" || !r.At.IsZero() || r.Peer == "" {
		t.Errorf("%+v", r)
	}
}

// FuzzRequest_IsWhatNetHTTPReads holds that a plain request has one meaning.
func FuzzRequest_IsWhatNetHTTPReads(f *testing.F) {
	f.Add("GET /auth/verify/a?permission=b&x=%zz HTTP/1.1\r\nHost: a:1\r\nX-Y: \t z\r\nx-y: w\r\n\r\n")
	f.Add("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na=b")
	f.Add("GET //[a]:b@c;d HTTP/1.1\r\nHost: [::1]\r\nCookie: a=b; c\r\n\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		var r Request
		if !r.read([]byte(text)) {
			return
		}
		from := bufio.NewReader(strings.NewReader(text))
		want, err := http.ReadRequest(from)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if want.URL.Path != r.Path || want.URL.RawQuery != r.Query || want.Method != r.Method ||
			want.ContentLength != int64(len(r.Body)) || want.Close || len(want.TransferEncoding) > 0 || from.Buffered() != len(r.Body) || want.ProtoMinor != 1 {
			t.Fatalf("%q: %+v, want %+v", text, r, want)
		}
		names := map[string]bool{}
		for _, field := range r.fields {
			name := http.CanonicalHeaderKey(field.name)
			names[name] = true
			value, lines := r.Header(strings.ToLower(name))
			if values := want.Header.Values(name); name == "Host" && (lines != 1 || value != want.Host) ||
				name != "Host" && (len(values) != lines || values[0] != value) {
				t.Fatalf("%q: %s: %q, %d lines, want %q", text, name, value, lines, values)
			}
		}
		if len(names) != len(want.Header)+1 {
			t.Fatalf("%q: %v, want %v", text, names, want.Header)
		}
	})
}
