package ui

import (
	"net/url"
	"time"

	"latchkey/internal/fault"
	"latchkey/internal/migration"
	"latchkey/views/component"
	"latchkey/views/page"
)

// migrationSteps are what a migration consists of.
func migrationSteps(current int) component.StepperModel {
	return component.StepperModel{Current: current, Steps: []string{"Import", "Configure", "Deploy"}}
}

func previewBadge() component.BadgeModel {
	return component.BadgeModel{Text: "Preview Mode", Tone: component.Info, Icon: "eye"}
}

// migrationView is the tab while nothing is staged, or behind a dialog; the frame is added
// by the handler.
func migrationView(o migration.Overview, problems []fault.Field, now time.Time) page.Migration {
	m := page.Migration{Stepper: migrationSteps(1), Past: pastView(o.Deployments, now)}
	reset := component.ButtonModel{Label: "Reset staging area", Href: migrationPath + "/reset", Variant: component.DangerQuiet, Dialog: true}
	switch o.Staging.State {
	case migration.Uploaded:
		m.Import = importView(o.Staging, problems)
		m.Notices = fileNotices(o.Staging)
		m.Acts = []component.ButtonModel{reset}
	case migration.Reading:
		m.Notices = []component.NoticeModel{{Kind: "info", Title: "A file is being read",
			Text: o.Staging.FileName + " by " + o.Staging.CreatedByName + ". If this takes longer than a few minutes, reading broke off: reset the staging area."}}
		m.Acts = []component.ButtonModel{reset}
	case migration.Staged:
		preview := previewBadge()
		m.Stepper, m.Preview = migrationSteps(3), &preview
		m.Acts = []component.ButtonModel{{Label: "Back to the preview", Href: stagedPath(migration.Members), Variant: component.Outline}}
	default:
		m.Upload = uploadView(problems)
		if len(o.Deployments) > 0 {
			last := o.Deployments[0]
			m.Notices = []component.NoticeModel{{Kind: "success", Title: "Migrated",
				Text:  last.FileName + " was deployed by " + last.DeployedByName + ", " + relative(last.DeployedAt, now) + ". Tokens of the old system go on working.",
				Links: reportLinks(last)}}
		}
	}
	return m
}

func uploadView(problems []fault.Field) *page.MigrationUpload {
	m := &page.MigrationUpload{
		Card: component.CardModel{ID: "upload", Title: "Import from a role-based system",
			Description: "Upload the export of the old system. It is read into a staging area first: live access does not change before you deploy."},
		Action: MigrationUpload,
		File: component.FieldModel{ID: "form-file", Name: fieldFile, Label: "Export file", Type: "file", Required: true,
			Help:  "One JSON file, as docs/legacy-export.md describes it. Secrets in it are digested while it is read and never stored.",
			Attrs: map[string]any{"accept": "application/json,.json"}},
		Submit: component.ButtonModel{Label: "Upload", Icon: "upload"},
	}
	for n, p := range problems {
		if p.Path == fieldFile {
			m.File.Error = p.Message
		}
		m.Errors.Errors = append(m.Errors.Errors, problemLine(p))
		if n == 0 && p.Path != fieldFile {
			m.Errors.Title = "The file has mistakes. Nothing was imported."
		}
	}
	return m
}

// problemLine is one mistake in the file, by its path there.
func problemLine(p fault.Field) component.FieldError {
	if p.Path == fieldFile {
		return component.FieldError{FieldID: "form-file", Text: p.Message}
	}
	return component.FieldError{Text: p.Path + ": " + p.Message}
}

// importView asks for the strategy, with what each means for this very file.
func importView(m migration.Migration, problems []fault.Field) *page.MigrationImport {
	n := m.Summary.Counts
	members := n.Members - n.Admins
	admins := count(n.Admins, "Admin stays Admin", "Admins stay Admins") + ". "
	tokens := " " + count(n.ServiceTokens, "service access token keeps its permissions", "service access tokens keep their permissions") + "; " +
		count(n.PersonalTokens, "personal access token follows its owner.", "personal access tokens follow their owners.")
	v := &page.MigrationImport{
		Card: component.CardModel{ID: "import", Title: "Choose how to import", Description: "Either way the result is a preview, which you can change before it is deployed."},
		Facts: []component.Definition{{Term: "File", Text: m.FileName}, {Term: "From", Text: m.Source.Name}, {Term: "Workspaces", Text: thousands(n.Workspaces)},
			{Term: "Resources", Text: thousands(n.Resources) + ", of which " + thousands(n.Locks) + " locked"}, {Term: "Members", Text: thousands(n.Members)},
			{Term: "Tokens", Text: count(n.PersonalTokens, "personal", "personal") + ", " + count(n.ServiceTokens, "service", "service")}},
		Action: migrationPath + "/import",
		Strategy: component.ChoiceGroupModel{ID: "form-strategy", Name: fieldStrategy, Legend: "How to import", Boxes: true, Choices: []component.Choice{
			{ID: "strategy-policies", Value: string(migration.WithPolicies), Label: migration.WithPolicies.Label(), Checked: true,
				Help: admins + count(members, "member gets a policy", "members get policies") + " that " + mirrors(members) + " the role, " +
					count(n.Locks, "lock", "locks") + " and the Data Privacy lists (" + count(n.Private, "entry", "entries") + ")." + tokens},
			{ID: "strategy-fresh", Value: string(migration.Fresh), Label: migration.Fresh.Label(),
				Help: admins + count(members, "member can only view", "members can only view") + " until you give more; " +
					count(n.Locks, "lock", "locks") + " and the Data Privacy lists (" + count(n.Private, "entry", "entries") + ") are dropped for members." + tokens},
		}},
		Submit: component.ButtonModel{Label: "Import"},
	}
	for _, p := range problems {
		v.Strategy.Error = p.Message
		v.Errors.Errors = append(v.Errors.Errors, component.FieldError{FieldID: "form-strategy", Text: p.Message})
	}
	return v
}

func mirrors(n int) string {
	if n == 1 {
		return "mirrors"
	}
	return "mirror"
}

// fileNotices tells what the reader warned of.
func fileNotices(m migration.Migration) []component.NoticeModel {
	const shownWarnings = 5
	n := len(m.Summary.Warnings) + m.Summary.More
	if n == 0 {
		return nil
	}
	text := ""
	for i, w := range m.Summary.Warnings {
		if i == shownWarnings {
			break
		}
		text += w.Path + ": " + w.Message + " "
	}
	if n > shownWarnings {
		text += "The others are in the report."
	}
	return []component.NoticeModel{{Kind: "warning", Title: count(n, "warning about the file", "warnings about the file"), Text: text}}
}

func resetDialog() *page.Confirm {
	return &page.Confirm{Alert: component.AlertDialogModel{ID: "reset-staging", Title: "Reset the staging area?",
		Consequence: "The uploaded file, the choices and the edited policies in it are forgotten. Live access is not touched.",
		Action:      migrationPath + "/reset", Confirm: "Yes, reset", CancelHref: migrationPath}}
}

// deployDialog says what will happen and asks for the organization's name.
func deployDialog(r migration.Report, organization string, wrong fieldErrors) *page.Confirm {
	typed := textField(fieldName, "Type the name of the organization to confirm", organization, url.Values{}, wrong)
	m := &page.Confirm{Typed: &typed, Alert: component.AlertDialogModel{ID: "deploy-migration", Title: "Deploy the migration?",
		Consequence: "Everything in the preview becomes live at once. This cannot be undone.",
		Action:      migrationPath + "/deploy", Confirm: "Yes, deploy", CancelHref: migrationPath}}
	for _, t := range r.Totals {
		if text := thousands(t.New) + " new"; t.New+t.Joined+t.LeftOut > 0 {
			if t.Joined > 0 {
				text += ", " + thousands(t.Joined) + " joined with what is here"
			}
			if t.LeftOut > 0 {
				text += ", " + thousands(t.LeftOut) + " left out"
			}
			m.Alert.Details = append(m.Alert.Details, t.Kind.Label()+": "+text+".")
		}
	}
	if r.Changes() == 0 {
		m.Alert.Details = append(m.Alert.Details, "Everything in the file is here already: nothing will change.")
	}
	if n := r.Unsolved(); n > 0 {
		m.Alert.Details = append(m.Alert.Details, count(n, "conflict waits", "conflicts wait")+" for a choice: resolve them first.")
	}
	return m
}

// pastView lists what was deployed; nil when nothing was.
func pastView(list []migration.Migration, now time.Time) *page.MigrationPast {
	if len(list) == 0 {
		return nil
	}
	m := &page.MigrationPast{
		Card: component.CardModel{ID: "deployed", Title: "Deployed", Flush: true},
		Table: component.TableModel{Caption: "Deployed migrations", Columns: []component.Column{
			{Label: "File"}, {Label: "Deployed"}, {Label: "By"}, {Label: "Report"}}},
	}
	for _, d := range list {
		m.Rows = append(m.Rows, page.MigrationPastRow{File: d.FileName, Strategy: d.Strategy.Label(), Deployed: timeView(d.DeployedAt, now),
			By: d.DeployedByName, Reports: reportButtons(d)})
	}
	return m
}

func reportLinks(m migration.Migration) []component.Link {
	at := path(migrationPath+"/deployed", m.ID)
	return []component.Link{{Label: "Download the report", Href: at + "/report.txt"}, {Label: "Download it as JSON", Href: at + "/report.json"}}
}

func reportButtons(m migration.Migration) []component.ButtonModel {
	var out []component.ButtonModel
	for _, l := range reportLinks(m) {
		out = append(out, component.ButtonModel{Label: l.Label, Context: "of " + m.FileName, Href: l.Href, Variant: component.Outline, Small: true,
			Attrs: map[string]any{"download": true}})
	}
	out[0].Label, out[1].Label = "Report", "JSON"
	return out
}
