package ui

import (
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/views/component"
	policypage "latchkey/views/page/policy"
)

const (
	explainPath  = "/settings/access-management/explain"
	explainTitle = "Explain"

	fieldToken      = "token"
	fieldPermission = "permission"
	fieldResource   = "resource"
	fieldSubject    = "subject"
)

// explanation is one showing of the page: the question in the address, and its answer.
type explanation struct {
	query    url.Values
	subjects account.Subjects
	chosen   string // who the question is about, in words; "" while nobody is chosen
	errors   fieldErrors
	answer   *account.Explanation
}

// Explain answers whether a member or token may do something, and which rule decides. The
// question is in the address: it changes nothing, and can be handed on.
func (h *Handlers) Explain(c echo.Context) error {
	v := visitOf(c)
	x, err := h.explain(c, v)
	if err != nil {
		return err
	}
	m := h.explainView(x, v)
	m.Frame = h.accessFrame(c, v, explainTitle)
	return h.render.HTML(c, statusOf(x.errors), policypage.ExplainPage(m))
}

// explain reads the question as far as it has been asked, and answers it when all of it is
// there.
func (h *Handlers) explain(c echo.Context, v visit) (explanation, error) {
	x := explanation{query: c.QueryParams()}
	ctx := c.Request().Context()
	q := account.Question{Member: x.query.Get(fieldMember), Token: x.query.Get(fieldToken),
		Permission: access.Permission(x.query.Get(fieldPermission)), Workspace: x.query.Get(fieldWorkspace)}
	var err error
	if q.Member == "" && q.Token == "" {
		x.subjects, err = h.d.Accounts.FindSubjects(ctx, v.caller, x.query.Get("q"))
		if err == nil && x.query.Get("q") != "" && len(x.subjects.Members)+len(x.subjects.Tokens) == 0 {
			x.errors = fieldErrors{fieldSubject: "No member and no token matches."}
		}
		return x, err
	}
	if x.chosen, err = h.subjectName(c, v, q); err != nil || q.Permission == "" {
		return x, err
	}
	if q.Resource, x.errors, err = h.askedResource(c, v, q); err != nil || x.errors != nil {
		return x, err
	}
	answer, err := h.d.Accounts.Explain(ctx, v.caller, q)
	if err != nil {
		return x, err
	}
	x.answer = &answer
	return x, nil
}

// subjectName names the member or token that the address says; NotFound when there is none.
func (h *Handlers) subjectName(c echo.Context, v visit, q account.Question) (string, error) {
	if q.Member != "" {
		members, err := h.chosenMembers(c, []string{q.Member})
		if err != nil {
			return "", err
		}
		return members[0].Name + " (" + members[0].Email + ")", nil
	}
	t, err := h.d.Tokens.Get(c.Request().Context(), v.caller, q.Token)
	return t.Name + " (" + t.Hint + ", " + lowerFirst(t.Kind.Label()) + ")", err
}

// askedResource finds the resource that was typed, by its name or id, in the workspace that
// was chosen; "" when none was. What is not one resource is a problem of its field.
func (h *Handlers) askedResource(c echo.Context, v visit, q account.Question) (string, fieldErrors, error) {
	typed := strings.TrimSpace(c.QueryParam(fieldResource))
	if typed == "" {
		return "", nil, nil
	}
	if q.Workspace == "" {
		return "", fieldErrors{fieldWorkspace: "Choose the workspace that the resource is in."}, nil
	}
	resources, err := h.d.Accounts.Resources(c.Request().Context(), v.caller, q.Workspace)
	if err != nil {
		return "", nil, err
	}
	var found []account.Resource
	for _, r := range resources {
		if r.ID == typed {
			return r.ID, nil, nil
		}
		if strings.EqualFold(r.Name, typed) && r.Type == q.Permission.Type() {
			found = append(found, r)
		}
	}
	switch len(found) {
	case 0:
		return "", fieldErrors{fieldResource: "There is no such resource of this type in the workspace."}, nil
	case 1:
		return found[0].ID, nil, nil
	}
	return "", fieldErrors{fieldResource: "Several resources have this name. Give the id."}, nil
}

// explainView is the page; the frame is added by the handler.
func (h *Handlers) explainView(x explanation, v visit) policypage.Explain {
	m := policypage.Explain{Action: explainPath, Errors: formErrors(x.errors, fieldSubject, fieldPermission, fieldWorkspace, fieldResource),
		Card: component.CardModel{ID: "explain", Title: "Explain a decision",
			Description: "Pick a member or token and an action: the answer comes from the same rules that decide every request."}}
	if x.chosen == "" {
		m.Subject = component.FieldModel{ID: "form-subject", Name: "q", Label: "Member or token", Help: "Part of a name, of an e-mail address or of what lists show of a token.",
			Value: shown(x.query.Get("q")), Error: x.errors[fieldSubject], Type: "search", Autocomplete: "off"}
		m.Matches = subjectLinks(x.subjects)
		return m
	}
	m.Chosen = &policypage.Chosen{Text: x.chosen, Change: component.Link{Label: "Choose somebody else", Href: explainPath}}
	for _, name := range []string{fieldMember, fieldToken} {
		if value := x.query.Get(name); value != "" {
			m.Hidden = append(m.Hidden, component.HiddenField{Name: name, Value: value})
		}
	}
	workspaces := []component.SelectOption{{Value: "", Label: "None: the organization"}}
	for _, w := range v.Workspaces {
		workspaces = append(workspaces, component.SelectOption{Value: w.ID, Label: w.Name})
	}
	m.Questions = []component.FormField{
		selectItem(selectField(fieldPermission, "Action", x.query, x.errors, permissionOptions(h.d.Catalogue)...)),
		selectItem(selectField(fieldWorkspace, "Workspace", x.query, x.errors, workspaces...)),
		textItem(textField(fieldResource, "Resource", "Its name or id. Empty asks for the whole type.", x.query, x.errors)),
	}
	if x.answer != nil {
		answer := answerView(*x.answer)
		m.Answer = &answer
	}
	return m
}

func subjectLinks(found account.Subjects) []component.MenuItem {
	var out []component.MenuItem
	for _, m := range found.Members {
		out = append(out, component.MenuItem{Label: m.Name + " (" + m.Email + ")", Href: withQuery(explainPath, fieldMember, m.ID)})
	}
	for _, t := range found.Tokens {
		label := t.Name + " (" + t.Hint + ", " + lowerFirst(t.Kind.Label())
		if t.OwnerName != "" {
			label += " of " + t.OwnerName
		}
		out = append(out, component.MenuItem{Label: label + ")", Href: withQuery(explainPath, fieldToken, t.ID)})
	}
	return out
}

// permissionOptions lists everything that can be asked: what policies hold, then what roles
// and levels of tokens decide.
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
		out = append(out, component.SelectOption{Value: string(act), Label: actLabel(act)})
	}
	return out
}

func actLabel(act access.Permission) string {
	labels := map[access.Permission]string{
		access.ViewWorkspace: "View the workspace and its resources", access.ManageWorkspaces: "Manage workspaces", access.ManageMembers: "Manage members",
		access.ManageInvitations: "Manage invitations", access.ManageGroups: "Manage groups", access.ManagePolicies: "Manage policies",
		access.ManageServiceTokens: "Manage service access tokens", access.ManageAPIClients: "Manage API clients", access.ManageMigration: "Manage the migration",
		access.ManageOrganization: "Manage the organization", access.IdentifyTokens: "Identify tokens", access.ReadAuditLog: "Read the audit log",
		access.ReadUsage: "Read usage figures", access.UseSCIM: "Use SCIM", access.ManagePersonalToken: "See and delete own personal access tokens",
		access.CreatePersonalToken: "Create own personal access tokens",
	}
	if label, ok := labels[act]; ok {
		return label
	}
	return string(act)
}

// answerView words the decision: yes or no, the rule, and everything that gives it.
func answerView(x account.Explanation) policypage.Answer {
	a := policypage.Answer{Notice: component.NoticeModel{Kind: "danger", Title: "Not allowed", Text: x.Decision.Reason.Text(), Live: true}}
	if x.Decision.Allowed {
		a.Notice.Kind, a.Notice.Title = "success", "Allowed"
	}
	a.Notice.Text = strings.TrimPrefix(strings.TrimPrefix(a.Notice.Text, "Not allowed: "), "Allowed: ")
	if !strings.HasPrefix(a.Notice.Text, string(x.Decision.Reason.Permission)) || x.Decision.Reason.Permission == "" {
		a.Notice.Text = upperFirst(a.Notice.Text)
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
		add("What they see", "Nothing: it is answered as not found.")
	}
	var sources []string
	for _, layer := range x.Sources {
		sources = append(sources, upperFirst(layer.Source()))
	}
	add("Given by", enumerate(sources))
	return a
}
