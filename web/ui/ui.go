// Package ui is the HTML front door. It assembles the areas of the dashboard, each a package of its own,
// and renders faults as pages.
//
// An area parses forms, calls the use cases and presents what they return: its *_view.go files turn
// domain values into display-ready models. Its handlers neither authenticate nor authorize. The gate of a
// page's row loads the visitor, and the services decide. Handlers return errors, and [Dashboard.Problem]
// renders them.
//
// An area may import package kit and the areas below it: policy is the lowest, then audit and token, then
// people, profile and home. No area imports this package.
package ui

import (
	"net/netip"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/apiclient"
	"latchkey/internal/audit"
	"latchkey/internal/identity"
	"latchkey/internal/invitation"
	"latchkey/internal/migration"
	"latchkey/internal/notify"
	"latchkey/internal/policy"
	"latchkey/internal/provision"
	"latchkey/internal/random"
	"latchkey/internal/registry"
	"latchkey/internal/signin"
	"latchkey/internal/token"
	"latchkey/internal/warning"
	"latchkey/web/openapi"
	"latchkey/web/request"
	apiclientui "latchkey/web/ui/apiclient"
	auditui "latchkey/web/ui/audit"
	confirmui "latchkey/web/ui/confirm"
	homeui "latchkey/web/ui/home"
	"latchkey/web/ui/kit"
	migrationui "latchkey/web/ui/migration"
	notifyui "latchkey/web/ui/notify"
	peopleui "latchkey/web/ui/people"
	policyui "latchkey/web/ui/policy"
	profileui "latchkey/web/ui/profile"
	provisionui "latchkey/web/ui/provision"
	resourceui "latchkey/web/ui/resource"
	ruleui "latchkey/web/ui/rule"
	searchui "latchkey/web/ui/search"
	securityui "latchkey/web/ui/security"
	signinui "latchkey/web/ui/signin"
	ssoui "latchkey/web/ui/sso"
	tokenui "latchkey/web/ui/token"
	workspaceui "latchkey/web/ui/workspace"
)

// Deps are the services and settings of the dashboard.
type Deps struct {
	Accounts    account.Services
	Policies    *policy.Service
	Presets     *policy.Presets
	Invitations *invitation.Service
	Tokens      *token.Service
	Inventory   *token.Inventory
	Rules       *token.RuleBook
	SignIn      *signin.Service
	Clients     *apiclient.Service
	Notify      *notify.Service
	Identity    *identity.Service
	Warnings    *warning.Service
	Registry    *registry.Service
	Document    *openapi.Document // of the API, for the page that shows it
	Provision   *provision.Service
	Migration   *migration.Service
	Audit       *audit.Service
	Hasher      signin.Hasher // for passwords that are set outside package signin
	Catalogue   *access.Catalogue
	Now         func() time.Time
	SetupCode   string          // secret of the set-up link; never empty
	Public      *request.Public // where browsers and clients reach the server
	// Strangers returns who sent X-Forwarded-For lately without being a trusted proxy.
	Strangers func() []netip.Addr
	// Damage returns how much this node's latest check of the database found.
	Damage func() int
	Demo   *Demo // accounts to offer on the sign-in page; nil outside the demonstration
}

type (
	// Demo is what the sign-in page offers in the demonstration.
	Demo = signinui.Demo
	// DemoAccount is one account of the demonstration.
	DemoAccount = signinui.DemoAccount
)

// SetupLink returns the one-time link of an installation that is not set up yet.
func SetupLink(base, code string) string { return signinui.SetupLink(base, code) }

// RecoveryLinker returns the function that makes links with which a member sets a new password.
func RecoveryLinker(base string) random.Linker { return kit.Linker(base + kit.RecoverPath) }

// TokenLink returns the address of the page of a token.
func TokenLink(base, id string) string { return base + kit.TokenPage(id) }

// Dashboard is the HTML front door, area by area.
type Dashboard struct {
	SignIn    *signinui.Handlers
	Home      *homeui.Handlers
	Resource  *resourceui.Handlers
	Profile   *profileui.Handlers
	Token     *tokenui.Handlers
	Rule      *ruleui.Handlers
	Provision *provisionui.Handlers
	People    *peopleui.Handlers
	Policy    *policyui.Handlers
	Workspace *workspaceui.Handlers
	APIClient *apiclientui.Handlers
	Notify    *notifyui.Handlers
	Migration *migrationui.Handlers
	Audit     *auditui.Handlers
	Search    *searchui.Handlers
	Security  *securityui.Handlers
	SSO       *ssoui.Handlers
	Confirm   *confirmui.Handlers

	site *kit.Site
}

// New returns the dashboard with all its areas.
func New(d Deps) *Dashboard {
	site := kit.New(kit.Deps{Organizations: d.Accounts.Organizations, Policies: d.Policies, SignIn: d.SignIn,
		Catalogue: d.Catalogue, Now: d.Now, Public: d.Public,
		Sessions: kit.NewSessions(d.SignIn, kit.SessionOptions{Secure: d.Public.Secure(), Path: d.Public.Path()})})
	editor := policyui.New(site, d.Policies, d.Presets, d.Accounts.Members, d.Tokens)
	log := auditui.New(site, d.Policies, d.Audit)
	tokens := tokenui.New(site, d.Policies, d.Tokens, d.Inventory, d.Rules, editor, log, d.Warnings)
	return &Dashboard{
		site:   site,
		Policy: editor, Audit: log, Token: tokens,
		People: peopleui.New(site, peopleui.Deps{Members: d.Accounts.Members, Groups: d.Accounts.Groups, Policies: d.Policies,
			Invitations: d.Invitations, Tokens: d.Tokens, Hasher: d.Hasher, SignIn: d.SignIn, Editor: editor, TokenPages: tokens, Log: log}),
		Profile:   profileui.New(site, d.Accounts.Members, d.Policies, d.SignIn, tokens),
		Home:      homeui.New(site, d.Accounts.Organizations, d.Tokens, d.Invitations, d.Warnings, log, d.Strangers, d.Damage),
		Resource:  resourceui.New(site, d.Registry, d.Document, log),
		Migration: migrationui.New(site, d.Migration, editor),
		Provision: provisionui.New(site, d.Provision),
		Search:    searchui.New(site, d.Accounts.Search),
		Security:  securityui.New(site, d.SignIn),
		APIClient: apiclientui.New(site, d.Clients),
		Notify:    notifyui.New(site, d.Notify, d.Warnings, d.Now),
		SSO:       ssoui.New(site, d.Identity),
		Rule:      ruleui.New(site, d.Rules, d.Tokens, d.Accounts.Groups),
		Confirm:   confirmui.New(site, d.SignIn, d.Identity),
		Workspace: workspaceui.New(site, d.Accounts.Workspaces),
		SignIn:    signinui.New(site, d.Accounts.Organizations, d.Hasher, d.SignIn, d.Identity, d.SetupCode, d.Demo),
	}
}

// Guard returns the gate of a page as middleware around its handler.
func (d *Dashboard) Guard(p kit.Page) echo.MiddlewareFunc { return d.site.Guard(p) }
