package ui

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/fault"
	"latchkey/internal/token"
	profilepage "latchkey/views/page/profile"
	"latchkey/web/respond"
)

const (
	profilePath = "/settings/profile"
	patPath     = "/settings/profile/personal-access-tokens"
	patTitle    = "Personal Access Tokens"
)

// Profile shows the visitor's own page.
func (h *Handlers) Profile(c echo.Context) error {
	v := visitOf(c)
	m, err := h.profile(c, v, "Your Profile")
	if err != nil {
		return err
	}
	return h.render.HTML(c, http.StatusOK, profilepage.ProfilePage(m))
}

// NewPersonalToken shows the dialog "New Personal Access Token". Denied on a plan without
// tokens, as generating is.
func (h *Handlers) NewPersonalToken(c echo.Context) error {
	v := visitOf(c)
	if !v.Organization.Plan.Has(access.FeatureTokens) {
		return fault.NewDenied(access.UpgradeText)
	}
	return h.personalTokenForm(c, v, http.StatusOK, newPersonalForm(v), nil)
}

// GeneratePersonalToken makes the token and shows its secret, in this response only.
func (h *Handlers) GeneratePersonalToken(c echo.Context) error {
	v := visitOf(c)
	form, err := readForm(c)
	if err != nil {
		return err
	}
	f := parseTokenForm(form)
	made, err := h.d.Tokens.GeneratePersonal(c.Request().Context(), v.caller, token.NewPersonal{Name: f.name, Workspace: f.workspace,
		Scope: f.scope, Expiration: f.expiration, Date: f.date, Submission: f.submission})
	if err != nil {
		return h.refusedPersonalToken(c, v, f, err)
	}
	m, err := h.profile(c, v, patTitle)
	if err != nil {
		return err
	}
	m.Dialogs.Reveal = revealDialog(made, h.baseURL(c), profilePath)
	return h.render.HTML(c, http.StatusOK, profilepage.ProfilePage(m))
}

// refusedPersonalToken shows the form again with what is wrong in it, or that it was sent
// before. Other errors are for the error page.
func (h *Handlers) refusedPersonalToken(c echo.Context, v visit, f tokenForm, err error) error {
	if fault.Is(err, fault.Conflict) {
		m, loadErr := h.profile(c, v, patTitle)
		if loadErr != nil {
			return loadErr
		}
		m.Dialogs.Notice = submittedNotice(fault.Of(err).Message, profilePath, patPath+"/new")
		return h.render.HTML(c, http.StatusConflict, profilepage.ProfilePage(m))
	}
	fields, err := invalid(err)
	if err != nil {
		return err
	}
	return h.personalTokenForm(c, v, respond.Status(fault.Invalid), f.again(), fields)
}

// ConfirmDeletePersonalToken asks before one of the visitor's own tokens goes.
func (h *Handlers) ConfirmDeletePersonalToken(c echo.Context) error {
	v := visitOf(c)
	t, err := h.ownToken(c, v)
	if err != nil {
		return err
	}
	m, err := h.profile(c, v, patTitle)
	if err != nil {
		return err
	}
	m.Dialogs.Delete = deleteDialog(t, patPath, profilePath, v.now)
	return h.render.HTML(c, http.StatusOK, profilepage.ProfilePage(m))
}

// DeletePersonalToken ends one of the visitor's own tokens for good.
func (h *Handlers) DeletePersonalToken(c echo.Context) error {
	v := visitOf(c)
	t, err := h.ownToken(c, v)
	if err != nil {
		return err
	}
	return h.deleteToken(c, v, t, profilePath)
}

// ownToken loads the personal token that the path names; NotFound when it is not the
// visitor's own, also for Admins: this is the page of one's own tokens.
func (h *Handlers) ownToken(c echo.Context, v visit) (token.Token, error) {
	t, err := h.d.Tokens.Get(c.Request().Context(), v.caller, c.Param("id"))
	if err != nil {
		return token.Token{}, err
	}
	if t.Kind != token.Personal || t.Owner != v.Member.ID {
		return token.Token{}, fault.NewNotFound("That token")
	}
	return t, nil
}

// deleteToken deletes t, leaves a notice and leads to the list.
func (h *Handlers) deleteToken(c echo.Context, v visit, t token.Token, list string) error {
	if _, err := h.d.Tokens.Delete(c.Request().Context(), v.caller, t.ID); err != nil {
		return err
	}
	if err := h.d.Sessions.AddNotice(c.Response(), c.Request(), "Token "+t.Name+" was deleted."); err != nil {
		return err
	}
	return respond.SeeOther(c, list)
}

// profile loads and presents the visitor's page without a dialog.
func (h *Handlers) profile(c echo.Context, v visit, title string) (profilepage.Profile, error) {
	tokens, err := h.d.Tokens.Personal(c.Request().Context(), v.caller)
	if err != nil {
		return profilepage.Profile{}, err
	}
	m := profileView(v, tokens, readListQuery(profilePath, c.QueryParams()), h.may(v, access.ManageServiceTokens))
	if m.Sessions, err = h.profileSessions(c, v); err != nil {
		return profilepage.Profile{}, err
	}
	m.Access = accessListView(h.d.Accounts.AccessOf(v.Subject), h.d.Catalogue, profilePath+"/access-policy", "What you may do today, and where it comes from.")
	m.Shell = h.shell(c, v, title)
	return m, nil
}

// personalTokenForm shows the page with the open dialog.
func (h *Handlers) personalTokenForm(c echo.Context, v visit, status int, f tokenForm, errors fieldErrors) error {
	resources, err := h.ownResources(c, v)
	if err != nil {
		return err
	}
	m, err := h.profile(c, v, patTitle)
	if err != nil {
		return err
	}
	if len(v.Workspaces) > 0 {
		m.Dialogs.New = personalTokenDialog(v, f, errors, mayBlocks(h.d.Catalogue, v, resources))
	}
	return h.render.HTML(c, status, profilepage.ProfilePage(m))
}

// maxPreviewed is in how many workspaces the dialog counts and names resources. A member of
// more reads what the token may do without them.
const maxPreviewed = 8

// ownResources loads the resources of the visitor's workspaces; nil when they are too many.
func (h *Handlers) ownResources(c echo.Context, v visit) (map[string][]account.Resource, error) {
	if len(v.Workspaces) > maxPreviewed {
		return nil, nil
	}
	out := map[string][]account.Resource{}
	for _, w := range v.Workspaces {
		list, err := h.d.Accounts.Resources(c.Request().Context(), v.caller, w.ID)
		if err != nil {
			return nil, err
		}
		out[w.ID] = list
	}
	return out, nil
}

// baseURL is how clients reach this server.
func (h *Handlers) baseURL(c echo.Context) string {
	if h.d.BaseURL != "" {
		return h.d.BaseURL
	}
	return c.Scheme() + "://" + c.Request().Host
}
