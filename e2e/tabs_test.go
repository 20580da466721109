package e2e

import (
	"fmt"
	"testing"

	"github.com/playwright-community/playwright-go"
)

// accessGroups are the groups of Access Management with their tabs.
func accessGroups() []struct {
	label string
	tabs  []string
} {
	return []struct {
		label string
		tabs  []string
	}{
		{"People", []string{"Users", "Invitations", "Groups"}},
		{"Policies", []string{"Baseline Workspace Policies", "Explain"}},
		{"Tokens", []string{"Tokens", "Service Access Tokens", "API Clients"}},
		{"Integrations", []string{"Provisioning"}},
		{"Tools", []string{"Migration", "Identify token"}},
	}
}

// TestTabs_StandInGroups opens every tab of Access Management from the one before.
func TestTabs_StandInGroups(t *testing.T) {
	t.Parallel()
	s := start(t, "demo")
	for _, look := range []struct {
		name string
		opts []pageOption
	}{{"phone", []pageOption{mobile}}, {"tablet", []pageOption{tablet, dark}}, {"desktop-plain", []pageOption{noScript}},
		{"phone-dark", []pageOption{mobile, dark}}, {"desktop-dark", []pageOption{dark}}} {
		p := admin(t, s, look.opts...)
		p.open(accessPage)
		for _, group := range accessGroups() {
			for _, tab := range group.tabs {
				nav := p.within("navigation", "Access management")
				nav.within("list", group.label).click("link", tab)
				current := p.Page.Locator("nav.tabs [aria-current=page]")
				if err := playwright.NewPlaywrightAssertions().Locator(current).ToHaveText(tab); err != nil {
					t.Errorf("%s: %s is not the current tab: %v", look.name, tab, err)
				}
			}
		}
		axe(t, p)
		p.open(groupsPage)
		axe(t, p)
		screenshot(t, p, fmt.Sprint("tabs-", look.name))
	}
	p := admin(t, s)
	p.open(usersPage)
	p.tabTo("link", "Baseline Workspace Policies")
	p.press("Enter")
	p.reaches("/settings/access-management/baseline-policies")
}
