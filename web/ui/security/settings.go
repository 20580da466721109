package security

import (
	"net/url"
	"slices"

	"github.com/labstack/echo/v4"

	"latchkey/internal/signin"
	"latchkey/views/component"
	page "latchkey/views/page/security"
	"latchkey/web/ui/kit"
)

const (
	emailsPath  = kit.SignInSettingsPath + "/emails"
	fieldEmails = "emails_sent"
)

// settings shows the tab "Sign-in".
func (h *Handlers) settings(c echo.Context) error { return h.showSettings(c, nil, nil) }

// showSettings shows the tab, with a rule for second factors that was refused if there is one.
func (h *Handlers) showSettings(c echo.Context, form url.Values, errs kit.FieldErrors) error {
	v := kit.VisitOf(c)
	settings, err := h.signIn.Settings(c.Request().Context(), v.Standing)
	if err != nil {
		return err
	}
	m := page.Settings{Frame: h.site.Frame(c, v, kit.SignInSettingsTitle),
		Forms: []page.Form{requireForm(v, settings.Factor, form, errs), emailsForm(settings, h.signIn.Mails())}}
	return h.site.HTML(c, kit.StatusOf(errs), page.SettingsPage(m))
}

// saveEmails saves which emails are sent.
func (h *Handlers) saveEmails(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	var muted []signin.Alert
	for _, a := range signin.Alerts() {
		if !slices.Contains(form[fieldEmails], string(a)) {
			muted = append(muted, a)
		}
	}
	if err := h.signIn.Mute(c.Request().Context(), kit.VisitOf(c).By, muted); err != nil {
		return err
	}
	return h.site.Done(c, kit.SignInSettingsPath, "The emails to members were saved.")
}

// emailsForm returns the section with the emails that members get about their own account.
func emailsForm(s signin.Settings, mails bool) page.Form {
	m := page.Form{Card: component.CardModel{ID: "emails", Title: "Emails to members",
		Description: "Latchkey tells members about changes to their own account. The emails hold no secret and no link."}}
	if !mails {
		m.Notice = &component.NoticeModel{Kind: "info", Title: "This server sends no email",
			Text: "Start it with --smtp-url to send these emails. You can then choose which ones; at first it sends all of them."}
		return m
	}
	group := &component.ChoiceGroupModel{ID: "form-" + fieldEmails, Name: fieldEmails, Legend: "Send an email when"}
	for _, a := range signin.Alerts() {
		group.Choices = append(group.Choices, component.Choice{ID: group.ID + "-" + string(a), Value: string(a), Label: alertLabel(a),
			Help: alertHelp(a), Checked: !slices.Contains(s.Muted, a)})
	}
	m.Action, m.Fields, m.Submit = emailsPath, []component.FormField{kit.BoxesItem(group)}, component.ButtonModel{Label: "Save"}
	return m
}

func alertLabel(a signin.Alert) string {
	return map[signin.Alert]string{
		signin.AlertPassword: "A member's password was changed",
		signin.AlertFactor:   "A second factor was added or removed",
		signin.AlertRecovery: "A reset link was used",
		signin.AlertBrowser:  "Somebody signed in from a new device",
	}[a]
}

func alertHelp(a signin.Alert) string {
	if a != signin.AlertBrowser {
		return ""
	}
	return "A browser in which this member has not signed in for 400 days, or whose cookies were deleted."
}
