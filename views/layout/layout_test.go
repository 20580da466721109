package layout_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"latchkey/views/component"
	"latchkey/views/layout"

	"github.com/a-h/templ"
)

func render(t *testing.T, c templ.Component, child string) string {
	t.Helper()
	var buf bytes.Buffer
	if err := c.Render(templ.WithChildren(context.Background(), templ.Raw(child)), &buf); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

func wantAll(t *testing.T, got string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
}

func TestApp_FramesThePage(t *testing.T) {
	got := render(t, layout.App(layout.Shell{
		Title: "Personal Access Tokens",
		User:  layout.User{Name: "Ada <Lovelace>", Email: "ada@example.com", Role: "Member"},
		Nav:   []layout.NavItem{{Label: "Home", Href: "/", Current: true}, {Label: "Settings", Children: []layout.NavItem{{Label: "Your Profile", Href: "/settings/profile"}}}},
		Flash: []component.NoticeModel{{Kind: "success", Text: "Token deleted."}},
	}), "<h1>Tokens</h1>")
	wantAll(t, got,
		"<title>Personal Access Tokens · Latchkey</title>", `<html lang="en">`, `href="#main"`, `<nav class="sidenav" id="main-nav" aria-label="Main"`,
		`<a href="/" aria-current="page">`, `<form method="post" action="/sign-out"`, "Ada &lt;Lovelace&gt;", `role="status"`, "Token deleted.", "<h1>Tokens</h1>")
	if strings.Contains(got, "Workspace:") {
		t.Error("a switcher without workspaces")
	}
}

func TestApp_SwitcherNamesTheWorkspace(t *testing.T) {
	got := render(t, layout.App(layout.Shell{Workspace: &layout.Switcher{Current: "Production", Items: []layout.SwitcherItem{{Label: "Staging", Href: "/workspaces/2"}}}}), "")
	wantAll(t, got, `aria-label="Workspace: Production"`, `href="/workspaces/2"`, "<title>Latchkey</title>")
}

func TestBase_FramesAPageOfSomebodyUnknown(t *testing.T) {
	got := render(t, layout.Base(layout.Page{Title: "Sign in", Intro: "Welcome."}), "<p>x</p>")
	wantAll(t, got, "<title>Sign in · Latchkey</title>", "<h1>Sign in</h1>", "Welcome.", "<p>x</p>")
	if strings.Contains(got, "Sign out") {
		t.Error("the frame of signed-in people")
	}
}

func TestInitials_OfNamesAndAddresses(t *testing.T) {
	for _, tc := range []struct{ name, email, want string }{
		{"Ada Lovelace", "", "AL"}, {"ada king lovelace", "", "AL"}, {"Åsa", "", "Å"}, {"", "grace.hopper@example.com", "G"}, {"", "", "?"}, {"--", "", "?"},
	} {
		if got := (layout.User{Name: tc.name, Email: tc.email}).Initials(); got != tc.want {
			t.Errorf("%q %q: %q", tc.name, tc.email, got)
		}
	}
}
