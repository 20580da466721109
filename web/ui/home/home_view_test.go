package home

import (
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/token"
	"latchkey/web/ui/kit"
	"latchkey/web/ui/uitest"
)

func TestHomeView_CountsTheOrganizationForAdminsOnly(t *testing.T) {
	member := homeView(uitest.Member(), token.Summary{}, nil)
	if member.Org != nil || member.OrgTitle != "" || len(member.Next) != 2 {
		t.Errorf("a member sees %+v, %+v", member.Org, member.Next)
	}
	v := uitest.Member()
	v.Principal.Role = access.RoleAdmin
	admin := homeView(v, token.Summary{All: true, Organization: map[token.Kind]token.Counts{token.Workspace: {Active: 2,
		ExpiresSoon: 1}}}, nil)
	if admin.OrgTitle != "Acme" || len(admin.Org) != 3 || len(admin.Next) != 3 {
		t.Fatalf("an Admin sees %+v, %+v", admin.Org, admin.Next)
	}
	if tile := admin.Org[1]; tile.Value != "3" || tile.Note != "1 expires soon" || tile.Href != kit.ServiceTokenList(token.Workspace) {
		t.Errorf("%+v", tile)
	}
}

func TestEndingTokens_LeadToWhereEachIsDeleted(t *testing.T) {
	end := uitest.Noon().Add(48 * time.Hour)
	list := endingTokens(token.Summary{
		MineEnding:     []token.Token{{ID: "p1", Kind: token.Personal, Name: "laptop", WorkspaceName: "Staging", ExpiresAt: end}},
		ServicesEnding: []token.Token{{ID: "s1", Kind: token.Organization, Name: "okta", ExpiresAt: end}},
	}, uitest.Noon())
	if len(list) != 2 || list[0].Href != personalSectionPath || list[0].Where != "Staging" ||
		list[1].Href != kit.ServiceTokenPage("s1") || list[1].Where != "Organization" {
		t.Errorf("%+v", list)
	}
}
