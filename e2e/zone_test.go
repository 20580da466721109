package e2e

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"
)

// kathmandu has a browser whose clock is in Nepal.
func kathmandu(o *playwright.BrowserNewContextOptions) {
	o.TimezoneId = playwright.String("Asia/Kathmandu")
}

const zonePage = "/settings/profile/time-zone"

// TestTimeZone_IsTheBrowsersUntilOneIsChosen signs in from Nepal, where pages show the browser's zone
// with script and UTC without, and then chooses one.
func TestTimeZone_IsTheBrowsersUntilOneIsChosen(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]pageOption{"script": {kathmandu}, "no script": {kathmandu, noScript}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := admin(t, start(t, "demo"), options...)
			p.tolerate("status of 400")
			before, offset := "Asia/Kat", "UTC+05:45" // Chromium says Katmandu
			if p.noScript {
				before, offset = "UTC", "UTC"
			}
			p.open("/settings/profile")
			p.seesText("Browser's: " + before)
			axe(t, p)
			titles(t, p, offset)

			p.click("link", "Change time zone")
			dialog := p.within("dialog", "Change your time zone")
			axe(t, p)
			dialog.choose("Time zone", "Pacific/Chatham")
			dialog.click("button", "Save")
			p.seesText("Your time zone was changed.")
			p.seesText("Pacific/Chatham")
			p.lacksText("Browser's")
			screenshot(t, p, "zone-profile-"+name)
			titles(t, p, "UTC+1")

			day := time.Now().AddDate(0, 2, 0).Format(time.DateOnly)
			p.open("/settings/profile/personal-access-tokens/new?name=far-away&workspace=Production&expires=" + url.QueryEscape(day))
			p.seesText("until the end of this day (Pacific/Chatham)")
			p.seesText("in Pacific/Chatham")
			axe(t, p)
			screenshot(t, p, "zone-form-"+name)
			p.click("button", "Generate")
			revealed(t, p, "lkpat_")
			pageOf(t, p, patPage, "far-away")
			p.seesText("00:00 UTC+13:45 (")
			p.seesText("10:15 UTC)")
			axe(t, p)
			screenshot(t, p, "zone-token-"+name)
			if err := p.SetViewportSize(360, 740); err != nil {
				t.Fatal(err)
			}
			screenshot(t, p, "zone-token-360-"+name)
			p.open(zonePage)
			screenshot(t, p, "zone-dialog-360-"+name)
			p.open("/settings/profile")
			screenshot(t, p, "zone-profile-360-"+name)

			p.open(auditPage)
			p.fill("From (Pacific/Chatham)", "2020-01-01")
			p.seesText("time zone")

			p.open(zonePage)
			p.choose("Time zone", "Browser's")
			p.click("button", "Save")
			p.seesText("Browser's: " + before)
		})
	}
}

// titles checks that each time of the page names a zone in its exact text.
func titles(t *testing.T, p *page, zone string) {
	t.Helper()
	found := regexp.MustCompile(`<time datetime="[^"]*Z" title="([^"]*)"`).FindAllStringSubmatch(p.html(), -1)
	for _, m := range found {
		if !strings.Contains(strings.ReplaceAll(m[1], "&#43;", "+"), " "+zone) {
			t.Errorf("%q does not name %s", m[1], zone)
		}
	}
	if len(found) == 0 {
		t.Error("no times")
	}
}
