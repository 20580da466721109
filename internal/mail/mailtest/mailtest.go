// Package mailtest is an SMTP server for tests.
package mailtest

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
)

// Server is a mail server that takes messages, or refuses their recipients.
type Server struct {
	Address string        // HOST:PORT
	Heard   <-chan string // what it heard in each conversation, in lines
	Refuse  atomic.Bool   // answer every RCPT with a temporary error
}

// New starts a server, which ends with the test.
func New(t testing.TB) *Server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	heard := make(chan string, 1000)
	s := &Server{Address: listener.Addr().String(), Heard: heard}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				heard <- s.converse(conn)
			}()
		}
	}()
	return s
}

// URL returns the address as the server's flag --smtp-url wants it.
func (s *Server) URL(from string) string { return "smtp://" + s.Address + "?from=" + from }

// converse plays the server's part of RFC 5321.
func (s *Server) converse(conn net.Conn) string {
	var all strings.Builder
	in, inData := bufio.NewScanner(conn), false
	fmt.Fprint(conn, "220 test\r\n")
	for in.Scan() {
		line := in.Text()
		all.WriteString(line + "\n")
		switch {
		case inData && line == ".":
			inData = false
			fmt.Fprint(conn, "250 taken\r\n")
		case inData:
		case strings.HasPrefix(line, "EHLO"):
			fmt.Fprint(conn, "250-test\r\n250 8BITMIME\r\n")
		case strings.HasPrefix(line, "RCPT") && s.Refuse.Load():
			fmt.Fprint(conn, "451 try again later\r\n")
		case line == "DATA":
			inData = true
			fmt.Fprint(conn, "354 go on\r\n")
		case line == "QUIT":
			fmt.Fprint(conn, "221 bye\r\n")
			return all.String()
		default:
			fmt.Fprint(conn, "250 fine\r\n")
		}
	}
	return all.String()
}

// Plain returns what was heard with the soft line breaks of quoted-printable taken out.
func Plain(heard string) string {
	return strings.ReplaceAll(strings.ReplaceAll(heard, "=\n", ""), "=3D", "=")
}
