package witness

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
	"syscall"
	"time"
)

// poster posts signed heads to a URL.
type poster struct {
	url    string
	client *http.Client
}

const (
	dialTimeout = 5 * time.Second
	mostAnswer  = 64 << 10 // bytes of an answer that are read, so that the connection can be kept
)

// newPoster returns a poster that follows no redirect, uses no proxy of the environment and, unless
// private is set, connects to public addresses only. The address is checked when it connects, after
// the name was resolved, so a name cannot lead elsewhere.
func newPoster(target string, private bool) *poster {
	dialer := &net.Dialer{Timeout: dialTimeout}
	if !private {
		dialer.Control = func(_, address string, _ syscall.RawConn) error { return publicOnly(address) }
	}
	return &poster{url: target, client: &http.Client{
		Transport: &http.Transport{DialContext: dialer.DialContext, TLSHandshakeTimeout: dialTimeout, MaxIdleConnsPerHost: 1,
			IdleConnTimeout: 2 * time.Minute, ResponseHeaderTimeout: sendTimeout, MaxResponseHeaderBytes: mostAnswer},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       sendTimeout,
	}}
}

// post sends a line. Its error does not contain the URL, which may hold a password.
func (p *poster) post(ctx context.Context, line []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(line))
	if err != nil {
		return errors.New("the URL cannot be used")
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "latchkey")
	answer, err := p.client.Do(request)
	if err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return fmt.Errorf("post to %s: %w", request.URL.Host, err)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, mostAnswer))
	_ = answer.Body.Close()
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return fmt.Errorf("post to %s: it answered %d", request.URL.Host, answer.StatusCode)
	}
	return nil
}

// reserved returns the ranges that are not on the public internet and that netip.Addr has no method
// for (IANA special-purpose address registries), and those that embed an IPv4 address.
func reserved() []netip.Prefix {
	var ranges []netip.Prefix
	for _, text := range []string{"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23",
		"2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "::/96", "fec0::/10"} {
		ranges = append(ranges, netip.MustParsePrefix(text))
	}
	return ranges
}

// publicOnly returns an error for an address and port that is not on the public internet.
func publicOnly(address string) error {
	parsed, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	addr := parsed.Addr().Unmap().WithZone("")
	public := addr.IsGlobalUnicast() && !addr.IsPrivate()
	for _, r := range reserved() {
		public = public && !r.Contains(addr)
	}
	if !public {
		return fmt.Errorf("%s is a private address; --audit-head-private allows it", addr)
	}
	return nil
}
