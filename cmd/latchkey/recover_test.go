package main_test

import (
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"latchkey/internal/store/pgtest"
)

// recovered sets a password by the link that the command prints, on a running server.
func recovered(t *testing.T, address, secret string) int {
	t.Helper()
	form := url.Values{"secret": {secret}, "password": {"an altogether new password"}}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.PostForm(address+"/recover", form)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

var resetLink = regexp.MustCompile(`https://keys\.example\.com/recover#secret=([A-Za-z0-9_-]{43})`)

// TestRecover_WorksBesideARunningServer makes links while a server uses the database.
func TestRecover_WorksBesideARunningServer(t *testing.T) {
	folder := t.TempDir()
	address := serve(t, exec.Command(binary, "demo", "--addr", "127.0.0.1:0", "--data", folder))
	command := []string{"recover", "--data", folder, "--public-url", "https://keys.example.com"}
	code, out, errOut := run(t, append(command, "Admin@acme.example")...)
	link := resetLink.FindStringSubmatch(out)
	if code != 0 || link == nil || errOut != "" {
		t.Fatalf("%d %q %q", code, out, errOut)
	}
	if status := recovered(t, address, link[1]); status != http.StatusSeeOther {
		t.Errorf("the link answers %d", status)
	}
	if status := recovered(t, address, link[1]); status != http.StatusNotFound {
		t.Errorf("the used link answers %d", status)
	}
	for _, args := range [][]string{append(command, "nobody@acme.example"),
		{"recover", "--data", filepath.Join(folder, "none"), "a@b.example"}} {
		if code, out, errOut := run(t, args...); code != 1 || out != "" || strings.Count(errOut, "\n") != 1 {
			t.Errorf("%v: %d %q %q", args, code, out, errOut)
		}
	}
	if code, out, errOut := run(t, "audit", "verify", "--data", folder); code != 0 {
		t.Errorf("audit verify: %d %q %q", code, out, errOut)
	}
	if code, out, errOut := run(t, "check", "--data", folder); code != 0 {
		t.Errorf("check: %d %q %q", code, out, errOut)
	}
}

func TestRecover_OnPostgresSaysWhomItDoesNotKnow(t *testing.T) {
	database := pgtest.URL(t)
	if code, out, errOut := run(t, "migrate-store", "--from", filepath.Join(seeded(t), "latchkey.db"), "--to", database); code != 0 {
		t.Fatalf("migrate-store: %d %q %q", code, out, errOut)
	}
	code, out, errOut := run(t, "recover", "--database-url", database, "a@b.example")
	if code != 1 || out != "" || errOut != "latchkey: no member has the address \"a@b.example\"\n" {
		t.Errorf("%d %q %q", code, out, errOut)
	}
}
