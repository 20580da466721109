package outbound

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// errLarge means that an answer was longer than allowed.
var errLarge = &problem{text: "The answer is too large."}

// HTTP returns an HTTP client for libraries that make requests themselves, under the rules of c. It reads up to
// most bytes of an answer: more is an error, not a cut.
func (c *Client) HTTP(timeout time.Duration, most int64) *http.Client {
	return &http.Client{CheckRedirect: c.http.CheckRedirect, Timeout: timeout, Transport: bounded{c, most}}
}

// bounded makes requests for [Client.HTTP].
type bounded struct {
	client *Client
	most   int64
}

// RoundTrip makes one request.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	client := b.client.http
	if r.URL.Scheme != "https" {
		client = b.client.plain
	}
	response, err := client.Transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if response.ContentLength > b.most {
		return nil, errors.Join(errLarge, response.Body.Close())
	}
	response.Body = &limited{response.Body, b.most}
	return response, nil
}

// limited reads a body and fails when it is longer than allowed.
type limited struct {
	io.ReadCloser
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.ReadCloser.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, errLarge
	}
	return n, err
}

// Explain returns what an error of such a client says to people.
func Explain(err error) string { return sentence(err) }
