package security

import (
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/internal/actor"
	"latchkey/internal/signin"
	"latchkey/internal/zone"
	"latchkey/views/component"
	page "latchkey/views/page/security"
	"latchkey/web/ui/kit"
)

const (
	requirePath = kit.SignInSettingsPath + "/second-factor"
	fieldWho    = "who"
	fieldDate   = "date"
	formNobody  = "nobody"
	dayLayout   = "2006-01-02"
)

// saveRequire saves who needs a second factor.
func (h *Handlers) saveRequire(c echo.Context) error {
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	v := kit.VisitOf(c)
	rule := signin.FactorRule{Who: signin.Covered(form.Get(fieldWho))}
	if rule.Who == formNobody {
		rule.Who = signin.Nobody
	}
	if text := form.Get(fieldDate); text != "" && rule.Who != signin.Nobody {
		if rule.From, err = zone.ParseDay(text, v.Now.Location()); err != nil {
			return h.showSettings(c, form, kit.FieldErrors{fieldDate: "Enter a date, such as " + v.Now.Format(dayLayout) + "."})
		}
	}
	fields, err := kit.Invalid(h.signIn.RequireFactor(c.Request().Context(), v.By, rule))
	if err != nil {
		return err
	}
	if fields != nil {
		return h.showSettings(c, form, fields)
	}
	return h.site.Done(c, kit.SignInSettingsPath, "The rule for second factors was saved.")
}

// requireForm returns the section that says who needs a second factor. form is what was refused, or nil.
func requireForm(v kit.Visit, rule signin.FactorRule, form url.Values, errs kit.FieldErrors) page.Form {
	if form == nil {
		form = url.Values{fieldWho: {string(rule.Who)}}
		if rule.Who == signin.Nobody {
			form.Set(fieldWho, formNobody)
		}
		if !rule.From.IsZero() {
			form.Set(fieldDate, rule.From.In(v.Now.Location()).Format(dayLayout))
		}
	}
	who := kit.SelectField(fieldWho, "Who needs one", form, errs, component.SelectOption{Value: formNobody, Label: "Nobody"},
		component.SelectOption{Value: string(signin.Admins), Label: "Admins"},
		component.SelectOption{Value: string(signin.Everyone), Label: "Everyone"})
	from := kit.TextField(fieldDate, "From", "The beginning of a day in your time zone, "+kit.Zone(v.Now)+", such as "+
		v.Now.Add(14*24*time.Hour).Format(dayLayout)+". Leave it empty to begin now.", form, errs)
	from.Optional = true
	m := page.Form{Card: component.CardModel{ID: "second-factor", Title: "Require a second factor",
		Description: "From that day on, members without one can only add one and sign out. Until then, a notice on every page says so. " +
			"Signing in with an identity provider counts as a second factor: the provider is responsible for it. " +
			"Access tokens are not affected."},
		Action: requirePath, Errors: kit.FormErrors(errs, fieldWho, fieldDate),
		Fields: []component.FormField{kit.SelectItem(who), kit.TextItem(from)}, Submit: component.ButtonModel{Label: "Save rule"}}
	if v.Standing.Proof.How == actor.ByPassword {
		m.Notice = &component.NoticeModel{Kind: "info", Title: "Your own account has no second factor",
			Text:  "Add one before you require it of yourself.",
			Links: []component.Link{{Label: "Add a second factor", Href: kit.SecurityPath}}}
	}
	return m
}
