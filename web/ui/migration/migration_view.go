package migration

import (
	"net/url"
	"time"

	"latchkey/internal/fault"
	"latchkey/internal/migration"
	"latchkey/views/component"
	page "latchkey/views/page/migration"
	"latchkey/web/ui/kit"
)

// migrationSteps returns the steps of a migration; current counts from 1.
func migrationSteps(current int) component.StepperModel {
	return component.StepperModel{Current: current, Steps: []string{"Import", "Configure", "Deploy"}}
}

func previewBadge() component.BadgeModel {
	return component.BadgeModel{Text: "Preview Mode", Tone: component.Info, Icon: "eye"}
}

// unfinished is the text after a step that the visitor waited for and whose outcome is unknown.
const unfinished = "The step was refused, or the server stopped before it finished. Live access did not change. Try again."

// migrationView returns the tab while nothing is staged, behind a dialog, or while a step is
// running. The handler adds the frame.
func migrationView(o migration.Overview, s showing, now time.Time) page.Migration {
	m := page.Migration{Stepper: migrationSteps(1), Past: pastView(o.Deployments, now)}
	reset := component.ButtonModel{Label: "Reset staging area", Href: kit.MigrationPath + "/reset", Variant: component.DangerQuiet,
		Dialog: true}
	if s.work.Running() && s.above == nil {
		m.Stepper, m.Work = migrationSteps(stepNumber(s.work.Step)), workView(s.work)
		if s.work.Step == migration.StepRead && !s.work.Elsewhere {
			m.Acts = []component.ButtonModel{reset}
		}
		return m
	}
	switch o.Staging.State {
	case migration.Uploaded:
		m.Import = importView(o.Staging, s.problems)
		m.Notices = fileNotices(o.Staging)
		if s.after == migration.StepStage {
			m.Notices = append([]component.NoticeModel{{Kind: "warning", Title: "The preview was not made", Text: unfinished}}, m.Notices...)
		}
		m.Acts = []component.ButtonModel{reset}
	case migration.Reading:
		m.Notices = []component.NoticeModel{{Kind: "warning", Title: "Reading " + o.Staging.FileName + " was interrupted",
			Text: "The server stopped while it was reading the file that " + o.Staging.CreatedByName + " uploaded " +
				kit.Relative(o.Staging.CreatedAt, now) +
				". Nothing in it is live. Reset the staging area, then upload the file again."}}
		m.Acts = []component.ButtonModel{reset}
	case migration.Staged:
		preview := previewBadge()
		m.Stepper, m.Preview = migrationSteps(3), &preview
		m.Acts = []component.ButtonModel{{Label: "Back to the preview", Href: stagedPath(migration.Members), Variant: component.Outline}}
	default:
		m.Upload = uploadView(s.problems)
		if len(o.Deployments) > 0 {
			m.Notices = []component.NoticeModel{deployedNotice(o.Deployments[0], now)}
		}
	}
	return m
}

func deployedNotice(last migration.Migration, now time.Time) component.NoticeModel {
	return component.NoticeModel{Kind: "success", Title: "Migrated",
		Text: last.FileName + " was deployed by " + last.DeployedByName + ", " + kit.Relative(last.DeployedAt, now) +
			". Tokens of the old system keep working.",
		Links: reportLinks(last)}
}

// stepNumber returns the step's place in [migrationSteps].
func stepNumber(s migration.Step) int {
	if s == migration.StepDeploy {
		return 3
	}
	return 1
}

// workView returns the progress of a running step.
func workView(w migration.Work) *page.Work {
	m := &page.Work{Poll: kit.MigrationPath + "/progress", Then: kit.MigrationPath + "?" + queryAfter + "=" + string(w.Step),
		Lost: component.NoticeModel{Kind: "danger", Text: "The server does not answer. This page keeps trying."},
		Bar:  component.ProgressModel{ID: "work", Label: "Started", Value: w.Whole, Max: w.All}}
	m.Look = component.ButtonModel{Label: "Check again", Href: m.Then, Variant: component.Outline}
	switch w.Step {
	case migration.StepRead:
		m.Card = component.CardModel{ID: "work-card", Title: "Reading the file"}
		m.Bar.Label, m.Bar.Text = "Read", kit.Count(w.Done, "entry so far", "entries so far")
		m.Text = "Nothing is live before you deploy."
	case migration.StepStage:
		m.Card = component.CardModel{ID: "work-card", Title: "Preparing the preview"}
		m.Text = "You can leave this page. The work continues. Nothing is live before you deploy."
	case migration.StepDeploy:
		m.Card = component.CardModel{ID: "work-card", Title: "Deploying the migration"}
		m.Text = "You can leave this page. The work continues. Nothing is live until it is done; then everything is."
	}
	switch {
	case w.Elsewhere:
		m.Bar.Label, m.Bar.Text = "Running", "on another node"
		m.Text = "This step runs on another node of the server, and only that node knows its progress. This page checks until it is done. " +
			m.Text
	case w.Kind != "" && w.Whole == w.All:
		m.Bar.Label, m.Bar.Text = "Finishing", kit.Count(w.All, "entry", "entries")
	case w.Kind != "":
		m.Bar.Label, m.Bar.Text = w.Kind.Label(), kit.Thousands(w.Done)+" of "+kit.Thousands(w.Total)
	}
	return m
}

func uploadView(problems []fault.Field) *page.Upload {
	m := &page.Upload{
		Card: component.CardModel{ID: "upload", Title: "Import from a role-based system",
			Description: "Upload the export of the old system. It is read into a staging area first. Live access does not change before you " +
				"deploy."},
		Action: kit.MigrationUploadPath,
		File: component.FieldModel{ID: "form-file", Name: fieldFile, Label: "Export file", Type: "file", Required: true,
			Help: "One JSON file of up to 256 MB, as docs/legacy-export.md describes it. Secrets in it are hashed while the file is read, and " +
				"never stored.",
			Attrs: map[string]any{"accept": "application/json,.json"}},
		Bar:    component.ProgressModel{ID: "upload-bar", Label: "Uploading and reading"},
		Broken: component.NoticeModel{Kind: "danger", Text: "The upload was interrupted. Upload the file again."},
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

// problemLine returns one mistake in the file, with its path there.
func problemLine(p fault.Field) component.FieldError {
	if p.Path == fieldFile {
		return component.FieldError{FieldID: "form-file", Text: p.Message}
	}
	return component.FieldError{Text: p.Path + ": " + p.Message}
}

// importView returns the form that asks for the strategy. It says what each one does with this file.
func importView(m migration.Migration, problems []fault.Field) *page.Import {
	n := m.Summary.Counts
	members := n.Members - n.Admins
	admins := kit.Count(n.Admins, "Admin stays Admin", "Admins stay Admins") + ". "
	tokens := " " + kit.Count(n.ServiceTokens, "service access token keeps its permissions",
		"service access tokens keep their permissions") + "; " +
		kit.Count(n.PersonalTokens, "personal access token follows its owner.", "personal access tokens follow their owners.")
	if n.Groups > 0 {
		tokens += " " + kit.Count(n.Groups, "group gets an empty policy.", "groups get empty policies.")
	}
	v := &page.Import{
		Card: component.CardModel{ID: "import", Title: "Choose how to import",
			Description: "Both options make a preview, which you can change before you deploy it."},
		Facts: []component.Definition{{Term: "File", Text: m.FileName}, {Term: "From", Text: m.Source.Name},
			{Term: "Workspaces", Text: kit.Thousands(n.Workspaces)},
			{Term: "Resources", Text: kit.Thousands(n.Resources) + ", " + kit.Thousands(n.Locks) + " of them locked"},
			{Term: "Members", Text: kit.Thousands(n.Members)}, {Term: "Groups", Text: kit.Thousands(n.Groups)},
			{Term: "Tokens", Text: kit.Count(n.PersonalTokens, "personal", "personal") + ", " + kit.Count(n.ServiceTokens, "service", "service")}},
		Action: kit.MigrationPath + "/import",
		Strategy: component.ChoiceGroupModel{ID: "form-strategy", Name: fieldStrategy, Legend: "How to import", Boxes: true,
			Choices: []component.Choice{
				{ID: "strategy-policies", Value: string(migration.WithPolicies), Label: migration.WithPolicies.Label(), Checked: true,
					Help: admins + kit.Count(members, "member gets a policy", "members get policies") + " that " + mirrors(members) + " the role, " +
						kit.Count(n.Locks, "lock", "locks") + " and the Data Privacy lists (" + kit.Count(n.Private, "entry", "entries") + ")." + tokens},
				{ID: "strategy-fresh", Value: string(migration.Fresh), Label: migration.Fresh.Label(),
					Help: admins + kit.Count(members, "member can only view", "members can only view") + " until you give more; " +
						kit.Count(n.Locks, "lock", "locks") + " and the Data Privacy lists (" + kit.Count(n.Private, "entry", "entries") +
						") are dropped for members." + tokens},
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

// fileNotices returns the warnings about the file.
func fileNotices(m migration.Migration) []component.NoticeModel {
	const shownWarnings = 5
	n := len(m.Summary.Warnings) + m.Summary.More
	if n == 0 {
		return nil
	}
	text := ""
	for _, w := range m.Summary.Warnings[:min(shownWarnings, len(m.Summary.Warnings))] {
		text += w.Path + ": " + w.Message + " "
	}
	if n > shownWarnings {
		text += "The report of the preview lists the others."
	}
	return []component.NoticeModel{{Kind: "warning", Title: warningCount(n), Text: text}}
}

func warningCount(n int) string {
	return kit.Count(n, "warning about the file", "warnings about the file")
}

// stagedWarnings is [fileNotices] in short, for the lists.
func stagedWarnings(m migration.Migration) []component.NoticeModel {
	n := len(m.Summary.Warnings) + m.Summary.More
	if n == 0 {
		return nil
	}
	return []component.NoticeModel{{Kind: "warning", Title: warningCount(n),
		Links: []component.Link{{Label: "Download them with the preview", Href: kit.MigrationPath + "/preview/report.txt"}}}}
}

func resetDialog() *component.ConfirmModel {
	return &component.ConfirmModel{Alert: component.AlertDialogModel{ID: "reset-staging", Title: "Reset the staging area?",
		Consequence: "This discards the uploaded file, your choices and the edited policies. Live access does not change.",
		Action:      kit.MigrationPath + "/reset", Confirm: "Yes, reset", CancelHref: kit.MigrationPath}}
}

// deployDialog returns the confirmation, which says what deploying will do and asks for the
// organization's name.
func deployDialog(r migration.Report, organization string, wrong kit.FieldErrors) *component.ConfirmModel {
	typed := kit.TextField(kit.FieldName, "Type the name of the organization to confirm", organization, url.Values{}, wrong)
	m := &component.ConfirmModel{Typed: &typed, Alert: component.AlertDialogModel{ID: "deploy-migration", Title: "Deploy the migration?",
		Consequence: "Everything in the preview becomes live at once. This cannot be undone.",
		Action:      kit.MigrationPath + "/deploy", Confirm: "Yes, deploy", CancelHref: kit.MigrationPath}}
	for _, t := range r.Totals {
		if text := kit.Thousands(t.New) + " new"; t.New+t.Joined+t.LeftOut > 0 {
			if t.Joined > 0 {
				text += ", " + kit.Thousands(t.Joined) + " merged with existing ones"
			}
			if t.LeftOut > 0 {
				text += ", " + kit.Thousands(t.LeftOut) + " left out"
			}
			m.Alert.Details = append(m.Alert.Details, t.Kind.Label()+": "+text+".")
		}
	}
	if r.Changes() == 0 {
		m.Alert.Details = append(m.Alert.Details, "Everything in the file already exists. Nothing will change.")
	}
	if n := r.Unsolved(); n > 0 {
		m.Alert.Details = append(m.Alert.Details, kit.Count(n, "conflict", "conflicts")+" to resolve first.")
	}
	return m
}

// pastView returns the list of deployed migrations. It returns nil if there are none.
func pastView(list []migration.Migration, now time.Time) *page.Past {
	if len(list) == 0 {
		return nil
	}
	m := &page.Past{
		Card: component.CardModel{ID: "deployed", Title: "Deployed", Flush: true},
		Table: component.TableModel{Caption: "Deployed migrations", Columns: []component.Column{
			{Label: "File"}, {Label: "Deployed"}, {Label: "By"}, {Label: "Report"}}},
	}
	for _, d := range list {
		m.Rows = append(m.Rows, page.PastRow{File: d.FileName, Strategy: d.Strategy.Label(), Deployed: kit.When(d.DeployedAt, now),
			By: d.DeployedByName, Reports: reportButtons(d)})
	}
	return m
}

func reportLinks(m migration.Migration) []component.Link {
	at := kit.Path(kit.MigrationPath+"/deployed", m.ID)
	return []component.Link{{Label: "Download the report", Href: at + "/report.txt"},
		{Label: "Download it as JSON", Href: at + "/report.json"}}
}

func reportButtons(m migration.Migration) []component.ButtonModel {
	var out []component.ButtonModel
	for _, l := range reportLinks(m) {
		out = append(out, component.ButtonModel{Label: l.Label, Context: "of " + m.FileName, Href: l.Href, Variant: component.Outline,
			Small: true,
			Attrs: map[string]any{"download": true}})
	}
	out[0].Label, out[1].Label = "Report", "JSON"
	return out
}
