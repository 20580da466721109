package pgtest

import (
	"net"
	"net/url"
	"sync"
	"testing"
)

// Proxy stands between a program and the server, and can make the network fail.
type Proxy struct {
	listener net.Listener
	socket   string
	mu       sync.Mutex
	cond     sync.Cond
	state    proxyState
	open     map[net.Conn]bool
}

type proxyState uint8

const (
	flowing proxyState = iota
	refusing
	hanging
)

// NewProxy starts a proxy before the server.
func (s *Server) NewProxy(t testing.TB) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{listener: listener, socket: s.Socket(), open: map[net.Conn]bool{}}
	p.cond.L = &p.mu
	go p.accept()
	t.Cleanup(func() { _ = listener.Close(); p.Cut() })
	return p
}

// Through is the address of a database through the proxy.
func (p *Proxy) Through(t testing.TB, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.Host, u.RawQuery = p.listener.Addr().String(), "sslmode=disable"
	return u.String()
}

// Cut closes every connection and refuses new ones.
func (p *Proxy) Cut() { p.set(refusing, true) }

// Hang keeps connections and lets nothing through, as a network that lost its way does.
func (p *Proxy) Hang() { p.set(hanging, false) }

// Heal ends a Cut or a Hang.
func (p *Proxy) Heal() { p.set(flowing, false) }

func (p *Proxy) set(s proxyState, closing bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state = s
	if closing {
		for c := range p.open {
			_ = c.Close()
		}
	}
	p.cond.Broadcast()
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("unix", p.socket)
		if err != nil || !p.admit(client, server) {
			_ = client.Close()
			if err == nil {
				_ = server.Close()
			}
			continue
		}
		go p.copy(client, server)
		go p.copy(server, client)
	}
}

// admit notes a pair of connections unless the proxy refuses.
func (p *Proxy) admit(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == refusing {
		return false
	}
	for _, c := range conns {
		p.open[c] = true
	}
	return true
}

// copy carries bytes from one side to the other, holding them while the proxy hangs.
func (p *Proxy) copy(from, to net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		p.mu.Lock()
		for p.state == hanging {
			p.cond.Wait()
		}
		p.mu.Unlock()
		if _, writeErr := to.Write(buffer[:n]); err != nil || writeErr != nil {
			break
		}
	}
	p.mu.Lock()
	delete(p.open, from)
	p.mu.Unlock()
	_ = from.Close()
	if half, ok := to.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	} else {
		_ = to.Close()
	}
}
