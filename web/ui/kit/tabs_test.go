package kit

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/views/component"
)

func TestAccessTabs_HoldOnlyWhatTheVisitorMayOpen(t *testing.T) {
	s := New(Deps{Catalogue: access.BuiltIn()})
	c := echo.New().NewContext(httptest.NewRequest(http.MethodGet, GroupPath+"/g1", nil), httptest.NewRecorder())
	var v Visit
	v.Organization.ID = "o"
	v.Principal = access.Principal{Kind: access.Member, ID: "m", Organization: "o", Role: access.RoleMember}
	if m := s.AccessTabs(c, v); len(m.Tabs) != 0 {
		t.Errorf("a member sees %+v", m.Tabs)
	}
	v.Principal.Role = access.RoleAdmin
	m := s.AccessTabs(c, v)
	if len(m.Tabs) != len(accessTabs()) {
		t.Fatalf("an Admin sees %+v", m.Tabs)
	}
	want := "People: Users, Invitations, Groups, Sign-in\nPolicies: Baseline Workspace Policies, Explain\n" +
		"Tokens: Tokens, Service Access Tokens, Token rules, API Clients\nIntegrations: Provisioning, Identity Providers, Notifications\nTools: Migration, Identify token\n"
	if got := grouped(m.Tabs); got != want {
		t.Errorf("the groups are\n%swant\n%s", got, want)
	}
	for _, tab := range m.Tabs {
		if tab.Current != (tab.Href == GroupPath) {
			t.Errorf("%s: current %v", tab.Label, tab.Current)
		}
	}
}

// grouped returns a line per group, with its label and tabs.
func grouped(tabs []component.Tab) string {
	text, group := "", ""
	for _, t := range tabs {
		if t.Group == group {
			text = strings.TrimSuffix(text, "\n") + ", " + t.Label + "\n"
			continue
		}
		group = t.Group
		text += group + ": " + t.Label + "\n"
	}
	return text
}

func TestVisitOf_PanicsWhereNoGateIs(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a handler without a gate got a visit")
		}
	}()
	VisitOf(echo.New().NewContext(httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()))
}
