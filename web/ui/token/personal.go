package token

import (
	"errors"
	"net/http"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/internal/token"
	"latchkey/views/component"
	page "latchkey/views/page/token"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

// personal serves the dialogs of the visitor's own tokens, below the address base. The page around them
// is at the address list, and behind renders it.
type personal struct {
	*Handlers
	base, list string
	behind     kit.Behind
}

// PersonalPages returns the rows of the dialogs of personal tokens, below the address base and above the
// page at the address list, which behind renders.
func (h *Handlers) PersonalPages(base, list string, behind kit.Behind) []kit.Page {
	p := personal{h, base, list, behind}
	return []kit.Page{
		kit.Get(base+"/new", kit.Member, "", p.newToken),
		kit.Post(base, kit.Member, "", p.generate),
		kit.Get(base+"/:id/delete", kit.Member, "", p.confirmDelete),
		kit.Post(base+"/:id/delete", kit.Member, "", p.delete),
	}
}

// ownTokens shows the page "Personal Access Tokens".
func (h *Handlers) ownTokens(c echo.Context) error { return h.showOwnTokens(c, http.StatusOK, nil) }

func (h *Handlers) showOwnTokens(c echo.Context, status int, above templ.Component) error {
	v := kit.VisitOf(c)
	section, err := h.PersonalSection(c, v, kit.PersonalTokenListPath, kit.PersonalTokenListPath)
	if err != nil {
		return err
	}
	m := page.PersonalList{
		Header: component.PageHeaderModel{Title: kit.PersonalTokenTitle, Help: kit.HelpTopic(kit.HelpTokens)},
		Tokens: section, Shell: h.site.Shell(c, v, kit.PersonalTokenTitle),
	}
	m.Shell.Above = above
	return h.site.HTML(c, status, page.PersonalPage(m))
}

// PersonalSection returns the section of the visitor's own tokens, for the page at the address list with
// dialogs below base.
func (h *Handlers) PersonalSection(c echo.Context, v kit.Visit, base, list string) (page.Personal, error) {
	q := ReadListQuery(list, c.QueryParams())
	tokens, err := h.tokens.Personal(c.Request().Context(), v.Standing, q.Listing(v.Now))
	if err != nil {
		return page.Personal{}, err
	}
	l, err := h.limits(c, v, token.Personal)
	if err != nil {
		return page.Personal{}, err
	}
	return Section(v, tokens, q, base, h.site.May(v, access.ManageServiceTokens), l.Applied), nil
}

// newToken shows the dialog "New Personal Access Token". Like generating, it is denied on a plan
// without tokens. Where the rules let the visitor generate none, the page says so instead.
func (p personal) newToken(c echo.Context) error {
	v := kit.VisitOf(c)
	if !v.Organization.Plan.Has(access.FeatureTokens) {
		return fault.NewDenied(access.UpgradeText)
	}
	l, err := p.limits(c, v, token.Personal)
	if err != nil {
		return err
	}
	if ruleRefusal(v, l.Applied) != nil {
		return p.behind(c, http.StatusForbidden, nil)
	}
	filled, err := p.prefill(c, v, l, newPersonalForm(v, l))
	if err != nil {
		return err
	}
	return p.form(c, v, http.StatusOK, filled, l, nil)
}

// form shows the page with the dialog that makes a token.
func (p personal) form(c echo.Context, v kit.Visit, status int, f prefilled, l limits, errors kit.FieldErrors) error {
	if len(v.Workspaces) == 0 {
		return p.behind(c, status, nil) // the page says why there is no form
	}
	resources, err := p.ownResources(c, v)
	if err != nil {
		return err
	}
	dialog := personalDialog(v, f.form, errors, l, mayBlocks(p.site.Catalogue(), v, l.Scopes(), resources))
	dialog.Action, dialog.Dialog.CloseHref, dialog.Notice = p.base, p.list, f.notice()
	return p.site.Dialog(c, status, page.FormDialog(*dialog), p.behind)
}

// maxPreviewed is the number of workspaces up to which the dialog counts and names resources. With
// more workspaces, it describes the permissions without them.
const maxPreviewed = 8

// ownResources loads the resources of the visitor's workspaces. It returns nil if there are too many workspaces.
func (p personal) ownResources(c echo.Context, v kit.Visit) (map[string][]policy.Resource, error) {
	if len(v.Workspaces) > maxPreviewed {
		return nil, nil
	}
	ids := make([]string, len(v.Workspaces))
	for i, w := range v.Workspaces {
		ids[i] = w.ID
	}
	return p.policies.ResourcesIn(c.Request().Context(), v.Standing, ids)
}

// generate makes the token and shows its secret. No other response contains it.
func (p personal) generate(c echo.Context) error {
	v := kit.VisitOf(c)
	form, err := kit.ReadForm(c)
	if err != nil {
		return err
	}
	f := parseForm(form)
	made, err := p.make(c, v, f)
	if err != nil {
		return p.refused(c, v, f, err)
	}
	return p.site.Reveal(c, kit.PersonalTokenTitle, component.RevealDialog(*revealDialog(made, p.site.BaseURL(), p.list, v.Now)))
}

// make makes the token that the form asks for.
func (p personal) make(c echo.Context, v kit.Visit, f tokenForm) (token.Generated, error) {
	if err := kit.CheckSubmission(f.submission); err != nil {
		return token.Generated{}, err
	}
	return p.tokens.GeneratePersonal(c.Request().Context(), v.By, token.NewPersonal{Name: f.name, Description: f.description,
		Workspace: f.workspace, Scope: access.Scope(f.scope), ExpiresAt: f.expiresAt(v.Now), Addresses: f.addresses,
		IdempotencyKey: f.submission})
}

// refused shows the form again with its mistakes, or a notice that it was already sent. It returns
// other errors, for the error page.
func (p personal) refused(c echo.Context, v kit.Visit, f tokenForm, err error) error {
	if errors.Is(err, fault.ErrRepeated) {
		notice := submittedNotice(p.list, p.base+"/new")
		return p.behind(c, http.StatusConflict, component.Notice(*notice))
	}
	fields, err := f.invalid(err, v.Now)
	if err != nil {
		return err
	}
	l, err := p.limits(c, v, token.Personal)
	if err != nil {
		return err
	}
	return p.form(c, v, respond.Status(fault.Invalid), prefilled{form: f.again()}, l, fields)
}

// confirmDelete shows the dialog that asks before one of the visitor's own tokens is deleted.
func (p personal) confirmDelete(c echo.Context) error {
	v := kit.VisitOf(c)
	t, err := p.ownToken(c, v)
	if err != nil {
		return err
	}
	dialog := DeleteDialog(t, p.base, p.list, v.Now)
	return p.site.Dialog(c, http.StatusOK, component.AlertDialog(*dialog), p.behind)
}

// delete deletes one of the visitor's own tokens.
func (p personal) delete(c echo.Context) error {
	v := kit.VisitOf(c)
	t, err := p.ownToken(c, v)
	if err != nil {
		return err
	}
	return p.DeleteToken(c, v, t, p.list)
}

// ownToken loads the personal token that the path names. It returns NotFound if the token belongs
// to somebody else, even to Admins: this page is about the visitor's own tokens.
func (p personal) ownToken(c echo.Context, v kit.Visit) (token.Token, error) {
	t, err := p.tokens.Get(c.Request().Context(), v.Standing, c.Param("id"))
	if err != nil {
		return token.Token{}, err
	}
	if t.Kind != token.Personal || t.Owner != v.Member.ID {
		return token.Token{}, fault.NewNotFound("That token")
	}
	return t, nil
}
