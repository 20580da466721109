package signin

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	"latchkey/internal/signin"
	"latchkey/views/component"
	"latchkey/views/layout"
	page "latchkey/views/page/signin"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

const (
	confirmPath       = "/sign-in/confirm"
	fieldRecoveryCode = "recovery_code"
	withRecovery      = "recovery" // value of the parameter "with"
)

// toConfirm redirects to the second step of signing in.
func toConfirm(c echo.Context, next string) error {
	return respond.SeeOther(c, kit.WithQuery(confirmPath, "next", next))
}

// askConfirm asks somebody whose password was right for the second factor.
func (h *Handlers) askConfirm(c echo.Context) error {
	next := kit.SafeNext(c.QueryParam("next"))
	if _, err := h.site.Waiting(c); err != nil {
		return h.confirmRefused(c, next, false, err)
	}
	return h.site.HTML(c, http.StatusOK, page.ConfirmPage(confirmPage(next, c.QueryParam("with") == withRecovery, "")))
}

// confirm starts the session.
func (h *Handlers) confirm(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	next, recovery := kit.SafeNext(form.Get("next")), form.Has(fieldRecoveryCode)
	given := signin.Proof{Code: form.Get(fieldCode), RecoveryCode: form.Get(fieldRecoveryCode)}
	if err := h.site.Confirm(c, given); err != nil {
		return h.confirmRefused(c, next, recovery, err)
	}
	return respond.SeeOther(c, next)
}

// confirmRefused shows the step again for a wrong code, and the first step for a sign-in that has ended.
func (h *Handlers) confirmRefused(c echo.Context, next string, recovery bool, err error) error {
	if to := kit.Required(err, next); to != "" {
		return respond.SeeOther(c, to)
	}
	f := fault.Of(err)
	switch f.Kind {
	case fault.Unauthenticated:
		return h.show(c, respond.Status(f.Kind), h.signInPage(next, "", f))
	case fault.Invalid, fault.Throttled:
		kit.RetryAfter(c, f)
		text := f.Message
		if len(f.Fields) > 0 {
			text = f.Fields[0].Message
		}
		return h.site.HTML(c, respond.Status(f.Kind), page.ConfirmPage(confirmPage(next, recovery, text)))
	}
	return err
}

func confirmPage(next string, recovery bool, problem string) page.Confirm {
	m := page.Confirm{
		Page:   layout.Page{Title: "Confirm it's you", Intro: "Enter the code that your authenticator app shows."},
		Action: confirmPath, Next: next,
		Other: component.Link{Label: "Use a recovery code", Href: kit.WithQuery(confirmPath, "with", withRecovery, "next", next)},
		Field: component.FieldModel{ID: fieldCode, Name: fieldCode, Label: "Code", Autocomplete: "one-time-code",
			Required: true, Autofocus: true, MaxLength: 12, Attrs: map[string]any{"inputmode": "numeric"}},
	}
	if recovery {
		m.Page.Intro = "Enter one of your recovery codes. Each works once."
		m.Other = component.Link{Label: "Use an authenticator app", Href: kit.WithQuery(confirmPath, "next", next)}
		m.Field = component.FieldModel{ID: fieldRecoveryCode, Name: fieldRecoveryCode, Label: "Recovery code", Autocomplete: "off",
			Required: true, Autofocus: true, MaxLength: 40, Attrs: map[string]any{"autocapitalize": "none", "spellcheck": "false"}}
	}
	if problem != "" {
		m.Field.Error, m.Field.Autofocus = problem, false
		m.Errors.Errors = []component.FieldError{{FieldID: m.Field.ID, Text: problem}}
	}
	return m
}
