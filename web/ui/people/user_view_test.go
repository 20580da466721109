package people

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/fault"
	"latchkey/internal/invitation"
	"latchkey/views/component"
	"latchkey/web/ui/kit"
	tokenui "latchkey/web/ui/token"
	"latchkey/web/ui/uitest"
)

var noon = uitest.Noon()

func query(text string) url.Values {
	v, err := url.ParseQuery(text)
	if err != nil {
		panic(err)
	}
	return v
}

func TestPageQuery_KeepsOnlyWhatItUnderstands(t *testing.T) {
	for text, want := range map[string]string{
		"":                          "/users",
		"q=+bo+&sort=-name&page=3":  "/users?page=3&q=bo&sort=-name",
		"sort=password":             "/users",
		"sort=--name":               "/users",
		"page=0":                    "/users",
		"page=-1":                   "/users",
		"page=x":                    "/users",
		"page=99999999999999999999": "/users",
		"q=%00%ff":                  "/users?q=%EF%BF%BD%EF%BF%BD",
	} {
		if got := kit.ReadPaging("/users", query(text), 20, "name", "role").Href(); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

func TestPageQuery_SortsByItsColumns(t *testing.T) {
	for text, want := range map[string]component.Column{
		"":           {Label: "Name", Sorted: "ascending", SortHref: "/users?sort=-name"},
		"sort=name":  {Label: "Name", Sorted: "ascending", SortHref: "/users?sort=-name"},
		"sort=-name": {Label: "Name", Sorted: "descending", SortHref: "/users?sort=name"},
		"sort=role":  {Label: "Name", SortHref: "/users?sort=name"},
		"page=4&q=x": {Label: "Name", Sorted: "ascending", SortHref: "/users?q=x&sort=-name"},
	} {
		if diff := cmp.Diff(want, kit.ReadPaging("/users", query(text), 20, "name", "role").Column("Name", "name")); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
}

func TestPageQuery_LeadsThroughThePages(t *testing.T) {
	for _, tt := range []struct {
		query       string
		rows, total int
		want        *component.PaginationModel
	}{
		{"", 20, 20, nil},
		{"", 20, 1000, &component.PaginationModel{Summary: "1–20 of 1,000", NextHref: "/users?page=2"}},
		{"page=2", 20, 41, &component.PaginationModel{Summary: "21–40 of 41", PrevHref: "/users", NextHref: "/users?page=3"}},
		{"page=3", 1, 41, &component.PaginationModel{Summary: "41–41 of 41", PrevHref: "/users?page=2"}},
		{"page=9", 0, 41, &component.PaginationModel{Summary: "There are 41 members.", PrevHref: "/users?page=3"}},
	} {
		got := kit.ReadPaging("/users", query(tt.query), 20, "name").Pages(tt.rows, tt.total, "member", "members")
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%q: %s", tt.query, diff)
		}
	}
}

func TestMemberMenu_OffersWhatFits(t *testing.T) {
	for m, want := range map[account.Member]string{
		{ID: "1", Name: "Ada", Role: access.RoleAdmin,
			Status: account.Active}: "View member details, Add to groups, Make Member, Deactivate, Delete member",
		{ID: "2", Name: "Bo", Role: access.RoleMember,
			Status: account.Active}: "View member details, Add to groups, Make Admin, Deactivate, Delete member",
		{ID: "3", Name: "Cy", Role: access.RoleMember,
			Status: account.Deactivated}: "View member details, Add to groups, Make Admin, Reactivate, Delete member",
	} {
		var got []string
		for _, item := range memberMenu(m).Items {
			if got = append(got, item.Label); item.Post != "" {
				t.Errorf("%s does it without asking", item.Label)
			}
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%s: %q", m.Name, got)
		}
	}
}

func TestUserRow_ShowsAnAdminInEveryWorkspace(t *testing.T) {
	row := account.MemberRow{Member: account.Member{ID: "a/b", Name: "Ada", Role: access.RoleAdmin, Status: account.Deactivated},
		LiveTokens: 1200}
	u := userRow(row, noon)
	if u.Workspaces != "All" || u.Groups != "–" || u.Tokens != "1,200" || u.LastSeen.Text != "Never" || u.State == nil ||
		u.Href != kit.UserPath+"/a%2Fb" {
		t.Errorf("%+v", u)
	}
}

func TestNamedList_NamesAFewAndCountsTheOthers(t *testing.T) {
	var list []account.Named
	for _, want := range []string{"–", "A", "A, B", "A, B, C", "A, B, 2 more", "A, B, 3 more"} {
		if got := namedList(list); got != want {
			t.Errorf("%d: %q, want %q", len(list), got, want)
		}
		list = append(list, account.Named{Name: string(rune('A' + len(list)))})
	}
}

func TestDeleteMembersDialog_SaysWhatBreaks(t *testing.T) {
	bo, cy := account.Member{ID: "1", Name: "Bo"}, account.Member{ID: "2", Name: "Cy"}
	at := kit.Visit{Now: noon}
	at.Organization.Plan = access.PlanEnterprise
	m := deleteMembersDialog([]account.Member{bo}, account.Credentials{}, "", at)
	if diff := cmp.Diff([]string{"No live personal access tokens are affected."}, m.Alert.Details); diff != "" ||
		m.Alert.Title != "Delete member Bo?" {
		t.Error(m.Alert.Title, diff)
	}
	tokens := []account.HeldToken{
		{ID: "t1", Name: "ci", Hint: "lkpat_…abcd", OwnerName: "Bo", WorkspaceName: "Production", LastUsedAt: noon.Add(-3 * time.Hour)},
		{ID: "t2", Name: "old", Hint: "lkpat_…efgh", OwnerName: "Cy"},
	}
	lines := []string{"ci (lkpat_…abcd) of Bo in Production, last used 3 hours ago.", "old (lkpat_…efgh) of Cy, never used."}
	m = deleteMembersDialog([]account.Member{bo, cy}, account.Credentials{Tokens: tokens}, previewOf(account.These("1", "2")), at)
	if m.Alert.Title != "Delete 2 members?" || len(m.Alert.Offers) != 2 ||
		m.Alert.Details[len(m.Alert.Details)-1] != "2 live personal access tokens stop working:" {
		t.Errorf("%+v", m.Alert)
	}
	for i, o := range m.Alert.Offers {
		if o.Text != lines[i] || o.Link.Href != tokenui.ReplaceHref(tokens[i].ID, kit.UserPath+"/delete?member=1&member=2") {
			t.Errorf("%+v", o)
		}
	}
	at.Organization.Plan = access.PlanFree // which has no tokens to make
	m = deleteMembersDialog([]account.Member{bo}, account.Credentials{Tokens: tokens}, "", at)
	if n := len(m.Alert.Details); len(m.Alert.Offers) != 0 || m.Alert.Details[n-1] != "old (lkpat_…efgh), never used." {
		t.Errorf("%+v", m.Alert)
	}
	at.Organization.Plan = access.PlanEnterprise
	for owner, href := range map[string]string{"1": kit.InventoryPath + "?owner=1", "2": kit.InventoryPath} {
		many := append([]account.HeldToken{}, tokens...)
		many[0].Owner, many[1].Owner = "1", owner
		for range 40 {
			many = append(many, many[1])
		}
		m = deleteMembersDialog([]account.Member{bo}, account.Credentials{Tokens: many}, "", at)
		if n := len(m.Alert.Offers); n != maxOffers+1 || !strings.HasPrefix(m.Alert.Offers[n-1].Text, "And 17 more") ||
			m.Alert.Offers[n-1].Link.Href != href {
			t.Errorf("%d offers: %+v", n, m.Alert.Offers[n-1])
		}
	}
}

func TestInvitationRow_ByState(t *testing.T) {
	pending := invitation.Invitation{ID: "1", Email: "a@acme.example", Role: access.RoleMember, CreatedAt: noon,
		ExpiresAt: noon.Add(48 * time.Hour)}
	expired, accepted := pending, pending
	expired.ExpiresAt = noon
	accepted.AcceptedAt = noon.Add(-time.Hour)
	for want, inv := range map[string]invitation.Invitation{"Pending, Expires in 2 days": pending, "Expired, Expired just now": expired,
		"Accepted, Accepted 1 hour ago": accepted} {
		row := invitationRow(inv, noon)
		if got := row.State.Text + ", " + row.Valid.Text; got != want {
			t.Errorf("%q, want %q", got, want)
		}
		if (row.Menu == nil) != strings.HasPrefix(want, "Accepted") {
			t.Errorf("%s: menu %v", want, row.Menu)
		}
	}
}

func TestInvitedDialog_TellsWhatBecameOfEachAddress(t *testing.T) {
	m := invitedDialog(invitation.Invited{
		Sent: []invitation.Sent{
			{Invitation: invitation.Invitation{Email: "a@acme.example", ExpiresAt: noon}, Link: "https://x/?secret=1", Mailed: true},
			{Invitation: invitation.Invitation{Email: "b@acme.example", ExpiresAt: noon}, Link: "https://x/?secret=2",
				MailError: fault.NewUnavailable(nil)},
		},
		Skipped: []invitation.Skipped{{Email: "c@acme.example", Reason: "Already a member."}},
	}, noon)
	var got []string
	for _, n := range m.Notices {
		got = append(got, n.Kind+": "+n.Text)
	}
	want := []string{
		"warning: Send each link to its recipient. It works once, until " + kit.Absolute(noon, noon) + ". You won't see it again.",
		"danger: The email to b@acme.example could not be sent. The link below still works.",
		"success: 1 email was sent.",
		"info: c@acme.example: already a member.",
	}
	if diff := cmp.Diff(want, got); diff != "" || m.Dialog.Title != "2 invitation links" || len(m.Links) != 2 || !m.Links[0].Secret {
		t.Error(m.Dialog.Title, diff)
	}
	if m := invitedDialog(invitation.Invited{Skipped: []invitation.Skipped{{Email: "c@acme.example"}}},
		noon); m.Dialog.Title != "No invitations "+
		"created" || len(m.Links) != 0 {
		t.Errorf("%+v", m)
	}
}
