package policy

import (
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/policy"
	"latchkey/views/component"
	page "latchkey/views/page/policy"
	"latchkey/web/ui/kit"
)

// explainView presents the page. The handler adds the frame.
func (h *Handlers) explainView(x explanation, v kit.Visit) page.Explain {
	m := page.Explain{Action: kit.ExplainPath,
		Errors: kit.FormErrors(x.errors, fieldSubject, fieldPermission, kit.FieldWorkspace, fieldResource),
		Card: component.CardModel{ID: "explain", Title: "Explain a decision",
			Description: "Pick a member or token and an action. The answer comes from the same rules that decide every request."}}
	if x.chosen == "" {
		m.Subject = component.FieldModel{ID: "form-subject", Name: "q", Label: "Member or token", Help: "Search by name, email or token hint.",
			Value: kit.Shown(x.query.Get("q")), Error: x.errors[fieldSubject], Type: "search", Autocomplete: "off"}
		m.Matches = subjectLinks(x.subjects)
		return m
	}
	m.Chosen = &page.Chosen{Text: x.chosen, Change: component.Link{Label: "Choose another member or token", Href: kit.ExplainPath}}
	for _, name := range []string{kit.FieldMember, kit.FieldToken} {
		if value := x.query.Get(name); value != "" {
			m.Hidden = append(m.Hidden, component.HiddenField{Name: name, Value: value})
		}
	}
	workspaces := []component.SelectOption{{Value: "", Label: "None (organization)"}}
	for _, w := range v.Workspaces {
		workspaces = append(workspaces, component.SelectOption{Value: w.ID, Label: w.Name})
	}
	m.Questions = []component.FormField{
		kit.SelectItem(kit.SelectField(fieldPermission, "Action", x.query, x.errors, permissionOptions(h.site.Catalogue())...)),
		kit.SelectItem(kit.SelectField(kit.FieldWorkspace, "Workspace", x.query, x.errors, workspaces...)),
		kit.TextItem(kit.TextField(fieldResource, "Resource", "Name or id. Leave empty to ask about the whole type.", x.query, x.errors)),
	}
	if x.answer != nil {
		answer := answerView(*x.answer)
		m.Answer = &answer
	}
	return m
}

func subjectLinks(found policy.Subjects) []component.MenuItem {
	var out []component.MenuItem
	for _, m := range found.Members {
		out = append(out, component.MenuItem{Label: m.Name + " (" + m.Email + ")", Href: kit.WithQuery(kit.ExplainPath, kit.FieldMember, m.ID)})
	}
	for _, t := range found.Tokens {
		label := t.Name + " (" + t.Hint + ", " + kit.LowerFirst(t.Kind.Label())
		if t.OwnerName != "" {
			label += " of " + t.OwnerName
		}
		out = append(out, component.MenuItem{Label: label + ")", Href: kit.WithQuery(kit.ExplainPath, kit.FieldToken, t.ID)})
	}
	return out
}

// permissionOptions lists every action that can be asked about: first the permissions of policies, then
// the actions that depend on roles and kinds of tokens.
func permissionOptions(catalogue *access.Catalogue) []component.SelectOption {
	var out []component.SelectOption
	for _, section := range catalogue.Sections() {
		for _, row := range catalogue.Types(section) {
			for _, entry := range row.Entries {
				out = append(out, component.SelectOption{Value: string(entry.Permission), Label: cellLabel(section, row, entry)})
			}
		}
	}
	for _, act := range access.SystemActs() {
		out = append(out, component.SelectOption{Value: string(act), Label: ActLabel(act)})
	}
	return out
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
		access.ManageServiceTokens: "Manage service access tokens",
		access.ManageAPIClients:    "Manage API clients",
		access.ManageMigration:     "Manage the migration",
		access.ManageOrganization:  "Manage the organization",
		access.IdentifyTokens:      "Identify tokens",
		access.ReadAuditLog:        "Read the audit log",
		access.ReadUsage:           "Read usage figures",
		access.UseSCIM:             "Use SCIM",
		access.ManagePersonalToken: "See and delete own personal access tokens",
		access.CreatePersonalToken: "Create own personal access tokens",
	}
	if label, ok := labels[act]; ok {
		return label
	}
	return string(act)
}

// answerView presents the decision: yes or no, the rule, and every policy that grants the permission.
func answerView(x policy.Explanation) page.Answer {
	a := page.Answer{Notice: component.NoticeModel{Kind: "danger", Title: "Not allowed", Text: x.Decision.Reason.Text(), Live: true}}
	if x.Decision.Allowed {
		a.Notice.Kind, a.Notice.Title = "success", "Allowed"
	}
	a.Notice.Text = strings.TrimPrefix(strings.TrimPrefix(a.Notice.Text, "Not allowed: "), "Allowed: ")
	if !strings.HasPrefix(a.Notice.Text, string(x.Decision.Reason.Permission)) || x.Decision.Reason.Permission == "" {
		a.Notice.Text = kit.UpperFirst(a.Notice.Text)
	}
	if x.Inactive != "" {
		a.Notice.Text = x.Inactive
	}
	add := func(term, text string) {
		if text != "" {
			a.Facts = append(a.Facts, component.Definition{Term: term, Text: text})
		}
	}
	add("Who", x.SubjectName)
	add("Action", string(x.Decision.Reason.Permission))
	add("Workspace", x.Workspace.Name)
	add("Resource", x.ResourceName)
	add("Rule", x.Decision.Reason.Code.String())
	if x.Decision.Hide {
		add("What they see", "Nothing. The response is \"not found\".")
	}
	var sources []string
	for _, layer := range x.Sources {
		sources = append(sources, kit.UpperFirst(layer.Source()))
	}
	add("Granted by", kit.Enumerate(sources))
	return a
}
