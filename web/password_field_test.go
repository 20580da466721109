package web_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"latchkey/internal/demo"
	"latchkey/web/ui/kit"
)

// TestPages_LeadOutAndHidePasswords looks on every page for the way to sign out, and at the fields for passwords: what is typed is
// hidden, and browsers and password managers know what belongs there.
func TestPages_LeadOutAndHidePasswords(t *testing.T) {
	s := newSite(t)
	b, nobody := s.signedIn(t, adminEmail), s.browser(t)
	out, fields := 0, map[string]bool{}
	for _, p := range pages() {
		if p.Method != http.MethodGet {
			continue
		}
		visitor := b
		if p.Gate == kit.Open {
			visitor = nobody
		}
		got := visitor.get(s.fill(t, p.Path))
		if got.status != http.StatusOK || !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") {
			continue
		}
		if p.Gate == kit.Member || p.Gate == kit.Enrolling {
			if out++; !strings.Contains(got.body, `<form method="post" action="/sign-out"`) {
				t.Errorf("%s: no way to sign out", p.Path)
			}
		}
		doc, err := html.Parse(strings.NewReader(got.body))
		if err != nil {
			t.Fatal(err)
		}
		for n := range doc.Descendants() {
			field := map[string]string{}
			for _, a := range n.Attr {
				field[a.Key] = a.Val
			}
			if field["value"] == demo.Password { // behind a button of the demonstration
				continue
			}
			if n.Data != "input" || !slices.Contains([]string{"password", "current", "new", kit.FieldConfirmPassword}, field["name"]) {
				continue
			}
			fields[p.Path] = true
			if _, locked := field["readonly"]; field["type"] != "password" || !strings.HasSuffix(field["autocomplete"], "-password") || locked {
				t.Errorf("%s: the field of a password is %v", p.Path, field)
			}
		}
	}
	if out < 20 || len(fields) < 4 {
		t.Errorf("%d pages of members, fields on %v", out, fields)
	}
}
