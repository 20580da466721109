package mail_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"latchkey/internal/mail"
)

// server is an SMTP server that takes one message and hands over what it was told.
func server(t *testing.T) (address string, received <-chan string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	text := make(chan string, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		text <- converse(conn)
	}()
	return listener.Addr().String(), text
}

// converse plays the server's part of RFC 5321.
func converse(conn net.Conn) string {
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

func TestSend_DeliversToTheServer(t *testing.T) {
	address, received := server(t)
	sender, err := mail.New("smtp://" + address + "?from=latchkey@example.com")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := sender.Send(ctx, "new@example.com", "You are invited", "Open this link:\n\nhttp://x/y"); err != nil {
		t.Fatal(err)
	}
	got := <-received
	for _, want := range []string{"MAIL FROM:<latchkey@example.com>", "RCPT TO:<new@example.com>", "Subject: You are invited", "http://x/y"} {
		if !strings.Contains(got, want) {
			t.Errorf("the server did not hear %q:\n%s", want, got)
		}
	}
}

func TestSend_ANewLineInAnAddressIsRefused(t *testing.T) {
	sender, err := mail.New("smtp://127.0.0.1:1?from=latchkey@example.com")
	if err != nil {
		t.Fatal(err)
	}
	if err := sender.Send(context.Background(), "a@example.com\r\nBcc: b@example.com", "x", "y"); err == nil {
		t.Error("an address with a new line was taken")
	}
}

func TestNew_RefusesWhatCannotWorkAndKeepsThePasswordToItself(t *testing.T) {
	for _, address := range []string{"", "smtp://host", "http://host?from=a@b.example", "smtp://:secretword@host:port?from=a@b.example",
		"smtp://u:secretword@host:99999?from=a@b.example", "smtp://u:secretword@host?from=nobody", "%zz"} {
		_, err := mail.New(address)
		if err == nil {
			t.Errorf("%q was accepted", address)
			continue
		}
		if strings.Contains(err.Error(), "secretword") {
			t.Errorf("the error shows the password: %v", err)
		}
	}
}
