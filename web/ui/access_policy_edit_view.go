package ui

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/fault"
	"latchkey/views/component"
	policypage "latchkey/views/page/policy"
)

// model is the page of the editor; the frame is added by the handler.
func (p policyEdit) model(summary component.PolicySummaryModel) policypage.Edit {
	m := policypage.Edit{
		Header: component.PageHeaderModel{Title: p.view.Title(), Description: p.title, Back: &p.back},
		Notice: p.notice, Action: p.at, Cancel: p.back.Href,
		Save: component.ButtonModel{Label: "Save", Name: fieldStep, Value: stepSave},
	}
	if p.place.Kind == account.BaselinePolicy && !p.view.Plan.Has(access.FeatureBaseline) {
		m.Locked, m.Policy = true, p.editor.view(p.view.Body)
		m.Notice = &component.NoticeModel{Kind: "info", Title: "Not in the " + p.view.Plan.Label() + " plan", Text: access.UpgradeText}
		return m
	}
	var carried []component.HiddenField
	m.Policy, carried = p.editor.model(p.form, p.errors)
	m.Policy.Summary, m.Policy.SummaryHref = summary, p.at+"/summary"
	m.Hidden = append(carried,
		component.HiddenField{Name: fieldPolicyID, Value: p.seen.Policy},
		component.HiddenField{Name: fieldVersion, Value: strconv.FormatInt(p.seen.Version, 10)})
	m.Errors = p.errorSummary()
	if p.view.Exists && p.place.Kind != account.BaselinePolicy {
		m.Remove = &component.ButtonModel{Label: "Remove from workspace", Href: p.at + "/remove", Variant: component.DangerQuiet, Dialog: true}
	}
	if !p.view.Exists && m.Notice == nil {
		m.Notice = &component.NoticeModel{Kind: "info", Text: "Saving puts " + p.view.SubjectName + " into the workspace " + p.view.Workspace.Name +
			". An empty policy gives view and what is inherited."}
	}
	if unknown := unknownLines(p.editor.catalogue, p.view.Body); len(unknown) > 0 && m.Notice == nil {
		m.Notice = &component.NoticeModel{Kind: "info", Title: "Permissions that are not known any more",
			Text: strings.Join(unknown, "; ") + ". Saving keeps what the catalogue file may bring back."}
	}
	return m
}

func (p policyEdit) errorSummary() component.ErrorSummaryModel {
	problems := p.editor.named(p.errors.list())
	order := make([]string, len(problems))
	named := fieldErrors{}
	for i, problem := range problems {
		order[i], named[problem.Path] = problem.Path, problem.Message
	}
	return named.summary(order, p.editor.errorIDs(p.errors))
}

// changeWords says what is gained and lost, and by whom.
func (p policyEdit) changeWords(s account.Summary, missing []fault.Field) component.PolicySummaryModel {
	m := component.PolicySummaryModel{Title: "What changes", Empty: "Nothing so far."}
	words := p.editor.words()
	for _, phrase := range words.phrases(asPolicy(s.Change.Added)) {
		m.Lines = append(m.Lines, "Adds: "+phrase+".")
	}
	for _, phrase := range words.phrases(asPolicy(s.Change.Removed)) {
		m.Lines = append(m.Lines, "Takes away: "+phrase+".")
	}
	for _, problem := range missing {
		m.Lines = append(m.Lines, p.editor.catalogue.Describe(access.Permission(problem.Path))+": no resource is chosen yet.")
	}
	if s.Joins {
		m.Lines = append(m.Lines, "Puts "+p.view.SubjectName+" into the workspace: "+words.view()+".")
	}
	if len(m.Lines) > 0 {
		m.Lines = append(m.Lines, p.concerns(s.Audience))
	}
	return m
}

func asPolicy(list []access.PermissionReach) access.Policy {
	p := access.Policy{}
	for _, g := range list {
		p[g.Permission] = g.Reach
	}
	return p
}

// concerns counts whom a change touches.
func (p policyEdit) concerns(a account.Audience) string {
	members := count(a.Members, "member", "members")
	switch p.place.Kind {
	case account.MemberPolicy:
		if a.Members == 0 {
			return "Concerns nobody now: an Admin may do everything anyway."
		}
		return "Concerns " + p.view.SubjectName + " only, from the next request on."
	case account.GroupPolicy:
		return "Concerns the group's " + members + ", from the next request on."
	case account.BaselinePolicy:
	}
	return "Concerns " + members + ", " + count(a.Groups, "group", "groups") + " and " +
		count(a.ServiceTokens, "service access token", "service access tokens") + " of this workspace, from the next request on."
}

// removeDialog asks before a policy goes.
func (p policyEdit) removeDialog() *component.ConfirmModel {
	subject, workspace := p.view.SubjectName, p.view.Workspace.Name
	m := &component.ConfirmModel{Alert: component.AlertDialogModel{ID: "remove-policy", Title: "Remove " + subject + " from " + workspace + "?",
		Consequence: "What the policy gives is lost at once.", Action: p.at + "/remove", Confirm: "Yes, remove", CancelHref: p.back.Href}}
	lost := givesLines(p.editor.catalogue, p.view.Body)
	m.Alert.Details = append(m.Alert.Details, "The policy gives: "+lowerFirst(strings.Join(lost, "; "))+".")
	groups := 0
	for _, layer := range p.view.Inherited {
		if layer.Kind == access.LayerGroup {
			groups++
		}
	}
	switch {
	case p.place.Kind == account.GroupPolicy:
		m.Alert.Details = append(m.Alert.Details, "The group's members leave the workspace, unless something else puts them into it.")
	case groups > 0:
		m.Alert.Details = append(m.Alert.Details, subject+" stays in the workspace through "+count(groups, "group", "groups")+".")
	default:
		m.Alert.Details = append(m.Alert.Details, subject+" leaves the workspace: personal access tokens are not good for anything there any more.")
	}
	return m
}

func upperFirst(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}
