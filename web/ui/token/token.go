package token

import (
	"net/http"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/token"
	page "latchkey/views/page/token"
	"latchkey/web/ui/kit"
	policyui "latchkey/web/ui/policy"
)

// token shows the page of one token of any kind, to its owner and to Admins.
func (h *Handlers) token(c echo.Context) error {
	v := kit.VisitOf(c)
	t, err := h.tokens.Get(c.Request().Context(), v.Standing, c.Param("id"))
	if err != nil {
		return err
	}
	return h.showToken(c, v, http.StatusOK, t, nil)
}

// showToken shows the page of t, with a dialog above it if there is one.
func (h *Handlers) showToken(c echo.Context, v kit.Visit, status int, t token.Token, above templ.Component) error {
	m := tokenView(v, t, h.tokens.MayRotate(v.Standing, t))
	about, err := h.warnings.About(c.Request().Context(), t)
	if err != nil {
		return err
	}
	broken, err := h.broken(c, v, t)
	if err != nil {
		return err
	}
	addRules(&m, broken)
	addWarnings(&m, t, about, v.Now)
	if m.Grants, err = h.grants(c, v, t); err != nil {
		return err
	}
	if m.Addresses, err = h.addresses(c, v, t); err != nil {
		return err
	}
	days, err := h.tokens.Usage(c.Request().Context(), v.Standing, t.ID)
	if err != nil {
		return err
	}
	m.Usage = UsageView(days)
	if m.Secrets, err = h.secrets(c, v, t); err != nil {
		return err
	}
	m.Shell = h.site.Shell(c, v, t.Name)
	m.Shell.Above = above
	if m.Trail, err = h.log.Trail(c, v, t.ID); err != nil {
		return err
	}
	if m.Trail != nil {
		m.Trail.Card.Title = "Activity"
	}
	return h.site.HTML(c, status, page.TokenPage(m))
}

// broken returns the rules that a token breaks.
func (h *Handlers) broken(c echo.Context, v kit.Visit, t token.Token) ([]token.Breach, error) {
	rules, err := h.rules.For(c.Request().Context(), t.Organization, t.Owner)
	if err != nil || token.ExpiredAt(t.ExpiresAt, v.Now) {
		return nil, err
	}
	return rules.Breaches(t, rules.Maker, v.Now), nil
}

// grants returns what a token may do now.
func (h *Handlers) grants(c echo.Context, v kit.Visit, t token.Token) (page.Grants, error) {
	switch t.Kind {
	case token.Organization:
		return grantsView(purposeOf(t.Kind), nil), nil
	case token.Workspace:
		e, err := h.policyEditor(c, v, t.Workspace)
		if err != nil {
			return page.Grants{}, err
		}
		m := e.View(t.Policy)
		return grantsView("Its access policy was set when it was generated and cannot be edited. "+
			"If it is refused something, duplicate it, choose what it lacks, and delete this one.", &m), nil
	case token.Personal:
	}
	return h.personalGrants(c, v, t)
}

// personalGrants returns what a personal token may do: what its owner may do now, within its scope.
func (h *Handlers) personalGrants(c echo.Context, v kit.Visit, t token.Token) (page.Grants, error) {
	owner, err := h.policies.EffectiveOf(c.Request().Context(), v.Standing, t.Owner)
	if err != nil {
		return page.Grants{}, err
	}
	if !owner.Principal.IsIn(t.Workspace) {
		return grantsView("Nothing: its owner is not in the workspace.", nil), nil
	}
	resources, err := h.policies.Resources(c.Request().Context(), v.Standing, t.Workspace)
	if err != nil {
		return page.Grants{}, err
	}
	m := policyui.NewEditor(h.site.Catalogue(), v.Organization.Plan, resources).
		View(access.EffectivePolicy(h.site.Catalogue(), owner.PersonalToken(t.ID, t.Workspace, t.Scope), t.Workspace))
	return grantsView("What its owner may do now, limited by its scope.", &m), nil
}
