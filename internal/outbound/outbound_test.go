package outbound

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"
)

// names is a resolver that answers from a table, the next of several answers each time.
type names struct {
	mu    sync.Mutex
	known map[string][][]netip.Addr
}

func (n *names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	answers := n.known[host]
	if len(answers) == 0 {
		return nil, errors.New("no such host")
	}
	if len(answers) > 1 {
		n.known[host] = answers[1:]
	}
	return answers[0], nil
}

func addrs(texts ...string) (list []netip.Addr) {
	for _, text := range texts {
		list = append(list, netip.MustParseAddr(text))
	}
	return list
}

func TestCheck_RefusesTargetsThatAreNotPublic(t *testing.T) {
	n := &names{known: map[string][][]netip.Addr{
		"public.example": {addrs("93.184.216.34", "2606:2800:220:1::1")}, "mixed.example": {addrs("93.184.216.34", "10.0.0.1")},
		"inside.example": {addrs("192.168.1.5")}, "mapped.example": {addrs("::ffff:127.0.0.1")}, "metadata.example": {addrs("169.254.169.254")},
	}}
	c := New(nil, n)
	for _, url := range []string{
		"", "hooks.example.com", "ftp://public.example/", "https://", "https:public.example", "file:///etc/passwd",
		"https://user:pw@public.example/",
		"https://public.example/#part", "http://public.example/", // without TLS
		"https://127.0.0.1/", "https://localhost/", "https://10.1.2.3/", "https://172.16.0.1/", "https://192.168.0.1/",
		"https://169.254.169.254/",
		"https://0.0.0.0/", "https://100.64.0.1/", "https://198.18.0.1/", "https://224.0.0.1/", "https://255.255.255.255/", "https://240.0.0.1/",
		"https://192.0.0.170/", "https://203.0.113.5/",
		// IPv4 in other forms.
		"https://2130706433/", "https://0x7f000001/", "https://0x7f.1/", "https://017700000001/", "https://0177.0.0.1/", "https://127.1/",
		"https://127.0.0.1./", "https://0x7F.0.0.0x1/", "https://1.2.3.4.5/",
		// IPv6, and IPv4 in it.
		"https://[::1]/", "https://[::]/", "https://[fe80::1]/", "https://[fe80::1%25eth0]/",
		"https://[2606:2800:220:1::1%25eth0]/", "https://[fc00::1]/",
		"https://[fd12::1]/", "https://[fec0::1]/", "https://[ff02::1]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:a00:1]/",
		"https://[::127.0.0.1]/",
		"https://[64:ff9b::7f00:1]/", "https://[64:ff9b::10.0.0.1]/", "https://[64:ff9b:1::1]/", "https://[2002:7f00:1::]/", "https://[2001::1]/",
		"https://[::ffff:0:127.0.0.1]/", "https://[2001:db8::1]/", "https://[100::1]/",
		"https://mixed.example/", "https://inside.example/", "https://mapped.example/", "https://metadata.example/", "https://unknown.example/",
	} {
		if got := c.Check(t.Context(), url); got == "" {
			t.Errorf("%q is accepted", url)
		}
	}
	for _, url := range []string{"https://public.example/x?y=z", "https://93.184.216.34:8443/", "https://[2606:2800:220:1::1]/",
		"https://[64:ff9b::5db8:d822]/",
		"https://PUBLIC.example"} {
		n.known["PUBLIC.example"] = n.known["public.example"]
		if got := c.Check(t.Context(), url); got != "" {
			t.Errorf("%q: %s", url, got)
		}
	}
}

func TestCheck_AllowsWhatTheOperatorAllowsAndNothingElse(t *testing.T) {
	c := New([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}, &names{})
	for url, want := range map[string]bool{"https://10.1.2.3/": true, "http://10.1.2.3/": true, "http://[::ffff:10.1.2.3]/": true,
		"http://[fd00::1]/": true, "http://127.0.0.1/": false, "http://93.184.216.34/": false, "https://[fc00::1]/": false} {
		if got := c.Check(t.Context(), url); (got == "") != want {
			t.Errorf("%q: %q", url, got)
		}
	}
}

// loopback allows the addresses of test servers.
func loopback() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
}

// A name that is public when it is checked and leads inside when it is sent to gains nothing.
func TestPost_ChecksTheAddressThatItConnectsTo(t *testing.T) {
	reached := false
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer s.Close()
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	c := New(nil, &names{known: map[string][][]netip.Addr{"rebinds.example": {addrs("93.184.216.34"), addrs("127.0.0.1")}}})
	url := "https://rebinds.example:" + port + "/"
	if problem := c.Check(t.Context(), url); problem != "" {
		t.Fatal(problem)
	}
	answer := c.Post(t.Context(), url, nil, "{}")
	if reached || answer.Status != 0 || !strings.Contains(answer.Problem, "private or reserved") {
		t.Errorf("%+v", answer)
	}
	// The dialler checks by itself, whatever resolved the name.
	if _, err := c.http.Transport.(*http.Transport).DialContext(t.Context(), "tcp", "127.0.0.1:"+port); err == nil {
		t.Error("it connects")
	}
}

func TestPost_SendsAndFollowsNothing(t *testing.T) {
	var got *http.Request
	var body string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		got, body = r, string(text)
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	defer s.Close()
	answer := New(loopback(), nil).Post(t.Context(), s.URL+"/first", map[string]string{"webhook-id": "msg_1"}, `{"a":1}`)
	if answer.Status != http.StatusTemporaryRedirect || got.URL.Path != "/first" || got.Header.Get("webhook-id") != "msg_1" ||
		body != `{"a":1}` {
		t.Errorf("%+v %v %q", answer, got.URL, body)
	}
}

func TestPost_IsBoundedInTimeAndSize(t *testing.T) {
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/hangs":
			<-release
		case "/drips":
			for i := 0; i < 1000; i++ {
				if _, err := io.WriteString(w, "."); err != nil {
					return
				}
				w.(http.Flusher).Flush()
				time.Sleep(10 * time.Millisecond)
			}
		case "/endless":
			for chunk := strings.Repeat("x", 64<<10); ; {
				if _, err := io.WriteString(w, chunk); err != nil {
					return
				}
			}
		case "/header":
			for i := range 2000 {
				w.Header().Add("X-Large", strings.Repeat("y", 100+i%2))
			}
		}
	}))
	defer s.Close()
	defer close(release)
	c := New(loopback(), nil)
	c.timeout = 300 * time.Millisecond
	began := time.Now()
	for path, want := range map[string]int{"/hangs": 0, "/drips": 200, "/endless": 200, "/header": 0} {
		answer := c.Post(t.Context(), s.URL+path, nil, "{}")
		if answer.Status != want || len(answer.Text) > mostAnswer || (want == 0) != (answer.Problem != "") {
			t.Errorf("%s: %d, %d bytes, %q", path, answer.Status, len(answer.Text), answer.Problem)
		}
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("it took %v", took)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if answer := c.Post(ctx, s.URL+"/hangs", nil, "{}"); answer.Status != 0 {
		t.Errorf("%+v", answer)
	}
}
