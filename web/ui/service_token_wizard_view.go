package ui

import (
	"time"

	"latchkey/internal/account"
	"latchkey/internal/token"
	"latchkey/views/component"
	tokenpage "latchkey/views/page/token"
)

func (w wizard) page(step int) tokenpage.Wizard {
	return tokenpage.Wizard{
		Header: component.PageHeaderModel{Title: "New workspace service access token",
			Back: &component.Link{Label: satTitle, Href: satList(token.Workspace)}},
		Stepper: component.StepperModel{Current: step, Steps: []string{"Token", "Access policy"}},
		Action:  satList(token.Workspace) + "/new",
		Hidden:  []component.HiddenField{submissionField(w.tokenForm)},
	}
}

// firstStep asks for everything but the policy, which goes along hidden.
func (w wizard) firstStep(workspaces []account.Workspace, wrong fieldErrors, now time.Time) tokenpage.Wizard {
	m := w.page(1)
	m.Errors = tokenErrors(wrong)
	m.Hidden = append(m.Hidden, component.HiddenField{Name: fieldDrawn, Value: w.drawn})
	m.Hidden = append(m.Hidden, w.carried...)
	m.First = &tokenpage.WizardBasics{
		Name:       nameField(w.tokenForm, wrong, "For all Admins to recognize it: what uses it."),
		Expiration: expiryField(w.tokenForm, wrong, now),
		CancelHref: satList(token.Workspace),
	}
	if place, ok := w.place(workspaces); ok && len(workspaces) == 1 {
		m.First.WorkspaceFact = []component.Definition{{Term: "Workspace", Text: place.Name}}
	} else {
		m.First.Workspace = workspaceField(workspaces, w.tokenForm, wrong)
	}
	return m
}

// secondStep asks for the policy.
func (w wizard) secondStep(e policyEditor, workspaces []account.Workspace, now time.Time) tokenpage.Wizard {
	m := w.page(2)
	wrong := fieldErrors{}
	for _, p := range w.problems {
		wrong[p.Path] = p.Message
	}
	ids := e.errorIDs(wrong)
	for _, p := range e.named(w.problems) {
		m.Errors.Errors = append(m.Errors.Errors, component.FieldError{FieldID: ids[p.Path], Text: p.Message})
	}
	policy, carried := e.model(w.policy, wrong)
	policy.SummaryHref = satList(token.Workspace) + "/summary"
	place, _ := w.place(workspaces)
	end, _ := token.ParseExpiration(w.expiration, w.date, now)
	m.Hidden = append(m.Hidden, w.answers()...)
	m.Hidden = append(m.Hidden, carried...)
	m.Notice = w.movedNotice(e)
	m.Second = &tokenpage.WizardPolicy{
		Facts: []component.Definition{{Term: "Token name", Text: w.name}, {Term: "Workspace", Text: place.Name},
			{Term: "Expiration", Text: goodUntil(end)}},
		Policy: policy,
		Warning: component.NoticeModel{Kind: "warning", Title: "The policy cannot be edited afterwards",
			Text: "To change what the token may do, delete it and generate another."},
	}
	return m
}

// answers carries the first step through the second.
func (w wizard) answers() []component.HiddenField {
	return []component.HiddenField{
		{Name: fieldName, Value: w.name}, {Name: fieldWorkspace, Value: w.workspace},
		{Name: fieldExpiration, Value: w.expiration}, {Name: fieldDate, Value: w.date},
		{Name: fieldDrawn, Value: w.workspace},
	}
}

// movedNotice says which choices of resources another workspace has undone; nil when none.
func (w wizard) movedNotice(e policyEditor) *component.NoticeModel {
	if len(w.moved) == 0 {
		return nil
	}
	var labels []string
	for _, permission := range w.moved {
		labels = append(labels, e.catalogue.Describe(permission))
	}
	return &component.NoticeModel{Kind: "warning", Title: "The workspace was changed",
		Text: "Choose the resources again for " + enumerate(labels) + "."}
}
