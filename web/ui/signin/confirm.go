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
	return h.showConfirm(c, http.StatusOK, kit.SafeNext(c.QueryParam("next")), c.QueryParam("with") == withRecovery, "")
}

// confirm starts the session.
func (h *Handlers) confirm(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	next, recovery := kit.SafeNext(form.Get("next")), form.Has(fieldRecoveryCode)
	given := signin.Proof{Code: form.Get(fieldCode), RecoveryCode: form.Get(fieldRecoveryCode), Passkey: form.Get(kit.FieldPasskey)}
	if err := h.site.Confirm(c, given); err != nil {
		return h.confirmRefused(c, next, recovery, err)
	}
	return respond.SeeOther(c, next)
}

// confirmRefused shows the step again for a wrong proof, and the first step for a sign-in that has ended.
func (h *Handlers) confirmRefused(c echo.Context, next string, recovery bool, err error) error {
	if to := kit.Required(err, next); to != "" {
		return respond.SeeOther(c, to)
	}
	f := fault.Of(err)
	switch f.Kind {
	case fault.Unauthenticated:
		return h.show(c, respond.Status(f.Kind), h.signInPage(next, "", f))
	case fault.Invalid, fault.Throttled, fault.Conflict:
		kit.RetryAfter(c, f)
		text := f.Message
		if len(f.Fields) > 0 {
			text = f.Fields[0].Message
		}
		return h.showConfirm(c, respond.Status(f.Kind), next, recovery, text)
	}
	return err
}

// showConfirm shows the step with what the member has, and the first step if the sign-in has ended.
func (h *Handlers) showConfirm(c echo.Context, status int, next string, recovery bool, problem string) error {
	has, err := h.site.Choices(c)
	if fault.Is(err, fault.Unauthenticated) {
		return h.show(c, respond.Status(fault.Unauthenticated), h.signInPage(next, "", fault.Of(err)))
	}
	if err != nil {
		return err
	}
	m := confirmPage(next, has, recovery, problem)
	if !has.Code && !has.Passkey {
		m.Notice = &component.NoticeModel{Kind: "info", Title: "Your passkeys don't work here",
			Text: "They were made for another address of Latchkey. Use a recovery code, or ask an Admin to reset your second factor."}
		if off := h.signIns.PasskeysOff(); off != "" {
			m.Notice.Text = off + " Use a recovery code, or ask an Admin to reset your second factor."
		}
	}
	return h.site.HTML(c, status, page.ConfirmPage(m))
}

// confirmPage returns the step for a member who has these factors.
func confirmPage(next string, has signin.Choices, recovery bool, problem string) page.Confirm {
	m := page.Confirm{Page: layout.Page{Title: "Confirm it's you"}, Action: confirmPath, Next: next}
	first := kit.WithQuery(confirmPath, "next", next)
	switch recovery = recovery || !has.Code && !has.Passkey; {
	case recovery:
		m.Page.Intro = "Enter one of your recovery codes. Each works once."
		m.Field = &component.FieldModel{ID: fieldRecoveryCode, Name: fieldRecoveryCode, Label: "Recovery code", Autocomplete: "off",
			Required: true, MaxLength: 40, Attrs: map[string]any{"autocapitalize": "none", "spellcheck": "false"}}
	case has.Code:
		m.Page.Intro = "Enter the code that your authenticator app shows."
		m.Field = &component.FieldModel{ID: fieldCode, Name: fieldCode, Label: "Code", Autocomplete: "one-time-code",
			Required: true, MaxLength: 12, Attrs: map[string]any{"inputmode": "numeric"}}
	default:
		m.Page.Intro = "Use your passkey as the second step."
	}
	if recovery && has.Code {
		m.Other = append(m.Other, component.Link{Label: "Use an authenticator app", Href: first})
	}
	if recovery && has.Passkey && !has.Code {
		m.Other = append(m.Other, component.Link{Label: "Use a passkey", Href: first})
	}
	if !recovery {
		m.Other = append(m.Other, component.Link{Label: "Use a recovery code",
			Href: kit.WithQuery(confirmPath, "with", withRecovery, "next", next)})
	}
	if has.Passkey && !recovery {
		button := component.ButtonModel{Label: "Use a passkey"}
		if has.Code {
			button.Variant = component.Outline
		}
		m.Passkey = kit.PasskeyForm("get", confirmPath, button, component.HiddenField{Name: "next", Value: next})
		m.Passkey.Without = "Turn it on, or use a recovery code."
	}
	if problem != "" {
		m.Errors.Errors = []component.FieldError{{Text: problem}}
	}
	if m.Field != nil {
		m.Field.Autofocus = problem == ""
		if problem != "" {
			m.Field.Error, m.Errors.Errors[0].FieldID = problem, m.Field.ID
		}
	}
	return m
}
