package ui

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/token"
	tokenpage "latchkey/views/page/token"
	"latchkey/web/respond"
)

const satTitle = "Service Access Tokens"

// satList is the address of the list of one kind.
func satList(k token.Kind) string { return satPages + "/" + string(k) }

// ServiceTokens leads to the first sub-tab.
func (h *Handlers) ServiceTokens(c echo.Context) error {
	return respond.SeeOther(c, satList(token.Organization))
}

// OrganizationTokens lists the organization's service access tokens.
func (h *Handlers) OrganizationTokens(c echo.Context) error {
	return h.showServiceTokens(c, http.StatusOK, token.Organization, tokenpage.Dialogs{})
}

// WorkspaceTokens lists the workspaces' service access tokens.
func (h *Handlers) WorkspaceTokens(c echo.Context) error {
	return h.showServiceTokens(c, http.StatusOK, token.Workspace, tokenpage.Dialogs{})
}

// NewOrganizationToken shows the dialog that makes one. Denied on a plan without tokens.
func (h *Handlers) NewOrganizationToken(c echo.Context) error {
	v := visitOf(c)
	if !v.Organization.Plan.Has(access.FeatureTokens) {
		return fault.NewDenied(access.UpgradeText)
	}
	dialogs := tokenpage.Dialogs{New: organizationTokenDialog(newTokenForm(), nil, v.now)}
	return h.showServiceTokens(c, http.StatusOK, token.Organization, dialogs)
}

// GenerateOrganizationToken makes the token and shows its secret, in this response only.
func (h *Handlers) GenerateOrganizationToken(c echo.Context) error {
	v := visitOf(c)
	form, err := readForm(c)
	if err != nil {
		return err
	}
	f := parseTokenForm(form)
	made, err := h.d.Tokens.GenerateOrganization(c.Request().Context(), v.caller,
		token.NewOrganization{Name: f.name, Expiration: f.expiration, Date: f.date, Submission: f.submission})
	if fault.Is(err, fault.Conflict) {
		return h.submittedServiceToken(c, token.Organization, fault.Of(err).Message)
	}
	fields, err := invalid(err)
	if err != nil {
		return err
	}
	if fields != nil {
		dialogs := tokenpage.Dialogs{New: organizationTokenDialog(f.again(), fields, v.now)}
		return h.showServiceTokens(c, respond.Status(fault.Invalid), token.Organization, dialogs)
	}
	dialogs := tokenpage.Dialogs{Reveal: revealDialog(made, h.baseURL(c), satList(token.Organization))}
	return h.showServiceTokens(c, http.StatusOK, token.Organization, dialogs)
}

// submittedServiceToken answers a form that was sent before.
func (h *Handlers) submittedServiceToken(c echo.Context, k token.Kind, message string) error {
	dialogs := tokenpage.Dialogs{Notice: submittedNotice(message, satList(k), satList(k)+"/new")}
	return h.showServiceTokens(c, http.StatusConflict, k, dialogs)
}

// showServiceTokens shows the list of one kind with whatever dialog is open.
func (h *Handlers) showServiceTokens(c echo.Context, status int, k token.Kind, dialogs tokenpage.Dialogs) error {
	v := visitOf(c)
	tokens, err := h.d.Tokens.Services(c.Request().Context(), v.caller, k)
	if err != nil {
		return err
	}
	m := serviceTokensView(v, tokens, k, readListQuery(satList(k), c.QueryParams()))
	m.Frame = h.accessFrame(c, v, satTitle)
	m.Dialogs = dialogs
	return h.render.HTML(c, status, tokenpage.ServicesPage(m))
}

// ServiceToken shows one service access token and, for a workspace's, its policy.
func (h *Handlers) ServiceToken(c echo.Context) error {
	v := visitOf(c)
	t, err := h.serviceToken(c, v)
	if err != nil {
		return err
	}
	m := serviceTokenView(t, v.now)
	if t.Kind == token.Workspace {
		e, err := h.tokenPolicyEditor(c, v, t.Workspace)
		if err != nil {
			return err
		}
		policy := e.view(t.Policy)
		m.Policy = &policy
	}
	m.Shell = h.shell(c, v, satTitle)
	if m.Trail, err = h.auditTrail(c, v, t.ID); err != nil {
		return err
	}
	return h.render.HTML(c, http.StatusOK, tokenpage.ServicePage(m))
}

// ConfirmDeleteServiceToken asks before a service access token goes.
func (h *Handlers) ConfirmDeleteServiceToken(c echo.Context) error {
	v := visitOf(c)
	t, err := h.serviceToken(c, v)
	if err != nil {
		return err
	}
	dialogs := tokenpage.Dialogs{Delete: deleteDialog(t, satPages, satList(t.Kind), v.now)}
	return h.showServiceTokens(c, http.StatusOK, t.Kind, dialogs)
}

// DeleteServiceToken ends a service access token for good.
func (h *Handlers) DeleteServiceToken(c echo.Context) error {
	v := visitOf(c)
	t, err := h.serviceToken(c, v)
	if err != nil {
		return err
	}
	return h.deleteToken(c, v, t, satList(t.Kind))
}

// serviceToken loads the service token that the path names; NotFound when it is none.
func (h *Handlers) serviceToken(c echo.Context, v visit) (token.Token, error) {
	t, err := h.d.Tokens.Get(c.Request().Context(), v.caller, c.Param("id"))
	if err != nil {
		return token.Token{}, err
	}
	if t.Kind == token.Personal {
		return token.Token{}, fault.NewNotFound("That token")
	}
	return t, nil
}

// tokenPolicyEditor loads what policies of tokens in a workspace are about; the baseline
// is what every such token inherits.
func (h *Handlers) tokenPolicyEditor(c echo.Context, v visit, workspace string) (policyEditor, error) {
	resources, err := h.d.Accounts.Resources(c.Request().Context(), v.caller, workspace)
	if err != nil {
		return policyEditor{}, err
	}
	baseline, err := h.d.Accounts.Baseline(c.Request().Context(), v.caller, workspace)
	if err != nil {
		return policyEditor{}, err
	}
	return newPolicyEditor(h.d.Catalogue, v.Organization.Plan, resources, baseline.Layer()), nil
}

// satPage is the address of one token.
func satPage(id string) string { return satPages + "/" + url.PathEscape(id) }
