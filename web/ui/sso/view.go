package sso

import (
	"maps"
	"slices"
	"strings"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/identity"
	"latchkey/views/component"
	page "latchkey/views/page/sso"
	"latchkey/web/ui/kit"
)

// providersView presents the list. The handler adds the frame.
func providersView(providers []identity.Provider, v kit.Visit) page.Page {
	list := page.Section{Card: component.CardModel{ID: "providers", Title: kit.ProviderTitle, Flush: true,
		Description: "People sign in with the accounts of your company. Passwords keep working unless you require single sign-on."},
		Table: component.TableModel{ID: "provider-list", Caption: "All identity providers", Columns: []component.Column{
			{Label: "Name"}, {Label: "Issuer"}, {Label: "Email domains"}, {Label: "State"}}}}
	for _, p := range providers {
		state := providerState(p)
		list.Rows = append(list.Rows, page.Row{Label: "Name", Text: p.Name, Href: address(p.ID), Cells: []page.Cell{
			{Label: "Issuer", Text: p.Issuer}, {Label: "Email domains", Text: domainsText(p)}, {Label: "State", State: &state}}})
	}
	if len(providers) == 0 {
		list.Empty = &component.EmptyModel{Icon: "shield-check", Inside: true, Title: "No identity providers yet",
			Text: "Add one below. You can try it before anybody signs in with it."}
	}
	m := page.Page{Sections: []page.Section{list}}
	if !v.Organization.Plan.Has(access.FeatureSSO) {
		m.Notice = &component.NoticeModel{Kind: "info", Title: "Single sign-on is not included in the " + v.Organization.Plan.Label() + " plan.",
			Text: access.UpgradeText}
		return m
	}
	m.Sections = append(m.Sections, addSection(identity.KindOpenID, "Add provider", "OpenID Connect"),
		addSection(identity.KindSAML, "Add provider with SAML", "SAML 2.0, for providers without OpenID Connect"))
	if len(providers) > 0 {
		m.Sections = append(m.Sections, page.Section{
			Card: component.CardModel{ID: "find-failure", Title: "Failed sign-ins", Description: "Somebody who could not sign in was shown a code."},
			Find: &page.Find{Action: kit.ProviderPath + "/failure", Label: "Look up",
				Field: component.FieldModel{ID: "code", Name: "code", Label: "Code", Required: true, Autocomplete: "off"}}})
	}
	return m
}

// addSection returns the card from which providers of a protocol are added.
func addSection(kind identity.Kind, title, description string) page.Section {
	add := page.Section{Card: component.CardModel{ID: "add-" + string(kind), Title: title, Description: description}}
	for _, preset := range identity.Presets() {
		if preset.Kind != kind {
			continue
		}
		context := preset.Label
		if kind == identity.KindSAML && preset.Key != "saml" {
			context += " with SAML"
		}
		add.Acts = append(add.Acts, page.Act{Text: preset.Label, Button: component.ButtonModel{Label: "Add", Context: context,
			Variant: component.Outline, Dialog: true, Href: kit.WithQuery(kit.ProviderPath+"/new", fieldPreset, preset.Key)}})
	}
	return add
}

func orNone(text, none string) string {
	if text == "" {
		return none
	}
	return text
}

// domainsText returns the domains of a provider in words.
func domainsText(p identity.Provider) string { return orNone(strings.Join(p.Domains, ", "), "None") }

func providerState(p identity.Provider) component.StateModel {
	if p.Enabled {
		return component.StateModel{Text: "Enabled", Tone: component.Good}
	}
	return component.StateModel{Text: "Disabled"}
}

// newMembersLabel returns what happens to new people, in words.
func newMembersLabel(n identity.NewMembers) string {
	for _, c := range newMembers() {
		if c.Value == string(n) {
			return c.Label
		}
	}
	return string(n)
}

// providerView presents the page of a provider. The handler adds the shell.
func (h *Handlers) providerView(p identity.Provider, groups []account.Group, linked []identity.Linked, failures []identity.Record,
	v kit.Visit) page.Page {
	at, state := address(p.ID), providerState(p)
	m := page.Page{Header: component.PageHeaderModel{Title: p.Name, Back: &component.Link{Label: kit.ProviderTitle, Href: kit.ProviderPath},
		More: []component.ButtonModel{
			{Label: "Edit", Variant: component.Outline, Href: at + "/edit", Dialog: true},
			{Label: "Remove", Variant: component.DangerQuiet, Href: at + "/remove", Dialog: true}}}}
	facts := page.Section{Card: component.CardModel{ID: "provider", Title: "Provider"}, Facts: append(append([]page.Fact{
		{Term: "State", State: &state}, {Term: "Kind", Text: identity.PresetOf(p.Preset).Label}}, known(p, v.Now)...),
		page.Fact{Term: "Email domains", Text: domainsText(p)}, page.Fact{Term: "New members", Text: newMembersLabel(p.NewMembers)})}
	facts.Acts = []page.Act{{Text: "Sign in at the provider to see every claim and check. Nothing is changed.",
		Button: component.ButtonModel{Label: "Try it", Href: at + "/try", Variant: component.Outline}}}
	if p.Enabled {
		facts.Acts = append(facts.Acts, page.Act{Text: "Disabling it ends the sessions that began with it.",
			Button: component.ButtonModel{Label: "Disable", Variant: component.Outline, Href: at + "/disable", Dialog: true}})
	} else {
		facts.Acts = append(facts.Acts, page.Act{Text: "While it is disabled, nobody can sign in with it.", Action: at + "/enable",
			Button: component.ButtonModel{Label: "Enable"}})
	}
	addresses := h.addresses(p)
	m.Sections = []page.Section{facts, addresses, groupsSection(p, groups), linkedSection(p, linked, v.Now), failuresSection(failures, v.Now)}
	return m
}

// known returns what is known of the provider itself.
func known(p identity.Provider, now time.Time) []page.Fact {
	if p.Kind != identity.KindSAML {
		return []page.Fact{{Term: "Issuer URL", Text: p.Issuer}, {Term: "Client ID", Text: p.ClientID}}
	}
	read := kit.Exact(p.MetadataAt, now)
	facts := []page.Fact{{Term: "Protocol", Text: "SAML 2.0"}, {Term: "Entity ID of the provider", Text: p.Issuer},
		{Term: "Metadata URL", Text: orNone(p.MetadataURL, "None: paste new metadata when the certificates change")},
		{Term: "Metadata read", Text: read}}
	if p.MetadataProblem != "" {
		facts[len(facts)-1] = page.Fact{Term: "Metadata", State: &component.StateModel{Tone: component.Bad,
			Text: "Not read at " + read + ". The certificates below are still used. " + p.MetadataProblem}}
	}
	for _, c := range p.Metadata.Shown() {
		facts = append(facts, page.Fact{Term: "Certificate", Text: c.Name + ", valid until " + kit.Exact(c.Until, now)})
	}
	return append(facts, page.Fact{Term: "Subject", Text: orNone(p.SubjectAttribute, "NameID")})
}

// addresses returns what Admins enter at the provider.
func (h *Handlers) addresses(p identity.Provider) page.Section {
	s := page.Section{Card: component.CardModel{ID: "addresses", Title: "Addresses", Description: "Enter them at the provider."}}
	if p.Kind == identity.KindSAML {
		s.Facts = []page.Fact{
			{Term: "ACS address (single sign-on URL)", Text: h.identity.RedirectURL(p), CopyID: "acs-address", Copy: "Copy ACS"},
			{Term: "Entity ID (audience), address of the metadata", Text: h.identity.EntityID(p.ID), CopyID: "entity-id", Copy: "Copy entity ID"}}
		return s
	}
	s.Facts = []page.Fact{
		{Term: "Redirect address", Text: h.identity.RedirectURL(p), CopyID: "redirect-address", Copy: "Copy redirect"},
		{Term: "Address after signing out", Text: h.site.BaseURL() + "/sign-in", CopyID: "sign-out-address", Copy: "Copy sign-out"},
		{Term: "Back-channel logout address", Text: h.identity.LogoutURL(p.ID), CopyID: "logout-address", Copy: "Copy logout"}}
	return s
}

func groupsSection(p identity.Provider, groups []account.Group) page.Section {
	edit := component.ButtonModel{Label: "Edit", Context: "groups", Variant: component.Outline, Small: true,
		Href: address(p.ID) + "/groups", Dialog: true}
	s := page.Section{Card: component.CardModel{ID: "groups", Title: "Groups", Action: &edit}}
	s.Facts = []page.Fact{{Term: "Groups claim", Text: orNone(p.GroupsClaim, "None: groups are left alone")},
		{Term: "Admins are in", Text: orNone(p.AdminGroup, "Not set: roles are left alone")}}
	if p.AdminAgain {
		s.Facts = append(s.Facts, page.Fact{Term: "Demoted Admins", Text: "Become Admins again"})
	}
	s.Table = component.TableModel{ID: "group-mapping", Caption: "Group mapping",
		Columns: []component.Column{{Label: "Value at the provider"}, {Label: "Group"}}}
	for _, m := range p.Groups {
		s.Rows = append(s.Rows, page.Row{Label: "Value at the provider", Text: m.Value,
			Cells: []page.Cell{{Label: "Group", Text: orNone(groupName(groups, m.Group), "Deleted group")}}})
	}
	return s
}

func linkedSection(p identity.Provider, linked []identity.Linked, now time.Time) page.Section {
	s := page.Section{
		Card: component.CardModel{ID: "linked", Title: "Linked members", Flush: true, Description: "The last 50 who signed in with it."},
		Table: component.TableModel{ID: "linked-list", Caption: "Linked members", Columns: []component.Column{
			{Label: "Member"}, {Label: "Account at the provider"}, {Label: "Last sign-in"}, {Label: "Actions", LabelHidden: true, End: true}}}}
	for _, l := range linked {
		seen := kit.When(l.SeenAt, now)
		s.Rows = append(s.Rows, page.Row{Label: "Member", Text: l.Name, Href: kit.Path(kit.UserPath, l.Member), Cells: []page.Cell{
			{Label: "Account at the provider", Text: orNone(l.Email, l.Subject)}, {Label: "Last sign-in", Time: &seen}},
			Button: &component.ButtonModel{Label: "Unlink", Context: l.Name, Variant: component.Ghost, Small: true, Dialog: true,
				Href: kit.Path(address(p.ID), "members", l.Member, "unlink")}})
	}
	if len(linked) == 0 {
		s.Empty = &component.EmptyModel{Icon: "users-round", Inside: true, Title: "Nobody has signed in with it yet",
			Text: "Members are linked when they first sign in."}
	}
	return s
}

func failuresSection(failures []identity.Record, now time.Time) page.Section {
	s := page.Section{Card: component.CardModel{ID: "failures", Title: "Failed sign-ins", Flush: true, Description: "The newest 50."},
		Table: component.TableModel{ID: "failure-list", Caption: "Failed sign-ins",
			Columns: []component.Column{{Label: "Code"}, {Label: "When"}, {Label: "Reason"}}}}
	for _, f := range failures {
		at := kit.When(f.At, now)
		s.Rows = append(s.Rows, page.Row{Label: "Code", Text: f.Code, Href: kit.WithQuery(kit.ProviderPath+"/failure", "code", f.Code),
			Cells: []page.Cell{{Label: "When", Time: &at}, {Label: "Reason", Text: f.Reason}}})
	}
	if len(failures) == 0 {
		s.Empty = &component.EmptyModel{Icon: "circle-check", Inside: true, Title: "No failed sign-ins",
			Text: "Those that fail appear here with a code."}
	}
	return s
}

// check is a check with what it asks.
type check struct{ name, label string }

// checks returns the checks of a protocol in their order.
func checks(kind identity.Kind) []check {
	if kind == identity.KindSAML {
		return []check{
			{identity.CheckRequest, "The answer belongs to a request of this browser"},
			{identity.CheckAnswer, "The provider let the person in, and the answer can be read"},
			{identity.CheckSignature, "The provider signed the assertion"},
			{identity.CheckIssuer, "The assertion names the provider"},
			{identity.CheckAudience, "The assertion is for this server"},
			{identity.CheckRecipient, "The assertion is for this address"},
			{identity.CheckTime, "The assertion is valid now"},
			{identity.CheckNonce, "The assertion answers this request"},
			{identity.CheckClaims, "The subject and the attributes can be read"},
			{identity.CheckGroups, "The groups can be read"},
			{identity.CheckAddress, "The email address is proven"},
			{identity.CheckMember, "The member may sign in"},
		}
	}
	return []check{
		{identity.CheckRequest, "The answer belongs to a request of this browser"},
		{identity.CheckAnswer, "The provider let the person in"},
		{identity.CheckOrigin, "The answer comes from this provider"},
		{identity.CheckCode, "The code was exchanged for an ID token"},
		{identity.CheckSignature, "The provider signed the ID token"},
		{identity.CheckIssuer, "The ID token names the issuer"},
		{identity.CheckAudience, "The ID token is for this client"},
		{identity.CheckTime, "The ID token is valid now"},
		{identity.CheckNonce, "The ID token answers this request"},
		{identity.CheckClaims, "The claims can be read"},
		{identity.CheckGroups, "The groups can be read"},
		{identity.CheckAddress, "The email address is proven"},
		{identity.CheckMember, "The member may sign in"},
	}
}

// position returns the place of a check in their order; -1 for an unknown one.
func position(kind identity.Kind, name string) int {
	return slices.IndexFunc(checks(kind), func(c check) bool { return c.name == name })
}

// checkLabel returns what a check asks.
func checkLabel(kind identity.Kind, name string) string {
	if i := position(kind, name); i >= 0 {
		return checks(kind)[i].label
	}
	return name
}

// allChecks returns the checks that were done and, after one that failed, those that were not reached.
func allChecks(kind identity.Kind, done []identity.Check) []identity.Check {
	if len(done) == 0 || done[len(done)-1].State != identity.Failed {
		return done
	}
	for _, c := range checks(kind)[position(kind, done[len(done)-1].Name)+1:] {
		done = append(done, identity.Check{Name: c.name, State: identity.Skipped})
	}
	return done
}

func checksSection(kind identity.Kind, done []identity.Check) page.Section {
	s := page.Section{Card: component.CardModel{ID: "checks", Title: "Checks", Flush: true},
		Table: component.TableModel{ID: "check-list", Caption: "Checks",
			Columns: []component.Column{{Label: "Check"}, {Label: "Result"}, {Label: "Details"}}}}
	for _, c := range allChecks(kind, done) {
		state := component.StateModel{Text: "Pass", Tone: component.Good}
		switch c.State {
		case identity.Failed:
			state = component.StateModel{Text: "Fail", Tone: component.Bad}
		case identity.Skipped:
			state = component.StateModel{Text: "Not reached"}
		}
		s.Rows = append(s.Rows, page.Row{Label: "Check", Text: checkLabel(kind, c.Name),
			Cells: []page.Cell{{Label: "Result", State: &state}, {Label: "Details", Text: c.Detail}}})
	}
	return s
}

func claimsSection(claims map[string]string) page.Section {
	s := page.Section{Card: component.CardModel{ID: "claims", Title: "Claims", Description: "What the provider said about the person."}}
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		s.Facts = append(s.Facts, page.Fact{Term: name, Text: claims[name]})
	}
	if len(claims) == 0 {
		s.Empty = &component.EmptyModel{Icon: "info", Inside: true, Title: "No claims", Text: "No answer was accepted."}
	}
	return s
}

// reportView presents the trial of a provider. The handler adds the shell.
func reportView(r identity.Report) page.Page {
	again := component.ButtonModel{Label: "Try it again", Variant: component.Outline, Href: address(r.Provider.ID) + "/try"}
	m := page.Page{Header: component.PageHeaderModel{Title: "Try " + r.Provider.Name, Back: backTo(r.Provider),
		More: []component.ButtonModel{again}}}
	m.Notice = &component.NoticeModel{Kind: "danger", Title: "This sign-in would be refused.", Text: "Nothing was changed."}
	if r.Passed {
		m.Notice = &component.NoticeModel{Kind: "success", Title: "All checks passed.", Text: "No session was started and nothing was changed."}
		would := page.Section{Card: component.CardModel{ID: "outcome", Title: "What a sign-in would do"}, Facts: []page.Fact{
			{Term: "Member", Text: r.Member}, {Term: "Outcome", Text: outcome(r.Verdict)}, {Term: "Because", Text: r.Because},
			{Term: "Role", Text: kit.RoleLabel(r.Role)}, {Term: "Groups", Text: orNone(kit.Enumerate(r.Groups), "None")},
			{Term: "Groups added", Text: orNone(kit.Enumerate(r.Enter), "None")},
			{Term: "Groups removed", Text: orNone(kit.Enumerate(r.Leave), "None")}}}
		for _, note := range r.Notes {
			would.Facts = append(would.Facts, page.Fact{Term: "Note", Text: note})
		}
		m.Sections = append(m.Sections, would)
	}
	m.Sections = append(m.Sections, checksSection(r.Provider.Kind, r.Checks), claimsSection(r.Claims))
	return m
}

func outcome(v identity.Verdict) string {
	switch v {
	case identity.SignsIn:
		return "Signs in"
	case identity.Links:
		return "Is linked to the member and signs in"
	case identity.Joins:
		return "Becomes a member and signs in"
	case identity.Waits:
		return "Becomes a member who waits for an Admin"
	case identity.Refused:
	}
	return "Is refused"
}

// backTo returns the link to a provider's page.
func backTo(p identity.Provider) *component.Link {
	return &component.Link{Label: p.Name, Href: address(p.ID)}
}

// failureView presents a failed sign-in. The handler adds the shell.
func failureView(l identity.Looked, now time.Time) page.Page {
	facts := page.Section{Card: component.CardModel{ID: "failure", Title: "Sign-in"},
		Facts: []page.Fact{{Term: "Provider", Text: l.Provider.Name}, {Term: "When", Text: kit.Exact(l.At, now)}}}
	return page.Page{Header: component.PageHeaderModel{Title: "Sign-in " + l.Code, Back: backTo(l.Provider)},
		Notice:   &component.NoticeModel{Kind: "danger", Title: checkLabel(l.Provider.Kind, l.Check) + ": failed", Text: l.Reason},
		Sections: []page.Section{facts, checksSection(l.Provider.Kind, l.Checks), claimsSection(l.Claims)}}
}
