package token

import (
	"time"

	"latchkey/internal/account"
	"latchkey/internal/token"
	"latchkey/views/component"
	page "latchkey/views/page/token"
	"latchkey/web/ui/kit"
	policyui "latchkey/web/ui/policy"
)

func (w wizard) page(step int) page.Wizard {
	m := page.Wizard{
		Header: component.PageHeaderModel{Title: "New workspace service access token",
			Back: &component.Link{Label: kit.ServiceTokenTitle, Href: kit.ServiceTokenList(token.Workspace)}},
		Stepper: component.StepperModel{Current: step, Steps: []string{"Token", "Access policy"}},
		Action:  kit.ServiceTokenList(token.Workspace) + "/new",
		Hidden:  []component.HiddenField{submissionField(w.tokenForm)},
	}
	if w.back != "" {
		m.Header.Back = &component.Link{Label: "Back to the preview", Href: w.back}
		m.Hidden = append(m.Hidden, component.HiddenField{Name: paramReturn, Value: w.back})
	}
	return m
}

// firstStep presents the step that asks for everything but the policy. Hidden fields carry the policy.
func (w wizard) firstStep(v kit.Visit, l limits, wrong kit.FieldErrors) page.Wizard {
	m := w.page(1)
	m.Errors = formErrors(wrong)
	m.Hidden = append(m.Hidden, component.HiddenField{Name: fieldPolicyWorkspace, Value: w.policyWorkspace})
	m.Hidden = append(m.Hidden, w.carried...)
	m.First = &page.WizardBasics{
		Name:        nameField(w.tokenForm, wrong, "Describe what will use this token."),
		Description: descriptionField(w.description, wrong),
		Expiration:  expiryField(w.tokenForm, wrong, l.life(), v.Now),
		More:        moreOptions(v, w.tokenForm, wrong, l),
		CancelHref:  w.list(),
	}
	if workspace, ok := w.chosenWorkspace(v.Workspaces); ok && len(v.Workspaces) == 1 {
		m.First.WorkspaceFact = []component.Definition{{Term: "Workspace", Text: workspace.Name}}
	} else {
		m.First.Workspace = workspaceField(v.Workspaces, w.tokenForm, wrong)
	}
	return m
}

// secondStep presents the step that asks for the policy.
func (w wizard) secondStep(e policyui.Editor, workspaces []account.Workspace, now time.Time) page.Wizard {
	m := w.page(2)
	wrong := kit.FieldErrors{}
	for _, p := range w.problems {
		wrong[p.Path] = p.Message
	}
	ids := e.ErrorIDs(wrong)
	for _, p := range e.Named(w.problems) {
		m.Errors.Errors = append(m.Errors.Errors, component.FieldError{FieldID: ids[p.Path], Text: p.Message})
	}
	policy, carried := e.Model(w.policy, wrong)
	w.tools.Present(&policy, e, w.policy)
	policy.Summary = w.summary(e)
	policy.SummaryHref = kit.ServiceTokenList(token.Workspace) + "/summary"
	workspace, _ := w.chosenWorkspace(workspaces)
	end, _ := parseExpiration(w.expiration, w.date, now)
	m.Hidden = append(m.Hidden, w.answers()...)
	m.Hidden = append(m.Hidden, carried...)
	m.Notice = w.movedNotice(e)
	m.Second = &page.WizardPolicy{
		Facts: []component.Definition{{Term: "Token name", Text: w.name}, {Term: "Workspace", Text: workspace.Name},
			{Term: "Expiration", Text: expires(end, now)}, {Term: "Allowed addresses", Text: allowedWords(w.ranges())}},
		Policy: policy,
		Warning: component.NoticeModel{Kind: "warning", Title: "The policy cannot be edited afterwards",
			Text: "To change the permissions of the token, delete it and generate another one."},
	}
	return m
}

// answers returns the hidden fields that carry the first step through the second.
func (w wizard) answers() []component.HiddenField {
	return []component.HiddenField{
		{Name: kit.FieldName, Value: w.name}, {Name: fieldDescription, Value: w.description}, {Name: kit.FieldWorkspace, Value: w.workspace},
		{Name: fieldExpiration, Value: w.expiration}, {Name: fieldDate, Value: w.date}, {Name: fieldAddresses, Value: w.addresses},
		{Name: fieldPolicyWorkspace, Value: w.workspace},
	}
}

// movedNotice returns the notice that resources have to be chosen again in another workspace, or nil
// if there are none.
func (w wizard) movedNotice(e policyui.Editor) *component.NoticeModel {
	if len(w.moved) == 0 {
		return nil
	}
	var labels []string
	for _, permission := range w.moved {
		labels = append(labels, e.Describe(permission))
	}
	return &component.NoticeModel{Kind: "warning", Title: "The workspace was changed",
		Text: "Choose the resources again for " + kit.Enumerate(labels) + "."}
}
