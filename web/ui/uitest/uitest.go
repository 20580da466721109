// Package uitest holds what tests of several areas of the dashboard show: a moment, a member, tokens,
// resources, and forms. Only tests import it.
package uitest

import (
	"fmt"
	"net/url"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/policy"
	"latchkey/internal/token"
	"latchkey/web/ui/kit"
)

// Noon is the moment of all visits.
func Noon() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) }

// Form returns a form of pairs of name and value.
func Form(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

// Resources returns the resources of a small shop.
func Resources() []policy.Resource {
	return []policy.Resource{
		{ID: "d1", Type: "destination", Name: "Ads"},
		{ID: "d2", Type: "destination", Name: "Mailer"},
		{ID: "d3", Type: "destination", Name: "Warehouse"},
		{ID: "s1", Type: "source", Name: "Shop"},
		{ID: "s2", Type: "source", Name: "Blog"},
		{ID: "t1", Type: "table", Name: "orders"},
	}
}

// Member returns the visit of a member who is in Production and Staging, with a policy in Staging.
func Member() kit.Visit {
	member := account.Member{ID: "m1", Organization: "o1", Email: "eli@acme.example", Name: "Eli Editor", Role: access.RoleMember}
	return kit.Visit{Now: Noon(), Subject: policy.Subject{
		Member:       member,
		Organization: account.Organization{ID: "o1", Name: "Acme", Plan: access.PlanEnterprise},
		Principal: access.Principal{Kind: access.Member, ID: "m1", Organization: "o1", Role: access.RoleMember, In: map[string]*access.Effective{
			"w1": access.Combine(),
			"w2": access.Combine(access.Layer{Kind: access.LayerMember, Policy: access.Policy{
				"source:edit": access.Everywhere(), "destination:edit": access.Only("d1"), "source:live_events": access.Everywhere()}}),
		}},
		Workspaces: []account.Workspace{{ID: "w1", Name: "Production"}, {ID: "w2", Name: "Staging"}},
	}}
}

// Tokens returns n personal tokens of the member, newest first, with names in the opposite order of
// their age.
func Tokens(n int) []token.Token {
	var out []token.Token
	for i := range n {
		out = append(out, token.Token{ID: fmt.Sprintf("id%03d", i), Kind: token.Personal,
			Name: fmt.Sprintf("token-%03d", i), Hint: fmt.Sprintf("lkpat_…a%03d", i),
			Owner: "m1", WorkspaceName: "Staging", Scope: access.ScopeReadWrite, CreatedByName: "Eli Editor",
			CreatedAt: Noon().Add(-time.Duration(i) * kit.Day), ExpiresAt: Noon().Add(30 * kit.Day)})
	}
	return out
}
