package mail_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"latchkey/internal/mail"
	"latchkey/internal/mail/mailtest"
)

var quiet = slog.New(slog.DiscardHandler)

func TestSend_DeliversToTheServer(t *testing.T) {
	server := mailtest.New(t)
	sender, err := mail.New(server.URL("latchkey@example.com"), quiet)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := sender.Send(ctx, "new@example.com", "You are invited", "Open this link:\n\nhttp://x/y"); err != nil {
		t.Fatal(err)
	}
	got := <-server.Heard
	for _, want := range []string{"MAIL FROM:<latchkey@example.com>", "RCPT TO:<new@example.com>", "Subject: You are invited", "http://x/y"} {
		if !strings.Contains(got, want) {
			t.Errorf("the server did not hear %q:\n%s", want, got)
		}
	}
}

func TestSend_LogsWhatCannotBeSentWithoutItsText(t *testing.T) {
	var log strings.Builder
	sender, err := mail.New("smtp://127.0.0.1:1?from=latchkey@example.com", slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	if err := sender.Send(context.Background(), "ada@example.com", "Set a new password", "http://x/secret=y"); err == nil {
		t.Fatal("it was sent")
	}
	if got := log.String(); !strings.Contains(got, "level=ERROR") || !strings.Contains(got, "Set a new password") ||
		strings.Contains(got, "secret") {
		t.Error(got)
	}
}

func TestSend_ANewLineInAnAddressIsRefused(t *testing.T) {
	sender, err := mail.New("smtp://127.0.0.1:1?from=latchkey@example.com", quiet)
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
		_, err := mail.New(address, quiet)
		if err == nil {
			t.Errorf("%q was accepted", address)
			continue
		}
		if strings.Contains(err.Error(), "secretword") {
			t.Errorf("the error shows the password: %v", err)
		}
	}
}
