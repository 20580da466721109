package web_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"
)

// expecting sends the head of a request whose client waits for "100 Continue" before it sends
// the body (RFC 9110, section 10.1.1), and returns the server's first answer, reading answers with.
func (s *site) expecting(t *testing.T, head string, length int) (net.Conn, *bufio.Reader, *http.Response) {
	t.Helper()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "%s\r\nHost: latchkey\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", head, length)
	answers := bufio.NewReader(conn)
	first, err := http.ReadResponse(answers, nil)
	if err != nil {
		t.Fatalf("no answer to %q: %v", head, err)
	}
	return conn, answers, first
}

// TestExpect_ARefusalDoesNotWaitForTheBody holds for what is refused by the head alone: the client
// holds the body back until it is told to go on, so a server that reads it first waits in vain.
// It does not hold for introspection, whose body may have the client's secret.
func TestExpect_ARefusalDoesNotWaitForTheBody(t *testing.T) {
	s := newSite(t)
	for _, c := range []struct {
		head   string
		length int
		want   int
	}{
		{"POST /v2/sources HTTP/1.1\r\nContent-Type: application/json", 100, http.StatusUnauthorized},
		{"POST /v2/sources HTTP/1.1\r\nContent-Type: application/json", 5 << 20, http.StatusRequestEntityTooLarge},
		{"POST /auth/verify HTTP/1.1", 100, http.StatusUnauthorized},
		{"POST /scim/v2/Users HTTP/1.1\r\nContent-Type: application/scim+json", 100, http.StatusUnauthorized},
		{"POST /settings/profile/password HTTP/1.1\r\nSec-Fetch-Site: cross-site", 100, http.StatusForbidden},
	} {
		if _, _, first := s.expecting(t, c.head, c.length); first.StatusCode != c.want || !first.Close {
			t.Errorf("%s, %d bytes: %d, closes: %t; want %d and the end of the connection", c.head, c.length, first.StatusCode, first.Close, c.want)
		}
	}
}

// TestExpect_ABodyThatIsWantedIsAskedFor is the other side of it.
func TestExpect_ABodyThatIsWantedIsAskedFor(t *testing.T) {
	s := newSite(t)
	const form = "email=nobody%40acme.example&password=wrong"
	conn, answers, first := s.expecting(t, "POST /sign-in HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded", len(form))
	if first.StatusCode != http.StatusContinue {
		t.Fatalf("first answer: %d", first.StatusCode)
	}
	fmt.Fprint(conn, form)
	if second, err := http.ReadResponse(answers, nil); err != nil || second.StatusCode != http.StatusUnauthorized &&
		second.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("after the body: %v %v", second, err)
	}
}
