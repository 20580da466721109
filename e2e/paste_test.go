package e2e

import (
	"net/http"
	"strings"
	"testing"
)

// TestPaste_IsCleanedWhereverPeoplePaste fills the forms with what comes out of chats, tables and
// mails: byte order marks, zero-width blanks, odd spaces, quotes and line ends.
func TestPaste_IsCleanedWhereverPeoplePaste(t *testing.T) {
	t.Parallel()
	for _, variant := range []struct {
		name string
		opts []pageOption
	}{{"with script", nil}, {"without script, on a phone", []pageOption{noScript, mobile, dark}}} {
		t.Run(variant.name, func(t *testing.T) {
			s := start(t, "demo")
			p := newPage(t, s, variant.opts...)
			p.open("/sign-in")
			p.fill("Email", "\ufeff\"Admin@acme.example\u200b\".\u00a0")
			p.fill("Password", demoPassword)
			p.click("button", "Sign in")
			p.reaches("/")

			p.open(groupsPage + "/new")
			p.fill("Group name", "\u200b“Pasted\u00a0people”\u2003")
			p.fill("Description optional", "\ufefffrom a\u00a0table\r\nof two lines\u200b\r\n")
			p.within("dialog", "Create group").click("button", "Next")
			p.seesText("workspaces to link to Pasted people.")
			p.within("dialog", "Create group").click("button", "Create")
			p.sees("heading", "Pasted people")

			p.open(invitationsPage + "/new")
			dialog := p.within("dialog", "Invite users")
			dialog.fill("Emails", "\ufeff\"Lovelace, Ada\" <one@acme.example>;\u00a0'two@acme.example'\r\nmailto:three@acme.example.\u200b")
			dialog.check("Pasted people")
			dialog.click("button", "Invite")
			p.sees("heading", "3 invitation links")
			for _, address := range []string{"one@acme.example", "two@acme.example", "three@acme.example"} {
				p.seesText(address)
			}

			p.open(usersPage + "?q=%EF%BB%BFada%C2%A0admin%E2%80%8B")
			p.seesText("Ada Admin")
		})
	}
}

func TestIdentifyToken_FindsItInWhatWasPasted(t *testing.T) {
	t.Parallel()
	server := start(t, "demo")
	p := admin(t, server)
	p.open("/settings/access-management/service-access-tokens/organization/new")
	p.fill("Token name", "\"found in\u00a0a log\"\u200b")
	p.click("button", "Generate")
	secret := revealed(t, p, "lkoat_")
	for _, pasted := range []string{
		"Authorization: Bearer " + secret + "\r\n",
		"export LATCHKEY_TOKEN=\"" + secret + "\"",
		"2026-11-28T12:00:00Z ERROR request failed token=" + secret + ", 3 attempts\n2026-11-28T12:00:01Z INFO next",
		"\ufeff" + secret[:30] + "\u200b" + secret[30:] + ".",
	} {
		p.open(identifyPage)
		p.fill("Token or its SHA-256 digest", pasted)
		p.click("button", "Identify")
		p.seesText("This token still works")
		p.sees("heading", "found in a log")
		if strings.Contains(p.html(), secret) || p.value("Token or its SHA-256 digest") != "" {
			t.Error("the page repeats the secret")
		}
	}
	axe(t, p)
	screenshot(t, p, "identified-in-a-log")
	if status := presented(t, server, secret+"\u200b"); status != http.StatusUnauthorized {
		t.Errorf("the API cleans credentials: %d", status)
	}
}

// TestNames_WithJoinersAreWrittenFoundAndKeptApartFromNone renames people, and looks for them with
// and without the joiners that nobody sees.
func TestNames_WithJoinersAreWrittenFoundAndKeptApartFromNone(t *testing.T) {
	t.Parallel()
	s := start(t, "demo")
	p := admin(t, s)
	p.tolerate("400")
	for name, typed := range map[string]string{
		"می\u200cخواهم": "میخواهم", "ශ\u0dca\u200dරී": "ශ\u0dcaරී", "അവന\u0d4d\u200d": "അവന\u0d4d", "অর\u200d\u09cdযা": "অর\u09cdযা",
		"Kin 👨\u200d👩\u200d👧": "kin",
	} {
		p.open("/settings/profile/name")
		p.fill("Name", " "+name)
		p.click("button", "Save")
		p.reaches("/settings/profile")
		p.seesText(name)
		p.open(usersPage)
		p.fill("Name or email", typed)
		p.press("Enter")
		p.within("table", "Members").seesText(name)

		p.open("/settings/profile/personal-access-tokens/new")
		p.fill("Token name", name)
		p.choose("Workspace", "Production")
		p.click("button", "Generate")
		revealed(t, p, "lkpat_")
		if typed != "kin" {
			p.open("/settings/profile/personal-access-tokens/new")
			p.fill("Token name", typed)
			p.choose("Workspace", "Production")
			p.click("button", "Generate")
			p.seesText("A token with this name already exists.")
		}
	}
	screenshot(t, p, "name-with-joiners")
	p.open("/settings/profile/name")
	p.fill("Name", "Ada\u202eadA")
	p.click("button", "Save")
	p.seesText("The name contains characters that cannot be shown.")
	axe(t, p)
}
