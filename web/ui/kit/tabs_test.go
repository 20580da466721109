package kit

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
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
	for _, tab := range m.Tabs {
		if tab.Current != (tab.Href == GroupPath) {
			t.Errorf("%s: current %v", tab.Label, tab.Current)
		}
	}
}

func TestVisitOf_PanicsWhereNoGateIs(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a handler without a gate got a visit")
		}
	}()
	VisitOf(echo.New().NewContext(httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()))
}
