package e2e

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

var resetLink = regexp.MustCompile(`/recover#secret=[A-Za-z0-9_-]{43}`)

// TestRecover_ByTheCommandLineAndByAnAdmin sets passwords by both kinds of links, with and without
// script. No request has the secret in its address.
func TestRecover_ByTheCommandLineAndByAnAdmin(t *testing.T) {
	t.Parallel()
	s := start(t, "demo")
	byCommand := func(email string) string {
		binary, err := shared.binary()
		if err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(binary, "recover", "--data", s.Data, email).CombinedOutput()
		if link := resetLink.FindString(string(out)); err == nil && link != "" {
			return link
		}
		t.Fatalf("recover: %v %s", err, out)
		return ""
	}
	byAdmin := func(email string) string {
		p := admin(t, s)
		p.open("/settings/access-management/users")
		p.click("link", "Vera Viewer")
		p.click("link", "Send reset link")
		p.seesText("Create a reset link for")
		axe(t, p)
		p.click("button", "Create link")
		p.seesText("You won't see it again.")
		axe(t, p)
		fits(t, p)
		screenshot(t, p, "reset-link")
		link := resetLink.FindString(p.html())
		if link == "" {
			t.Fatal("no link is shown")
		}
		return link
	}
	for _, variant := range []struct {
		name, email string
		link        func(email string) string
		opts        []pageOption
		paste       bool
	}{
		{"by command, with script", editorEmail, byCommand, nil, false},
		{"by command, without script", editorEmail, byCommand, []pageOption{noScript, mobile}, true},
		{"by an Admin", viewerEmail, byAdmin, []pageOption{mobile, dark}, false},
	} {
		t.Run(variant.name, func(t *testing.T) {
			link := variant.link(variant.email)
			_, secret, _ := strings.Cut(link, "#secret=")
			rec := record(t, s)
			p := newPage(t, rec.server, variant.opts...)
			p.open(link)
			if variant.paste {
				p.sees("heading", "Set a new password")
				axe(t, p)
				fits(t, p)
				p.fill("Reset link", s.URL+link)
				p.click("button", "Continue")
			}
			p.sees("button", "Set password")
			axe(t, p)
			fits(t, p)
			screenshot(t, p, "recover")
			p.fill("New password", newPass)
			p.click("button", "Set password")
			p.reaches("/")
			rec.lacks(t, secret)
		})
	}
	if strings.Contains(s.Logs(), "secret=") {
		t.Error("the server's log has a secret")
	}
}
