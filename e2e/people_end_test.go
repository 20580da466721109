package e2e

import (
	"net/http"
	"strings"
	"testing"
)

// TestEnding_NoInvitationOutlivesAnAdmin follows the invitations that a new Admin makes, and one
// to a person whom the provider added, to the end of both.
func TestEnding_NoInvitationOutlivesAnAdmin(t *testing.T) {
	t.Parallel()
	s := start(t, "demo")
	ada := admin(t, s)
	nora := joined(t, s, invited(t, ada, newcomer), "Nora New")
	changes(ada, "Nora New", "Make Admin", "Nora New is now an Admin.")
	accomplice := invitedAs(t, nora, "zoe@acme.example", "Admin")
	colleague := invitedAs(t, nora, "cleo@acme.example", "Member")

	ada.open(usersPage)
	ada.act("Nora New", "Make Member")
	alert := ada.within("alertdialog", "Make Nora New a Member?")
	alert.seesText("1 pending invitation ends too")
	alert.seesText("zoe@acme.example as Admin, invited by Nora New")
	alert.lacksText("cleo@acme.example")
	axe(t, ada)
	alert.click("button", "Make Member")
	ada.seesText("Nora New is now a Member")
	ada.click("link", "Nora New")
	ada.seesText("Was an Admin until")
	axe(t, ada)

	refusedLink(t, s, accomplice, "This invitation was deleted")
	joined(t, s, colleague, "Cleo")

	ada.open(provisioningPage)
	secret := provisions(t, ada, "okta")
	body := `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"grace@acme.example","displayName":"Grace Hopper"}`
	if got := provider(t, s, secret, http.MethodPost, "/Users", body); got != http.StatusCreated {
		t.Fatalf("the user: %d", got)
	}
	grace := invitedAs(t, ada, "grace@acme.example", "Admin")
	changes(ada, "Grace Hopper", "Deactivate", "Grace Hopper was deactivated.")
	refusedLink(t, s, grace, "Your account is deactivated")
	changes(ada, "Grace Hopper", "Reactivate", "Grace Hopper was reactivated.")
	refusedLink(t, s, grace, "This invitation was deleted")
	ada.open("/settings/audit-logs?action=refused")
	ada.seesText("grace@acme.example")
}

// invitedAs makes an invitation with a role and returns its link.
func invitedAs(t *testing.T, p *page, email, role string) string {
	t.Helper()
	p.open(invitationsPage)
	p.click("link", "Invite users")
	dialog := p.within("dialog", "Invite users")
	dialog.fill("Emails", email)
	dialog.click("radio", role)
	dialog.check("Production")
	dialog.click("button", "Invite")
	p.sees("heading", "1 invitation link")
	link, err := p.Page.Locator("#link-0").TextContent()
	if err != nil {
		t.Fatal(err)
	}
	p.click("link", "Close")
	return link
}

// refusedLink opens a link in a browser of its own and wants a refusal without a form.
func refusedLink(t *testing.T, s *server, link, text string) {
	t.Helper()
	p := newPage(t, s)
	p.open(link)
	p.seesText(text)
	p.lacks("button", "Join")
	axe(t, p)
}

// TestSessions_AnAdminEndsThoseOfAMember ends one session and then all of them, and sees that a
// password change leaves nothing to an old cookie.
func TestSessions_AnAdminEndsThoseOfAMember(t *testing.T) {
	t.Parallel()
	s := start(t, "demo")
	ada := admin(t, s)
	link := invited(t, ada, newcomer)
	one := joined(t, s, link, "Nora New")
	two := newPage(t, s)
	signIn(t, two, newcomer, newPass)

	ada.open(usersPage)
	ada.click("link", "Nora New")
	section := ada.within("region", "Sessions")
	if n, err := section.root.Locator("tbody tr").Count(); err != nil || n != 2 {
		t.Fatalf("%d sessions, %v", n, err)
	}
	axe(t, ada)
	screenshot(t, ada, "member-sessions")
	if err := section.root.Locator("tbody button").First().Click(); err != nil {
		t.Fatal(err)
	}
	ada.seesText("The session was ended.")
	in := 0
	for _, p := range []*page{one, two} {
		if p.open(profilePage); p.path() == profilePage {
			in++
			continue
		}
		signIn(t, p, newcomer, newPass)
	}
	if in != 1 {
		t.Errorf("%d of two are signed in after one was ended", in)
	}
	ada.within("region", "Sessions").click("link", "End all sessions")
	alert := ada.within("alertdialog", "End all sessions of Nora New?")
	alert.seesText("can sign in again")
	axe(t, ada)
	alert.click("button", "End all sessions")
	ada.seesText("Nora New is not signed in anywhere.")
	for _, p := range []*page{one, two} {
		p.open(profilePage)
		p.reaches("/sign-in")
	}
	small := newPage(t, s, mobile, dark)
	signIn(t, small, adminEmail, demoPassword)
	small.open(ada.path())
	small.within("region", "Sessions").seesText("No sessions")
	axe(t, small)
	screenshot(t, small, "member-sessions-mobile")

	signIn(t, one, newcomer, newPass)
	before := cookie(t, one)
	one.open(profilePage)
	one.click("link", "Change password")
	dialog := one.within("dialog", "Change your password")
	dialog.fill("Current password", newPass)
	dialog.fill("New password", "quite another password")
	dialog.click("button", "Change password")
	one.seesText("Your password was changed.")
	one.seesText("This browser")
	if after := cookie(t, one); after == before || after == "" {
		t.Error("the session has the secret from before")
	}
	if got := asks(t, s, before); got != http.StatusSeeOther {
		t.Errorf("the cookie from before gets %d", got)
	}
	if got := asks(t, s, cookie(t, one)); got != http.StatusOK {
		t.Errorf("the new cookie gets %d", got)
	}
}

// cookie returns the session's cookie of a page, as name=value.
func cookie(t *testing.T, p *page) string {
	t.Helper()
	list, err := p.Page.Context().Cookies()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		if strings.HasSuffix(c.Name, "latchkey_session") {
			return c.Name + "=" + c.Value
		}
	}
	return ""
}

// asks asks for the profile with a cookie and returns the status.
func asks(t *testing.T, s *server, cookie string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+profilePage, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Cookie", cookie)
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := answer.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode
}
