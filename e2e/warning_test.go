package e2e

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

const calendarPage = "/settings/calendar"

// contactPage returns the address at which the contacts of a service token are changed.
func contactPage(token string) string {
	return strings.TrimSuffix(satWork, "workspace") + token + "/contact"
}

// fetched returns what a calendar program gets from an address.
func fetched(t *testing.T, address string) (status int, text string) {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// warns chooses days, names a contact, and makes and revokes a calendar link.
func warns(t *testing.T, srv *server, look string, opts ...pageOption) {
	t.Helper()
	p := newPage(t, srv, opts...)
	signIn(t, p, adminEmail, demoPassword)
	p.open(notificationPage)
	axe(t, p)
	screenshot(t, p, "warnings"+look)
	p.click("link", "Change email warnings")
	dialog := p.within("dialog", "Email warnings")
	dialog.fill("Days before a token expires", "30, never")
	dialog.click("button", "Save")
	described(t, p.within("dialog", "Email warnings"), "Days before a token expires",
		"Enter whole numbers of days from 1 to 365, separated by commas.")
	axe(t, p)
	screenshot(t, p, "warnings-days"+look)
	dialog = p.within("dialog", "Email warnings")
	dialog.fill("Days before a token expires", "60, 14")
	dialog.click("button", "Save")
	p.reaches(notificationPage)
	p.seesText("60 and 14 days before a token expires")

	token := ids(t, p, "/settings/access-management/service-access-tokens/workspace", `/tokens/(\w+)`)[0]
	p.open("/tokens/" + token)
	contact := "Contact of " + p.eval(`() => document.querySelector("h1").textContent.trim()`).(string)
	p.click("link", "Contact")
	dialog = p.within("dialog", contact)
	dialog.fill("Contact", "Team <team@acme.example>, nobody")
	dialog.click("button", "Save")
	p.seesText("That does not look like an email address: nobody")
	axe(t, p)
	screenshot(t, p, "warnings-contact"+look)
	dialog = p.within("dialog", contact)
	dialog.fill("Contact", "Team <team@acme.example>")
	dialog.click("button", "Save")
	p.reaches("/tokens/" + token)
	p.seesText("team@acme.example")
	axe(t, p)
	screenshot(t, p, "warnings-token"+look)

	p.open("/settings/profile")
	p.click("link", "Calendar link")
	p.reaches(calendarPage)
	axe(t, p)
	screenshot(t, p, "calendar-none"+look)
	p.click("button", "Make link")
	link := p.within("dialog", "Your calendar link").value("Calendar link")
	axe(t, p)
	screenshot(t, p, "calendar-reveal"+look)
	p.click("link", "Close")
	if status, text := fetched(t, link); status != http.StatusOK || !strings.HasPrefix(text, "BEGIN:VCALENDAR\r\n") ||
		!strings.Contains(text, "BEGIN:VEVENT\r\n") {
		t.Errorf("%d %s", status, text)
	}
	secret := link[strings.LastIndexByte(link, '/')+1:]
	nowhere(t, p, secret, calendarPage)
	p.open(calendarPage)
	p.seesText("Works. Made")
	axe(t, p)
	screenshot(t, p, "calendar"+look)
	p.click("link", "Revoke calendar link")
	p.within("alertdialog", "Revoke your calendar link?").click("button", "Yes, revoke")
	p.reaches(calendarPage)
	p.seesText("No link yet")
	if status, _ := fetched(t, link); status != http.StatusNotFound {
		t.Errorf("revoked: %d", status)
	}
}

func TestWarnings_AreChosenAndShownInACalendar(t *testing.T) {
	t.Parallel()
	srv := start(t, "demo")
	warns(t, srv, "")
	warns(t, srv, "-phone", noScript, dark, mobile)
}
