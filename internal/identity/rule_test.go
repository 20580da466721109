package identity

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/internal/access"
	"latchkey/internal/account"
)

func TestDecide_SaysWhoSomebodyIs(t *testing.T) {
	admin := &account.Member{ID: "ada", Email: "ada@acme.example", Role: access.RoleAdmin, Status: account.Active}
	bo := &account.Member{ID: "bo", Email: "bo@acme.example", Role: access.RoleMember, Status: account.Active}
	gone := &account.Member{ID: "gone", Email: "gone@acme.example", Role: access.RoleMember, Status: account.Deactivated}
	plain := Provider{Issuer: "https://login.acme.example"}
	listed := Provider{Issuer: plain.Issuer, Domains: []string{"acme.example"}}
	adds := Provider{Issuer: plain.Issuer, NewMembers: Add}
	google := Provider{Issuer: googleIssuer, NewMembers: Add}
	googleListed := Provider{Issuer: googleIssuer, NewMembers: Add, Domains: []string{"acme.example"}}
	said := func(email string, verified bool) Claims {
		return Claims{Subject: "s", Email: email, Verified: verified}
	}
	for name, c := range map[string]struct {
		facts  Facts
		want   Verdict
		member string
		check  string
	}{
		"known subject": {Facts{Provider: plain, Linked: bo}, SignsIn, "bo", ""},
		"known subject, another's address": {Facts{Provider: listed, Linked: bo, Named: admin,
			Claims: said(admin.Email, true)}, SignsIn, "bo", ""},
		"known subject, deactivated":   {Facts{Provider: plain, Linked: gone}, Refused, "gone", CheckMember},
		"verified address of an Admin": {Facts{Provider: plain, Named: admin, Claims: said(admin.Email, true)}, Links, "ada", ""},
		"unverified address of an Admin": {Facts{Provider: plain, Named: admin, Claims: said(admin.Email, false)},
			Refused, "", CheckAddress},
		"unverified address of a listed domain": {Facts{Provider: listed, Named: admin, Claims: said(admin.Email, false)}, Links, "ada", ""},
		"unverified address of a subdomain": {Facts{Provider: listed, Claims: said("eve@evil.acme.example", false)},
			Refused, "", CheckAddress},
		"address of whom SCIM manages": {Facts{Provider: plain, Named: bo, NamedProvisioned: true,
			Claims: said(bo.Email, false)}, Links, "bo", ""},
		"the same, and it says it is unverified": {Facts{Provider: plain, Named: bo, NamedProvisioned: true,
			Claims: Claims{Email: bo.Email, Unverified: true}}, Refused, "", CheckAddress},
		"says it is unverified, listed domain": {Facts{Provider: listed, Named: bo,
			Claims: Claims{Email: bo.Email, Unverified: true}}, Links, "bo", ""},
		"address in other letters": {Facts{Provider: listed, Named: bo, Claims: said(" Bo@ACME.example", false)},
			Links, "bo", ""},
		"address that poses as another": {Facts{Provider: adds, Claims: said("ada@acme.example\u212a", true)},
			Refused, "", CheckAddress},
		"deactivated by address": {Facts{Provider: adds, Named: gone, Claims: said(gone.Email, true)}, Refused,
			"gone", CheckMember},
		"address linked to another account": {Facts{Provider: listed, Named: bo, NamedTaken: true,
			Claims: said(bo.Email, true)}, Refused, "", CheckMember},
		"no address":                {Facts{Provider: adds, Claims: said("", true)}, Refused, "", CheckAddress},
		"no member, none are added": {Facts{Provider: plain, Claims: said("new@acme.example", true)}, Refused, "", CheckMember},
		"no member, added":          {Facts{Provider: adds, Claims: said("new@acme.example", true)}, Joins, "", ""},
		"no member, unverified":     {Facts{Provider: adds, Claims: said("new@acme.example", false)}, Refused, "", CheckAddress},
		"no member, waits": {Facts{Provider: Provider{NewMembers: Wait},
			Claims: said("new@acme.example", true)}, Waits, "", ""},
		"no member, verified, outside the domains": {Facts{Provider: Provider{NewMembers: Add, Domains: listed.Domains},
			Claims: said("eve@evil.example", true)}, Refused, "", CheckMember},
		"Google, private account": {Facts{Provider: google, Claims: said("eve@gmail.com", true)}, Refused, "", CheckMember},
		"Google, private account of a member": {Facts{Provider: google,
			Named: &account.Member{ID: "g", Status: account.Active}, Claims: said("eve@gmail.com", true)}, Links, "g", ""},
		"Google, verified address of another domain": {Facts{Provider: google, Named: admin, Claims: said(admin.Email, true)},
			Refused, "", CheckAddress},
		"Google, listed domain without Workspace": {Facts{Provider: googleListed, Named: admin,
			Claims: said(admin.Email, true)}, Refused, "", CheckAddress},
		"Google, Workspace of a listed domain": {Facts{Provider: googleListed,
			Claims: Claims{Email: "new@acme.example", Verified: true, Hosted: "acme.example"}}, Joins, "", ""},
		"Google, another Workspace": {Facts{Provider: googleListed,
			Claims: Claims{Email: "new@acme.example", Verified: true, Hosted: "evil.example"}}, Refused, "", CheckAddress},
	} {
		t.Run(name, func(t *testing.T) {
			d := Decide(c.facts)
			if d.Verdict != c.want || d.Member.ID != c.member || d.Check != c.check || d.Because == "" {
				t.Errorf("%+v", d)
			}
		})
	}
}

func TestApply_FollowsTheTable(t *testing.T) {
	table := Provider{GroupsClaim: "groups", Groups: []Mapping{{"eng", "E"}, {"dev", "E"}, {"ops", "O"}, {"old", "gone"}}}
	admins := table
	admins.AdminGroup = "bosses"
	again := admins
	again.AdminAgain = true
	at := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	known := map[string]bool{"E": true, "O": true, "X": true}
	in := func(role access.Role, groups ...string) Current {
		c := Current{Known: known, Role: role, Groups: map[string]bool{}}
		for _, g := range groups {
			c.Groups[g] = true
		}
		return c
	}
	demoted := in(access.RoleMember)
	demoted.Demoted = at
	here := demoted
	here.DemotedHere = at
	locked := in(access.RoleMember, "O")
	locked.Locked = map[string]bool{"O": true, "E": true}
	says := func(groups ...string) Claims { return Claims{HasGroups: true, Groups: groups} }
	for name, c := range map[string]struct {
		provider     Provider
		claims       Claims
		now          Current
		enter, leave []string
		role         access.Role
	}{
		"enters and leaves": {table, says("dev", "unknown"), in(access.RoleMember, "O", "X"), []string{"E"},
			[]string{"O"}, access.RoleMember},
		"twice the same":                   {table, says("dev", "eng", "eng"), in(access.RoleMember), []string{"E"}, nil, access.RoleMember},
		"absent leaves alone":              {table, Claims{}, in(access.RoleMember, "E", "O"), nil, nil, access.RoleMember},
		"empty takes away":                 {table, says(), in(access.RoleMember, "E", "O", "X"), nil, []string{"E", "O"}, access.RoleMember},
		"no claim is read":                 {Provider{Groups: table.Groups}, says(), in(access.RoleMember, "E"), nil, nil, access.RoleMember},
		"a group that is gone":             {table, says("old"), in(access.RoleMember), nil, nil, access.RoleMember},
		"SCIM's groups":                    {table, says("eng"), locked, nil, nil, access.RoleMember},
		"roles are left alone":             {table, says("bosses"), in(access.RoleAdmin), nil, nil, access.RoleAdmin},
		"becomes Admin":                    {admins, says("bosses"), in(access.RoleMember), nil, nil, access.RoleAdmin},
		"stays Admin":                      {admins, says("bosses"), in(access.RoleAdmin), nil, nil, access.RoleAdmin},
		"is no Admin any more":             {admins, says(), in(access.RoleAdmin), nil, nil, access.RoleMember},
		"absent leaves the role":           {admins, Claims{}, in(access.RoleAdmin), nil, nil, access.RoleAdmin},
		"demoted by an Admin":              {admins, says("bosses"), demoted, nil, nil, access.RoleMember},
		"demoted by an Admin, table says":  {again, says("bosses"), demoted, nil, nil, access.RoleAdmin},
		"demoted here, back in the group":  {admins, says("bosses"), here, nil, nil, access.RoleAdmin},
		"value of another letter case":     {admins, says("Bosses"), in(access.RoleMember), nil, nil, access.RoleMember},
		"no group of Admins, empty values": {table, says(""), in(access.RoleMember), nil, nil, access.RoleMember},
	} {
		t.Run(name, func(t *testing.T) {
			got := c.provider.Apply(c.claims, c.now)
			got.Notes = nil
			if diff := cmp.Diff(Changes{Enter: c.enter, Leave: c.leave, Role: c.role}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestCheckIssuer_WantsOneTenant(t *testing.T) {
	for issuer, fine := range map[string]bool{
		"https://login.microsoftonline.com/common/v2.0":                               false,
		"https://LOGIN.microsoftonline.com/Organizations/v2.0":                        false,
		"https://login.microsoftonline.com/consumers/v2.0":                            false,
		"https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0": false,
		"https://login.microsoftonline.com/":                                          false,
		"https://sts.windows.net/common/":                                             false,
		"https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0": true,
		"https://keycloak.example.com/realms/common":                                  true,
		"https://accounts.google.com":                                                 true,
		"accounts.google.com":                                                         false,
		"https://u:p@login.example.com":                                               false,
		"https://login.example.com/?tenant=1":                                         false,
		"https://login.example.com/.well-known/openid-configuration":                  false,
		"javascript:alert(1)":                                                         false,
	} {
		if got := checkIssuer(issuer); (got == "") != fine {
			t.Errorf("%s: %q", issuer, got)
		}
	}
	if checkIssuer("https://login.microsoftonline.com/common/v2.0") != CommonTenants {
		t.Error("the sentence does not say that the issuer of a tenant is needed")
	}
}
