package rule

import (
	"errors"
	"net/http"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	"latchkey/internal/token"
	"latchkey/views/component"
	page "latchkey/views/page/rule"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

// show shows the tab.
func (h *Handlers) show(c echo.Context) error { return h.showRules(c, http.StatusOK, nil) }

// showRules shows the rules as they are stored, with a dialog or a notice above them if there is one.
func (h *Handlers) showRules(c echo.Context, status int, above templ.Component) error {
	r, err := h.rules.Ruling(c.Request().Context(), kit.VisitOf(c).Standing)
	if err != nil {
		return err
	}
	names, err := h.rules.GroupNames(c.Request().Context(), kit.VisitOf(c).Standing, r.Rules)
	if err != nil {
		return err
	}
	return h.showForm(c, status, formOf(r, names), nil, above)
}

// showForm shows the tab with the form as it was filled in.
func (h *Handlers) showForm(c echo.Context, status int, f form, wrong kit.FieldErrors, above templ.Component) error {
	v := kit.VisitOf(c)
	r, err := h.rules.Ruling(c.Request().Context(), v.Standing)
	if err != nil {
		return err
	}
	broken, err := h.rules.Breaking(c.Request().Context(), v.Standing, r.Rules)
	if err != nil {
		return err
	}
	all, err := h.tokens.AllowedAddresses(c.Request().Context(), v.Standing)
	if err != nil {
		return err
	}
	m := page.Rules{Frame: h.site.Frame(c, v, kit.RuleTitle), Notices: notices(r, broken), Action: kit.RulePath,
		Errors: kit.FormErrors(wrong, fieldOrder()...), Hidden: []component.HiddenField{f.hidden(fieldRevision)},
		Sections: f.sections(wrong), Submit: component.ButtonModel{Label: "Save"}, Addresses: addressesView(v, all)}
	m.Frame.Shell.Above = above
	return h.site.HTML(c, status, page.RulesPage(m))
}

// save changes the rules, or asks first what happens to the tokens that break them.
func (h *Handlers) save(c echo.Context) error {
	v := kit.VisitOf(c)
	values, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	f := form{values}
	in, wrong, err := h.change(c, v, f)
	if err != nil {
		return err
	}
	if len(wrong) == 1 && wrong[token.FieldDays] != "" { // it is in the question, not in the form
		wrong[token.FieldDays] = "Enter a whole number from 1 to 365."
		return h.ask(c, respond.Status(fault.Invalid), f, in.Rules, in.Told, wrong)
	}
	if len(wrong) > 0 {
		return h.showForm(c, respond.Status(fault.Invalid), f, wrong, nil)
	}
	done, err := h.rules.Save(c.Request().Context(), v.By, in)
	if undecided := (*token.Undecided)(nil); errors.As(err, &undecided) {
		return h.ask(c, http.StatusOK, f, in.Rules, undecided.Breaking, nil)
	}
	if text, status, other := kit.Refusal(err); text != "" && other == nil && status == http.StatusConflict {
		return h.showRules(c, status, component.Notice(component.NoticeModel{Kind: "warning", Live: true, Title: "Not saved", Text: text}))
	}
	if wrong, err = kit.Invalid(err); err != nil {
		return err
	}
	switch {
	case wrong[token.FieldAnswer]+wrong[token.FieldDays] != "":
		return h.ask(c, respond.Status(fault.Invalid), f, in.Rules, in.Told, wrong)
	case wrong != nil:
		return h.showForm(c, respond.Status(fault.Invalid), f, wrong, nil)
	}
	return h.site.Done(c, kit.RulePath, savedText(in.Answer, done))
}

// ask shows the dialog that asks what happens to the tokens that break new rules.
func (h *Handlers) ask(c echo.Context, status int, f form, r token.Rules, broken int, wrong kit.FieldErrors) error {
	return h.site.Dialog(c, status, component.FormDialog(askDialog(f, r, broken, wrong)),
		func(c echo.Context, status int, above templ.Component) error {
			return h.showForm(c, status, f, nil, above)
		})
}
