// Package outbound posts to addresses that people have chosen, so that nobody can make the server
// reach what only the server can reach.
//
// It connects to public addresses only, unless the operator allows a range. The address is checked
// after the name was resolved and again when it connects, so a name that resolves to something else the
// second time gains nothing. It follows no redirect, uses no proxy, and bounds time and size.
package outbound

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// Bounds of one request.
const (
	resolveTimeout = 5 * time.Second
	postTimeout    = 15 * time.Second
	mostAnswer     = 4 << 10
	mostHeader     = 32 << 10
)

// Resolver finds the addresses of a host; [net.Resolver] does.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Client posts to public addresses, and to those that the operator allows. It is safe for concurrent use.
type Client struct {
	allow    []netip.Prefix
	flag     string // by which the operator allows addresses
	resolver Resolver
	timeout  time.Duration
	http     *http.Client // for https
	plain    *http.Client // for http, which needs an allowed address
}

// New returns a client. allow are ranges of private addresses that it may reach as well, also without
// TLS. resolver may be nil for the system's.
func New(allow []netip.Prefix, resolver Resolver) *Client {
	return NewFor("--webhook-allow", allow, resolver)
}

// NewFor is New for addresses that the operator allows by another flag.
func NewFor(flag string, allow []netip.Prefix, resolver Resolver) *Client {
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	c := &Client{allow: allow, flag: flag, resolver: resolver, timeout: postTimeout}
	c.http, c.plain = c.client(c.mayReach), c.client(c.mayReachPlain)
	return c
}

// client returns an HTTP client whose every connection must pass check.
func (c *Client) client(check func(netip.Addr) error) *http.Client {
	dialer := &net.Dialer{Timeout: c.timeout, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		return check(to.Addr())
	}}
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				return c.dial(ctx, dialer, network, address)
			},
			// A connection of its own for every request, so that nothing is kept for an address that
			// hangs, and every request is checked.
			DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: mostHeader, TLSHandshakeTimeout: c.timeout,
		},
	}
}

// dial resolves a host itself, because the check is of addresses, and tries them in turn.
func (c *Client) dial(ctx context.Context, dialer *net.Dialer, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	found, err := c.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	var failed error
	for _, addr := range found {
		conn, err := dialer.DialContext(ctx, network, net.JoinHostPort(addr.String(), port))
		if err == nil {
			return conn, nil
		}
		failed = errors.Join(failed, err)
	}
	return nil, failed
}

// resolve returns the addresses of a host, which may be one itself.
func (c *Client) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr}, nil
	}
	if looksNumeric(host) {
		return nil, errNumeric
	}
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	found, err := c.resolver.LookupNetIP(ctx, "ip", host)
	if err == nil && len(found) == 0 {
		err = errors.New("no addresses")
	}
	if err != nil {
		return nil, &problem{"The host " + host + " cannot be found.", err}
	}
	return found, nil
}

// problem is an error with a sentence for people.
type problem struct {
	text  string
	cause error
}

func (p *problem) Error() string { return p.text }
func (p *problem) Unwrap() error { return p.cause }

var errNumeric = &problem{text: "Write the IP address in full, such as 192.0.2.10."}

// looksNumeric reports whether some resolvers read a host as an IPv4 address although it is not
// written as one: 2130706433, 0x7f.1, 0177.0.0.1. It is what the URL standard calls ending in a number.
func looksNumeric(host string) bool {
	host = strings.TrimSuffix(host, ".")
	last := strings.ToLower(host[strings.LastIndexByte(host, '.')+1:])
	if hex, found := strings.CutPrefix(last, "0x"); found {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return last != "" && strings.Trim(last, "0123456789") == ""
}

// Check returns what is wrong with a URL as a sentence for people, or "". It resolves the host.
func (c *Client) Check(ctx context.Context, address string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.Opaque != "":
		return "Enter a URL such as https://hooks.example.com/latchkey."
	case u.User != nil:
		return "Remove the user name and password from the URL. Messages are signed instead."
	case u.Fragment != "":
		return "Remove the part after #. It is never sent."
	}
	found, err := c.resolve(ctx, u.Hostname())
	for _, addr := range found {
		if u.Scheme == "http" {
			err = errors.Join(err, c.mayReachPlain(addr))
		} else {
			err = errors.Join(err, c.mayReach(addr))
		}
	}
	return sentence(err)
}

// sentence returns what an error says to people: the sentence of the first problem in it.
func sentence(err error) string {
	var p *problem
	switch {
	case err == nil:
		return ""
	case errors.As(err, &p):
		return p.text
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, errSlow):
		return "It did not answer in time."
	}
	return describe(err)
}

// mayReach returns an error for addresses that are not public, unless they are allowed.
func (c *Client) mayReach(addr netip.Addr) error {
	if c.allowed(addr) || public(addr) {
		return nil
	}
	return &problem{text: addr.String() + " is a private or reserved address. The operator can allow it with " + c.flag + "."}
}

// mayReachPlain returns an error for addresses that are not allowed.
func (c *Client) mayReachPlain(addr netip.Addr) error {
	if c.allowed(addr) {
		return nil
	}
	if err := c.mayReach(addr); err != nil {
		return err
	}
	return &problem{text: "Use https. Without it, only addresses that " + c.flag + " names can be reached."}
}

func (c *Client) allowed(addr netip.Addr) bool {
	addr = embedded(addr)
	for _, p := range c.allow {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// Answer is what a receiver said.
type Answer struct {
	Status   int    // 0 if there was no answer
	Text     string // the beginning of the body; any bytes
	Problem  string // a sentence, if there was no answer
	Duration time.Duration
}

var errSlow = errors.New("the time is over")

// Post sends a body to a URL with headers. It waits and reads a limited time and amount, and closes the
// connection then. The context ends it early.
func (c *Client) Post(ctx context.Context, address string, header map[string]string, body string) Answer {
	ctx, cancel := context.WithTimeoutCause(ctx, c.timeout, errSlow)
	defer cancel()
	began := time.Now()
	answer, err := c.post(ctx, address, header, body)
	answer.Duration = time.Since(began)
	if err != nil {
		answer.Problem = sentence(err)
	}
	return answer
}

func (c *Client) post(ctx context.Context, address string, header map[string]string, body string) (Answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader([]byte(body)))
	if err != nil {
		return Answer{}, &problem{"The URL is not valid.", err}
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	client := c.http
	if r.URL.Scheme != "https" {
		client = c.plain
	}
	response, err := client.Do(r)
	if err != nil {
		return Answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, mostAnswer))
	if err != nil && response.StatusCode/100 == 2 {
		err = nil // the status is what counts
	}
	return Answer{Status: response.StatusCode, Text: string(text)}, err
}

// describe says why a connection failed, without the URL, which may hold a secret in its path.
func describe(err error) string {
	var of *url.Error
	if errors.As(err, &of) {
		err = of.Err
	}
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	return fmt.Sprintf("The connection failed: %v.", strings.TrimSuffix(err.Error(), "."))
}
