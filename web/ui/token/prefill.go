package token

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
	"latchkey/internal/policy"
	"latchkey/internal/token"
	"latchkey/views/component"
	"latchkey/web/ui/kit"
)

// The parameters of an address that fill in a form which makes a token. docs/token-links.md describes them.
const (
	paramDuplicate = "duplicate" // id of a token to begin with; the others replace what is taken from it
	paramReplace   = "replace"   // id of a personal token that a workspace token is to replace
	paramGrant     = "grant"     // a permission on all resources; may be repeated
	paramExpires   = "expires"   // a choice of the field "Expiration", or a date
	paramAddresses = "addresses" // ranges of allowed addresses; may be repeated
)

// maxGrants is how many parameters "grant" are read.
const maxGrants = 100

// prefilled is a form that an address has filled in. It grants nothing: the form is still to be sent.
type prefilled struct {
	form    tokenForm
	policy  access.Policy // for workspace tokens only
	from    string        // the name of the token that was duplicated
	instead string        // the name of the token that is to be replaced
	linked  bool          // whether the address has filled in anything
	left    []string      // what was left out, and why
}

// leave notes that something was left out.
func (p *prefilled) leave(what string) { p.left = append(p.left, what) }

// notice returns the notice above a form that was filled in, or nil.
func (p prefilled) notice() *component.NoticeModel {
	const check = "Check everything before you generate the token. "
	m := &component.NoticeModel{Kind: "info", Title: "A link filled in this form", Text: check}
	switch {
	case p.instead != "":
		m.Title = "Filled in to replace " + p.instead
		m.Text = "It grants what the personal token may do now. Take away what isn't needed, since the policy cannot be edited later. " +
			"The personal token keeps working until its owner is deleted or deactivated, so switch to the new one before. "
	case p.from != "":
		m.Title = "Filled in like " + p.from
	case !p.linked && len(p.left) == 0:
		return nil
	}
	if len(p.left) > 0 {
		m.Kind, m.Text = "warning", m.Text+"Left out: "+strings.Join(p.left, "; ")+"."
	}
	m.Text = strings.TrimSpace(m.Text)
	return m
}

// prefill fills in a form that makes a token, from the address of the request. It leaves out what is unknown, not
// allowed to the visitor, or against the rules.
func (h *Handlers) prefill(c echo.Context, v kit.Visit, l limits, form tokenForm) (prefilled, error) {
	query, kind := c.QueryParams(), l.kind
	p := prefilled{form: form}
	if id := query.Get(paramDuplicate); id != "" {
		if err := h.duplicate(c, v, kind, id, &p); err != nil {
			return p, err
		}
	}
	if id := query.Get(paramReplace); id != "" && kind == token.Workspace {
		if err := h.replacement(c, v, id, &p); err != nil {
			return p, err
		}
	}
	p.texts(query)
	p.place(query, kind, v)
	p.end(query, v.Now)
	p.addresses(query)
	p.grants(query, kind, h.site.Catalogue())
	p.withinPlan(h.site.Catalogue(), v.Organization.Plan)
	p.withinRules(l, v.Now)
	return p, nil
}

// withinRules replaces the expiration and the scope if the rules do not allow them.
func (p *prefilled) withinRules(l limits, now time.Time) {
	if text := l.refusesEnd(p.form, now); text != "" {
		p.form.expiration, p.form.date = inDays(l.life().DefaultDays()), ""
		p.leave("the expiration: " + kit.LowerFirst(strings.TrimSuffix(text, ".")))
	}
	scope := access.Scope(p.form.scope)
	if l.kind == token.Personal && scope.Creatable() && !slices.Contains(l.Scopes(), scope) {
		p.form.scope = string(l.Scopes()[0])
		p.leave("the scope " + scope.Label() + ", which token rules don't allow")
	}
}

// duplicate fills p in from a token of the kind, if there is one that the visitor may see.
func (h *Handlers) duplicate(c echo.Context, v kit.Visit, kind token.Kind, id string, p *prefilled) error {
	t, err := h.tokens.Get(c.Request().Context(), v.Standing, id)
	switch {
	case fault.Is(err, fault.NotFound) || err == nil && t.Kind != kind:
		p.leave("the token to duplicate was not found")
		return nil
	case err != nil:
		return err
	}
	p.like(t, v)
	if kind != token.Workspace || p.form.workspace != t.Workspace {
		return nil
	}
	resources, err := h.policies.Resources(c.Request().Context(), v.Standing, t.Workspace)
	if err != nil {
		return err
	}
	p.policy = t.Policy.Clone()
	p.gone(h.site.Catalogue(), resources)
	return nil
}

// replacement fills p in for a workspace token that may do what a personal token may do now.
func (h *Handlers) replacement(c echo.Context, v kit.Visit, id string, p *prefilled) error {
	ctx := c.Request().Context()
	t, err := h.tokens.Get(ctx, v.Standing, id)
	switch {
	case fault.Is(err, fault.NotFound) || err == nil && t.Kind != token.Personal:
		p.leave("the token to replace was not found")
		return nil
	case err != nil:
		return err
	}
	t.Kind = token.Workspace // which has no scope
	p.like(t, v)
	p.from, p.instead, p.form.name = "", t.Name, t.Name
	if p.form.workspace != t.Workspace {
		return nil
	}
	owner, err := h.policies.EffectiveOf(ctx, v.Standing, t.Owner)
	if err != nil {
		return err
	}
	resources, err := h.policies.Resources(ctx, v.Standing, t.Workspace)
	if err != nil {
		return err
	}
	p.policy = access.EffectivePolicy(h.site.Catalogue(), owner.PersonalToken(t.ID, t.Workspace, t.Scope), t.Workspace)
	p.gone(h.site.Catalogue(), resources)
	return nil
}

// like fills in everything but the policy from t.
func (p *prefilled) like(t token.Token, v kit.Visit) {
	const suffix = " copy"
	p.from = t.Name
	p.form.name = strings.TrimSpace(plaintext.Clip(t.Name, plaintext.MaxName-len(suffix))) + suffix
	p.form.description, p.form.addresses = t.Description, Lines(t.Addresses)
	p.form.expiration, p.form.date = lifetime(t, v.Now)
	if t.Kind == token.Personal {
		if t.Scope.Creatable() {
			p.form.scope = string(t.Scope)
		} else {
			p.leave("the scope " + t.Scope.Label() + " cannot be given to new tokens")
		}
	}
	if t.Kind != token.Organization {
		if w := workspaceOf(v, t.Workspace); w != "" {
			p.form.workspace = w
		} else {
			p.leave("its workspace is not one of yours")
		}
	}
}

// lifetime returns the choice of an expiration with which a new token lasts as long as t did, or ends on
// the same date if no choice does and the date is yet to come.
func lifetime(t token.Token, now time.Time) (choice, date string) {
	if t.ExpiresAt.IsZero() {
		return never, ""
	}
	for _, c := range choices(token.Lifetime{}, t.CreatedAt) {
		if !c.endsAt.IsZero() && c.endsAt.Sub(t.ExpiresAt).Abs() < time.Hour {
			return c.value, ""
		}
	}
	date = t.ExpiresAt.In(now.Location()).Add(-time.Millisecond).Format(time.DateOnly)
	if _, wrong := parseExpiration(onDate, date, now); wrong != nil {
		return defaultExpiration, ""
	}
	return onDate, date
}

// gone says which resources of the policy there are no longer. The editor leaves them out.
func (p *prefilled) gone(c *access.Catalogue, resources []policy.Resource) {
	there := map[string]bool{}
	for _, r := range resources {
		there[r.ID] = true
	}
	for _, permission := range p.policy.Permissions() {
		reach := p.policy[permission]
		if reach.All {
			continue // what it leaves out may be gone
		}
		lost := 0
		for _, id := range reach.IDs {
			if !there[id] {
				lost++
			}
		}
		if lost > 0 {
			p.leave(kit.Count(lost, "resource", "resources") + " of " + c.Describe(permission) + ", no longer in the workspace")
		}
	}
}

// texts fills in the name and the description.
func (p *prefilled) texts(query url.Values) {
	if query.Has(kit.FieldName) {
		name, err := plaintext.Name(plaintext.Clip(plaintext.Clean(query.Get(kit.FieldName)), plaintext.MaxName))
		if err == nil {
			p.form.name, p.linked = name, true
		} else {
			p.leave("the name")
		}
	}
	if query.Has(fieldDescription) {
		text := plaintext.Clip(plaintext.CleanLines(query.Get(fieldDescription)), plaintext.MaxTokenDescription)
		if text, err := plaintext.TokenDescription(text); err == nil {
			p.form.description, p.linked = text, true
		} else {
			p.leave("the description")
		}
	}
}

// place fills in the workspace and the scope.
func (p *prefilled) place(query url.Values, kind token.Kind, v kit.Visit) {
	if named := query.Get(kit.FieldWorkspace); named != "" {
		switch w := workspaceOf(v, named); {
		case kind == token.Organization:
			p.leave("the workspace, because an organization token has none")
		case w == "":
			p.leave("the workspace " + quoted(named) + ", which is not one of yours")
		default:
			if w != p.form.workspace && p.policy != nil { // its resources are those of another workspace
				p.policy = nil
				p.leave("the access policy, which is for another workspace")
			}
			p.form.workspace, p.linked = w, true
		}
	}
	if scope := query.Get(fieldScope); scope != "" {
		switch {
		case kind != token.Personal:
			p.leave("the scope, which only personal access tokens have")
		case !access.Scope(scope).Creatable():
			p.leave("the scope " + quoted(scope) + ", which new tokens cannot have")
		default:
			p.form.scope, p.linked = scope, true
		}
	}
}

// end fills in the expiration.
func (p *prefilled) end(query url.Values, now time.Time) {
	value := query.Get(paramExpires)
	if value == "" {
		return
	}
	if _, fixed := fixedEnd(value, now); fixed {
		p.form.expiration, p.form.date, p.linked = value, "", true
	} else if _, wrong := parseExpiration(onDate, value, now); wrong == nil {
		p.form.expiration, p.form.date, p.linked = onDate, value, true
	} else {
		p.leave("the expiration " + quoted(value) + ", which cannot be chosen")
	}
}

// addresses fills in the allowed addresses. It is all or none: a token must not be allowed more because one range
// of several is misspelled.
func (p *prefilled) addresses(query url.Values) {
	if !query.Has(paramAddresses) {
		return
	}
	r, err := actor.ParseRanges(strings.Join(query[paramAddresses], " "))
	if err != nil {
		p.form.addresses = ""
		p.leave("the allowed addresses, so the token would work from any address: " + kit.LowerFirst(fault.Of(err).Message))
		return
	}
	p.form.addresses, p.linked = Lines(r), true
}

// grants adds permissions on all resources to the policy.
func (p *prefilled) grants(query url.Values, kind token.Kind, c *access.Catalogue) {
	named := query[paramGrant]
	if len(named) > 0 && kind != token.Workspace {
		p.leave("the permissions, which only workspace tokens have")
		return
	}
	for _, name := range named[:min(len(named), maxGrants)] {
		if _, known := c.Lookup(access.Permission(name)); !known {
			p.leave("the permission " + quoted(name) + ", which does not exist")
			continue
		}
		p.policy = p.policy.Union(access.Policy{access.Permission(name): access.Everywhere()})
		p.linked = true
	}
	if len(named) > maxGrants {
		p.leave("all permissions after the first " + kit.Thousands(maxGrants))
	}
}

// withinPlan leaves out the permissions that the plan does not include.
func (p *prefilled) withinPlan(c *access.Catalogue, plan access.Plan) {
	for _, refused := range plan.Refuses(c, nil, p.policy) {
		permission := access.Permission(refused.Path)
		delete(p.policy, permission)
		p.leave(c.Describe(permission) + ", which the plan does not include")
	}
}

// workspaceOf returns the id of the visitor's workspace with this id or name, or "".
func workspaceOf(v kit.Visit, named string) string {
	for _, w := range v.Workspaces {
		if w.ID == named {
			return w.ID
		}
	}
	for _, w := range v.Workspaces {
		if plaintext.SameName(w.Name, plaintext.Clean(named)) {
			return w.ID
		}
	}
	return ""
}

// quoted returns the beginning of a value from an address, as a notice repeats it.
func quoted(value string) string {
	return `"` + plaintext.Shorten(plaintext.Clean(plaintext.Clip(plaintext.Mend(value), 200)), 40) + `"`
}

// paramReturn is the parameter, and the field of the wizard, that says where it leads back to.
const paramReturn = "return"

// ReplaceHref returns the address of the wizard that makes a workspace token which may do what a personal
// token may do now, and then leads back to an address below that of the members.
func ReplaceHref(id, back string) string {
	return kit.WithQuery(kit.ServiceTokenList(token.Workspace)+"/new", paramReplace, id, paramReturn, back)
}

// returnTo returns an address to which the wizard may lead back, or "".
func returnTo(address string) string {
	u, err := url.Parse(address)
	if err != nil || !strings.HasPrefix(address, kit.UserPath+"/") || u.Fragment != "" || strings.Contains(u.Path, "..") {
		return ""
	}
	return address
}

// duplicateHref returns the address of the form that makes a token like t.
func duplicateHref(t token.Token) string {
	form := kit.PersonalTokenListPath + "/new"
	if t.Kind != token.Personal {
		form = kit.ServiceTokenList(t.Kind) + "/new"
	}
	return kit.WithQuery(form, paramDuplicate, t.ID)
}
