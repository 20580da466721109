package token

import (
	"errors"
	"net/http"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/token"
	"latchkey/views/component"
	page "latchkey/views/page/token"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
	policyui "latchkey/web/ui/policy"
)

// services redirects to the first sub-tab.
func (h *Handlers) services(c echo.Context) error {
	return respond.SeeOther(c, kit.ServiceTokenList(token.Organization))
}

// organizationTokens lists the organization's service access tokens.
func (h *Handlers) organizationTokens(c echo.Context) error {
	return h.showServiceTokens(c, http.StatusOK, token.Organization, nil)
}

// workspaceTokens lists the workspaces' service access tokens.
func (h *Handlers) workspaceTokens(c echo.Context) error {
	return h.showServiceTokens(c, http.StatusOK, token.Workspace, nil)
}

// newOrganizationToken shows the dialog that makes one. It is denied on a plan without tokens.
func (h *Handlers) newOrganizationToken(c echo.Context) error {
	v := kit.VisitOf(c)
	if !v.Organization.Plan.Has(access.FeatureTokens) {
		return fault.NewDenied(access.UpgradeText)
	}
	l, err := h.limits(c, v, token.Organization)
	if err != nil {
		return err
	}
	filled, err := h.prefill(c, v, l, newForm(l.life()))
	if err != nil {
		return err
	}
	return h.organizationForm(c, http.StatusOK, filled, l, nil)
}

// generateOrganizationToken makes the token and shows its secret. No other response contains it.
func (h *Handlers) generateOrganizationToken(c echo.Context) error {
	v := kit.VisitOf(c)
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	f := parseForm(form)
	made, err := h.makeOrganizationToken(c, v, f)
	if errors.Is(err, fault.ErrRepeated) {
		return h.submittedServiceToken(c, token.Organization)
	}
	fields, err := f.invalid(err, v.Now)
	if err != nil {
		return err
	}
	if fields != nil {
		l, err := h.limits(c, v, token.Organization)
		if err != nil {
			return err
		}
		return h.organizationForm(c, respond.Status(fault.Invalid), prefilled{form: f.again()}, l, fields)
	}
	return h.revealServiceToken(c, made, kit.ServiceTokenList(token.Organization))
}

// organizationForm shows the dialog that makes an organization service access token.
func (h *Handlers) organizationForm(c echo.Context, status int, f prefilled, l limits, errors kit.FieldErrors) error {
	dialog := organizationTokenDialog(kit.VisitOf(c), f.form, errors, l)
	dialog.Notice = f.notice()
	return h.site.Dialog(c, status, page.FormDialog(*dialog), h.behind(token.Organization))
}

// revealServiceToken shows the secret of a new token, which cannot be shown again, and leads on to an address.
func (h *Handlers) revealServiceToken(c echo.Context, made token.Generated, to string) error {
	dialog := revealDialog(made, h.site.BaseURL(), to, kit.VisitOf(c).Now)
	return h.site.Reveal(c, kit.ServiceTokenTitle, component.RevealDialog(*dialog))
}

// makeOrganizationToken makes the token that the form asks for.
func (h *Handlers) makeOrganizationToken(c echo.Context, v kit.Visit, f tokenForm) (token.Generated, error) {
	if err := kit.CheckSubmission(f.submission); err != nil {
		return token.Generated{}, err
	}
	return h.tokens.GenerateOrganization(c.Request().Context(), v.By,
		token.NewOrganization{Name: f.name, Description: f.description, ExpiresAt: f.expiresAt(v.Now), Addresses: f.addresses,
			IdempotencyKey: f.submission})
}

// submittedServiceToken answers a form that was already sent.
func (h *Handlers) submittedServiceToken(c echo.Context, k token.Kind) error {
	notice := submittedNotice(kit.ServiceTokenList(k), kit.ServiceTokenList(k)+"/new")
	return h.showServiceTokens(c, http.StatusConflict, k, component.Notice(*notice))
}

// behind returns the function that shows the list of one kind below a dialog or notice.
func (h *Handlers) behind(k token.Kind) kit.Behind {
	return func(c echo.Context, status int, above templ.Component) error {
		return h.showServiceTokens(c, status, k, above)
	}
}

func (h *Handlers) showServiceTokens(c echo.Context, status int, k token.Kind, above templ.Component) error {
	v, q := kit.VisitOf(c), ReadListQuery(kit.ServiceTokenList(k), c.QueryParams())
	tokens, err := h.tokens.Services(c.Request().Context(), v.Standing, k, q.Listing(v.Now))
	if err != nil {
		return err
	}
	m := serviceTokensView(v, tokens, k, q)
	m.Frame = h.site.Frame(c, v, kit.ServiceTokenTitle)
	m.Frame.Shell.Above = above
	return h.site.HTML(c, status, page.ServicesPage(m))
}

// service shows the page of a service access token at the address that it had before [Handlers.token].
func (h *Handlers) service(c echo.Context) error {
	v := kit.VisitOf(c)
	t, err := h.loadService(c, v)
	if err != nil {
		return err
	}
	return h.showToken(c, v, http.StatusOK, t, nil)
}

// confirmDelete shows the dialog that asks before a service access token is deleted.
func (h *Handlers) confirmDelete(c echo.Context) error {
	v := kit.VisitOf(c)
	t, err := h.loadService(c, v)
	if err != nil {
		return err
	}
	dialog := DeleteDialog(t, kit.ServiceTokenPath, kit.ServiceTokenList(t.Kind), v.Now)
	return h.site.Dialog(c, http.StatusOK, component.AlertDialog(*dialog), h.behind(t.Kind))
}

// delete deletes a service access token.
func (h *Handlers) delete(c echo.Context) error {
	v := kit.VisitOf(c)
	t, err := h.loadService(c, v)
	if err != nil {
		return err
	}
	return h.DeleteToken(c, v, t, kit.ServiceTokenList(t.Kind))
}

// loadService loads the service access token that the path names. It returns NotFound for personal tokens.
func (h *Handlers) loadService(c echo.Context, v kit.Visit) (token.Token, error) {
	t, err := h.tokens.Get(c.Request().Context(), v.Standing, c.Param("id"))
	if err != nil {
		return token.Token{}, err
	}
	if t.Kind == token.Personal {
		return token.Token{}, fault.NewNotFound("That token")
	}
	return t, nil
}

// policyEditor returns the editor for policies of tokens in a workspace. Every such token inherits
// the baseline.
func (h *Handlers) policyEditor(c echo.Context, v kit.Visit, workspace string) (policyui.Editor, error) {
	resources, err := h.policies.Resources(c.Request().Context(), v.Standing, workspace)
	if err != nil {
		return policyui.Editor{}, err
	}
	baseline, err := h.policies.Baseline(c.Request().Context(), v.Standing, workspace)
	if err != nil {
		return policyui.Editor{}, err
	}
	return policyui.NewEditor(h.site.Catalogue(), v.Organization.Plan, resources, baseline.Layer()), nil
}
