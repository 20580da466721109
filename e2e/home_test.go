package e2e

import "testing"

// TestHome_SaysWhatNeedsAttention looks at Home as an Admin and as a Member, with script and without.
func TestHome_SaysWhatNeedsAttention(t *testing.T) {
	t.Parallel()
	s := start(t, "demo")
	ada := admin(t, s)
	ada.open("/")
	attention := ada.within("region", "Needs attention")
	attention.seesText("Tokens that expire soon")
	attention.seesText("siem-audit-export")
	attention.seesText("dashboard-export") // of somebody else
	ada.seesText("No requests in the last 30 days.")
	next := ada.within("region", "Next steps")
	next.seesText("Make a request with a token")
	axe(t, ada)
	screenshot(t, ada, "home-admin")
	attention.click("link", "siem-audit-export")
	ada.sees("heading", "siem-audit-export")
	ada.open("/needs-attention?show=expires-soon")
	ada.sees("heading", "Tokens that expire soon")
	ada.seesText("siem-audit-export")
	axe(t, ada)
	screenshot(t, ada, "home-attention")

	vera := newPage(t, s, mobile, dark, noScript)
	signIn(t, vera, viewerEmail, demoPassword)
	vera.open("/")
	vera.seesText("None of your tokens expires within 30 days")
	vera.lacksText("siem-audit-export")
	vera.within("region", "Next steps").seesText("Make a request with a token")
	axe(t, vera)
	screenshot(t, vera, "home-member-phone")
}
