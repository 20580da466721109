package policy

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/policy"
	"latchkey/views/component"
	page "latchkey/views/page/policy"
	"latchkey/web/ui/kit"
)

// explainView presents the page. The handler adds the frame.
func (h *Handlers) explainView(x explanation, v kit.Visit) page.Explain {
	m := page.Explain{Action: kit.ExplainPath, Submit: "Continue",
		Errors: kit.FormErrors(x.errors, kit.FieldWorkspace, "q", fieldPermission, fieldResource),
		Card: component.CardModel{ID: "explain", Title: "Explain a decision",
			Description: "Choose a workspace, a member or token, and an action. The answer comes from the same rules that decide every request."}}
	keep := func(name string) {
		if value := x.query.Get(name); value != "" {
			m.Hidden = append(m.Hidden, component.HiddenField{Name: name, Value: value})
		}
	}
	if x.placed {
		place := cmp.Or(x.query.Get(kit.FieldWorkspace), wholeOrganization)
		m.Hidden = append(m.Hidden, component.HiddenField{Name: kit.FieldWorkspace, Value: place})
		m.Chosen = append(m.Chosen, page.Chosen{Text: placeLabel(place, v), Change: component.Link{Label: "Choose another workspace",
			Href: subjectHref("", x.query.Get(kit.FieldMember), x.query.Get(kit.FieldToken))}})
	} else {
		m.Questions = append(m.Questions, kit.SelectItem(workspaceField(x, v)))
	}
	if x.chosen != "" {
		keep(kit.FieldMember)
		keep(kit.FieldToken)
		m.Chosen = append(m.Chosen, page.Chosen{Text: x.chosen, Change: component.Link{Label: "Choose another member or token",
			Href: subjectHref(x.query.Get(kit.FieldWorkspace), "", "")}})
	} else {
		m.Questions = append(m.Questions, kit.TextItem(component.FieldModel{ID: "form-q", Name: "q", Label: "Member or token",
			Help: "Search by name, email or token hint.", Value: kit.Shown(x.query.Get("q")), Error: x.errors["q"], Type: "search",
			Autocomplete: "off"}))
		if x.placed {
			m.Matches = subjectLinks(x.subjects, x.query.Get(kit.FieldWorkspace))
		}
	}
	if !x.placed || x.chosen == "" {
		return m
	}
	m.Submit = "Explain"
	m.Questions = h.actionFields(x)
	if x.answer != nil {
		answer := answerView(h.site.Catalogue(), *x.answer)
		m.Answer = &answer
	}
	return m
}

// workspaceField returns the first question. A single workspace is chosen already.
func workspaceField(x explanation, v kit.Visit) *component.SelectModel {
	options := []component.SelectOption{{Label: "Choose a workspace"}}
	for _, w := range v.Workspaces {
		options = append(options, component.SelectOption{Value: w.ID, Label: w.Name})
	}
	options = append(options, component.SelectOption{Value: wholeOrganization, Label: "The whole organization"})
	m := kit.SelectField(kit.FieldWorkspace, "Workspace", x.query, x.errors, options...)
	if len(v.Workspaces) == 1 {
		m.Options[1].Selected = true
	}
	return m
}

// actionFields returns the last questions: the action and, in a workspace, the resource.
func (h *Handlers) actionFields(x explanation) []component.FormField {
	place := x.query.Get(kit.FieldWorkspace)
	whole := place == "" || place == wholeOrganization
	options := permissionOptions(h.site.Catalogue(), whole)
	asked := access.Permission(x.query.Get(fieldPermission))
	if !slices.ContainsFunc(options, func(o component.SelectOption) bool { return o.Value == string(asked) }) {
		options = append(options, component.SelectOption{Value: string(asked), Label: permissionLabel(h.site.Catalogue(), asked)})
	}
	fields := []component.FormField{kit.SelectItem(kit.SelectField(fieldPermission, "Action", x.query, x.errors, options...))}
	if whole {
		return fields
	}
	return append(fields, kit.TextItem(kit.TextField(fieldResource, "Resource",
		"Its name. Leave empty to ask about the whole type.", x.query, x.errors)))
}

// placeLabel returns the name of a workspace, or of the choice of none.
func placeLabel(place string, v kit.Visit) string {
	for _, w := range v.Workspaces {
		if w.ID == place {
			return w.Name
		}
	}
	return "The whole organization"
}

// subjectHref returns the address of the page with the parts of a question that are not empty.
func subjectHref(place, member, token string) string {
	href := kit.ExplainPath
	query := url.Values{}
	for name, value := range map[string]string{kit.FieldWorkspace: place, kit.FieldMember: member, kit.FieldToken: token} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if len(query) > 0 {
		href += "?" + query.Encode()
	}
	return href
}

func subjectLinks(found policy.Subjects, place string) []component.MenuItem {
	var out []component.MenuItem
	for _, m := range found.Members {
		out = append(out, component.MenuItem{Label: m.Name + " (" + m.Email + ")", Href: subjectHref(place, m.ID, "")})
	}
	for _, t := range found.Tokens {
		label := t.Name + " (" + t.Hint + ", " + kit.LowerFirst(t.Kind.Label())
		if t.OwnerName != "" {
			label += " of " + t.OwnerName
		}
		out = append(out, component.MenuItem{Label: label + ")", Href: subjectHref(place, "", t.ID)})
	}
	return out
}

// permissionOptions lists every action that can be asked about in a workspace, or about the whole
// organization.
func permissionOptions(catalogue *access.Catalogue, whole bool) []component.SelectOption {
	var out []component.SelectOption
	for _, act := range access.SystemActs() {
		if inWorkspace := act == access.ViewWorkspace || act == access.CreatePersonalToken; inWorkspace != whole {
			out = append(out, component.SelectOption{Value: string(act), Label: ActLabel(act)})
		}
	}
	if whole {
		return out
	}
	for _, section := range catalogue.Sections() {
		for _, row := range catalogue.Types(section) {
			for _, entry := range row.Entries {
				out = append(out, component.SelectOption{Group: section.Label(), Value: string(entry.Permission),
					Label: cellLabel(section, row, entry)})
			}
		}
	}
	return out
}

// permissionLabel returns what the page calls a permission.
func permissionLabel(catalogue *access.Catalogue, p access.Permission) string {
	for _, whole := range []bool{false, true} {
		for _, o := range permissionOptions(catalogue, whole) {
			if o.Value == string(p) {
				return o.Label
			}
		}
	}
	return string(p)
}

// ActLabel returns the name of a system act that people can read: "Manage members".
func ActLabel(act access.Permission) string {
	labels := map[access.Permission]string{
		access.ViewWorkspace:       "View the workspace and its resources",
		access.ManageWorkspaces:    "Manage workspaces",
		access.ManageMembers:       "Manage members",
		access.ManageInvitations:   "Manage invitations",
		access.ManageGroups:        "Manage groups",
		access.ManagePolicies:      "Manage policies",
		access.SavePresets:         "Save policy presets",
		access.DeletePresets:       "Delete policy presets",
		access.ManageServiceTokens: "Manage service access tokens",
		access.ManageAPIClients:    "Manage API clients",
		access.ManageMigration:     "Manage the migration",
		access.ManageOrganization:  "Manage the organization",
		access.IdentifyTokens:      "Identify tokens",
		access.ReadAuditLog:        "Read the audit log",
		access.ReadUsage:           "Read usage figures",
		access.UseSCIM:             "Use SCIM",
		access.ManagePersonalToken: "See, change and delete own personal access tokens",
		access.CreatePersonalToken: "Create own personal access tokens",
	}
	if label, ok := labels[act]; ok {
		return label
	}
	return string(act)
}

// answerView presents the decision: yes or no, the rule in words, and every layer that gives the
// permission or lacks it.
func answerView(catalogue *access.Catalogue, x policy.Explanation) page.Answer {
	a := page.Answer{Notice: component.NoticeModel{Kind: "danger", Title: "Not allowed", Live: true}}
	if x.Decision.Allowed {
		a.Notice.Kind, a.Notice.Title = "success", "Allowed"
	}
	permission := x.Decision.Reason.Permission
	label := permissionLabel(catalogue, permission)
	text := strings.TrimPrefix(strings.TrimPrefix(x.Decision.Reason.Text(), "Not allowed: "), "Allowed: ")
	if permission != "" {
		text = strings.ReplaceAll(text, string(permission), "“"+label+"”")
	}
	text = strings.ReplaceAll(text, "the principal is", "they are")
	a.Notice.Text = kit.UpperFirst(cmp.Or(x.Inactive, text))
	add := func(term, text string) {
		if text != "" {
			a.Facts = append(a.Facts, component.Definition{Term: term, Text: text})
		}
	}
	add("Who", x.SubjectName)
	add("Action", label)
	add("Workspace", x.Workspace.Name)
	add("Resource", x.ResourceName)
	if x.Decision.Hide {
		add("What they see", "Nothing. The response is \"not found\".")
	}
	a.Layers = []page.Layer{{Name: "Member or token", Result: component.StateModel{Text: "Can't do anything now", Tone: component.Bad}}}
	if x.Inactive == "" {
		a.Layers = layersView(catalogue, x, permission)
	}
	return a
}

// layersView lists everything that could give a permission, with what it says. Policies give the
// permissions of the catalogue. Everything else comes from the role, from being in the workspace, from
// ownership or from the kind of token.
func layersView(catalogue *access.Catalogue, x policy.Explanation, permission access.Permission) []page.Layer {
	var out []page.Layer
	add := func(name, result, tone string) {
		out = append(out, page.Layer{Name: name, Result: component.StateModel{Text: result, Tone: tone}})
	}
	yes := func(given bool, name, text, otherwise string) {
		if given {
			add(name, text, component.Good)
		} else {
			add(name, otherwise, component.Neutral)
		}
	}
	const gives, lacks = "Gives it", "Doesn't give it"
	p, code := x.Principal, x.Decision.Reason.Code
	_, ofPolicies := catalogue.Lookup(permission)
	person := p.Kind == access.Member || p.Kind == access.PersonalToken
	if person {
		role := p.Role == access.RoleAdmin && (ofPolicies || code == access.ByRole || code == access.NotInScope)
		yes(role, "Organization role "+kit.RoleLabel(p.Role), gives, lacks)
	} else {
		yes(!ofPolicies && x.Decision.Allowed, "Kind of token", gives, lacks)
	}
	if code == access.ByOwnership || code == access.NotOwner {
		yes(code == access.ByOwnership, "Ownership of personal access tokens", gives, lacks)
	}
	if x.Workspace.ID == "" {
		return out
	}
	if person {
		yes(p.IsIn(x.Workspace.ID), "Membership of the workspace", "In the workspace", "Not in the workspace")
	}
	if ofPolicies && p.Role != access.RoleAdmin {
		for _, w := range withEmpty(x.Layers, p.Kind) {
			result := lacks
			if w.Partly {
				result = "Gives it for other resources only"
			}
			yes(w.Grants, kit.UpperFirst(w.Layer.Source()), gives, result)
		}
	}
	if p.Kind == access.PersonalToken && ofPolicies {
		yes(code != access.NotInScope, "The token's scope, "+p.Scope.Label(), "Lets it through", "Excludes it")
	}
	return out
}

// withEmpty returns the layers together with those that could hold a policy but have none: the
// baseline, and the own policy of the member or token.
func withEmpty(layers []policy.Weighed, kind access.Kind) []policy.Weighed {
	own := access.LayerMember
	if kind == access.WorkspaceToken {
		own = access.LayerToken
	}
	for _, missing := range []access.LayerKind{access.LayerBaseline, own} {
		if !slices.ContainsFunc(layers, func(w policy.Weighed) bool { return w.Layer.Kind == missing }) {
			layers = append(layers, policy.Weighed{Layer: access.Layer{Kind: missing}})
		}
	}
	return layers
}
