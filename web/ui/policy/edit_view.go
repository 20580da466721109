package policy

import (
	"strconv"
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/views/component"
	page "latchkey/views/page/policy"
	"latchkey/web/ui/kit"
)

// model presents the page of the editor. The handler adds the frame.
func (p edit) model(summary component.PolicySummaryModel) page.Edit {
	m := page.Edit{
		Header: component.PageHeaderModel{Title: p.view.Title(), Description: p.Title, Back: &p.Back},
		Notice: p.notice, Action: p.At, Cancel: p.Back.Href,
		Save: component.ButtonModel{Label: "Save", Name: kit.FieldStep, Value: kit.StepSave},
	}
	if p.Place.Kind == policy.Baseline && !p.view.Plan.Has(access.FeatureBaseline) {
		m.Locked, m.Policy = true, p.editor.View(p.view.Body)
		m.Notice = &component.NoticeModel{Kind: "info", Title: "Not included in the " + p.view.Plan.Label() + " plan", Text: access.UpgradeText}
		return m
	}
	var carried []component.HiddenField
	m.Policy, carried = p.editor.Model(p.form, p.errors)
	p.tools.Present(&m.Policy, p.editor, p.form)
	m.Conflict = p.clash
	m.Policy.Summary, m.Policy.SummaryHref = summary, p.At+"/summary"
	m.Hidden = append(carried,
		component.HiddenField{Name: fieldPolicyID, Value: p.seen.Policy},
		component.HiddenField{Name: fieldVersion, Value: strconv.FormatInt(p.seen.Version, 10)})
	m.Errors = p.errorSummary()
	if p.view.Exists && p.Place.Kind != policy.Baseline {
		m.Remove = &component.ButtonModel{Label: "Remove from workspace", Href: p.At + "/remove", Variant: component.DangerQuiet, Dialog: true}
	}
	if !p.view.Exists && m.Notice == nil {
		m.Notice = &component.NoticeModel{Kind: "info", Text: "Saving adds " + p.view.SubjectName +
			" to the workspace " + p.view.Workspace.Name + ". An empty policy grants view and the inherited permissions."}
	}
	if unknown := unknown(p.editor.catalogue, p.view.Body); len(unknown) > 0 && m.Notice == nil {
		m.Notice = &component.NoticeModel{Kind: "info", Title: "Unknown permissions",
			Text: strings.Join(unknown, "; ") + ". Saving keeps them, in case the catalogue file defines them again."}
	}
	return m
}

func (p edit) errorSummary() component.ErrorSummaryModel {
	problems := p.editor.Named(p.errors.List())
	order := make([]string, len(problems))
	named := kit.FieldErrors{}
	for i, problem := range problems {
		order[i], named[problem.Path] = problem.Path, problem.Message
	}
	return named.Summary(order, p.editor.ErrorIDs(p.errors))
}

// changeWords describes what is gained and lost, and by whom.
func (p edit) changeWords(s policy.Summary, missing []fault.Field) component.PolicySummaryModel {
	m := component.PolicySummaryModel{Title: "What changes", Empty: "No changes yet."}
	m.Lines = p.changeLines(s.Change)
	for _, problem := range missing {
		m.Lines = append(m.Lines, p.editor.catalogue.Describe(access.Permission(problem.Path))+": no resource is chosen yet.")
	}
	if s.Joins {
		m.Lines = append(m.Lines, "Adds "+p.view.SubjectName+" to the workspace: "+p.editor.words().View()+".")
	}
	if len(m.Lines) > 0 {
		m.Lines = append(m.Lines, p.affected(s.Audience))
	}
	return m
}

// changeLines describes what a change adds and removes.
func (p edit) changeLines(change access.Change) []string {
	var out []string
	for _, phrase := range p.editor.words().Phrases(asPolicy(change.Added)) {
		out = append(out, "Adds: "+phrase+".")
	}
	for _, phrase := range p.editor.words().Phrases(asPolicy(change.Removed)) {
		out = append(out, "Removes: "+phrase+".")
	}
	return out
}

func asPolicy(list []access.PermissionReach) access.Policy {
	p := access.Policy{}
	for _, g := range list {
		p[g.Permission] = g.Reach
	}
	return p
}

// affected describes whom a change affects.
func (p edit) affected(a policy.Audience) string {
	members := kit.Count(a.Members, "member", "members")
	switch p.Place.Kind {
	case policy.OfMember:
		if a.Members == 0 {
			return "Affects nobody, because Admins have full access anyway."
		}
		return "Affects " + p.view.SubjectName + " only, effective immediately."
	case policy.OfGroup:
		return "Affects the group's " + members + ", effective immediately."
	case policy.Baseline:
	}
	return "Affects " + members + ", " + kit.Count(a.Groups, "group", "groups") + " and " +
		kit.Count(a.ServiceTokens, "service access token", "service access tokens") + " of this workspace, effective immediately."
}

// removeDialog returns the dialog that asks before a policy is removed.
func (p edit) removeDialog() *component.ConfirmModel {
	subject, workspace := p.view.SubjectName, p.view.Workspace.Name
	m := &component.ConfirmModel{Alert: component.AlertDialogModel{ID: "remove-policy",
		Title:       "Remove " + subject + " from " + workspace + "?",
		Consequence: "The permissions of the policy are lost immediately.",
		Action:      p.At + "/remove", Confirm: "Yes, remove", CancelHref: p.Back.Href}}
	lost := Gives(p.editor.catalogue, p.view.Body)
	m.Alert.Details = append(m.Alert.Details, "The policy grants: "+kit.LowerFirst(strings.Join(lost, "; "))+".")
	groups := 0
	for _, layer := range p.view.Inherited {
		if layer.Kind == access.LayerGroup {
			groups++
		}
	}
	switch {
	case p.Place.Kind == policy.OfGroup:
		m.Alert.Details = append(m.Alert.Details, "The group's members leave the workspace unless another policy or group adds them to it.")
	case groups > 0:
		m.Alert.Details = append(m.Alert.Details, subject+" stays in the workspace through "+kit.Count(groups, "group", "groups")+".")
	default:
		m.Alert.Details = append(m.Alert.Details, subject+" leaves the workspace. Their personal access tokens no longer work there.")
	}
	return m
}
