package home

import (
	"fmt"
	"strconv"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/invitation"
	"latchkey/internal/token"
	"latchkey/views/component"
	page "latchkey/views/page/home"
	"latchkey/web/ui/kit"
)

// reasonTitle returns the heading of the tokens that need attention for a reason.
func reasonTitle(reason string) string {
	switch reason {
	case showRefused:
		return "Tokens that are refused often"
	case showUnused:
		return "Tokens unused for 90 days"
	}
	return "Tokens that expire soon"
}

// reasonText returns the rule by which tokens are in a list. soon is [Handlers.soonDays].
func reasonText(reason string, soon int) string {
	switch reason {
	case showRefused:
		return fmt.Sprintf("At least %d requests, and more than %d%% of all, were refused in the last %d days (UTC). "+
			"The most recently refused come first.",
			token.OftenRefusals, token.OftenPercent, token.OftenDays)
	case showUnused:
		return "They work, and were neither generated nor used in the last 90 days. The longest unused come first. " +
			"Latchkey looks for them every hour."
	}
	return "They work, and expire within " + kit.Count(soon, "day", "days") + ". The soonest come first."
}

// pendingInvitations returns the address of the list of the invitations that can still be accepted.
func pendingInvitations() string {
	return kit.WithQuery(kit.InvitationPath, "state", string(invitation.Pending))
}

// alertsOf presents each of a list.
func alertsOf[T any](v kit.Visit, list []T, one func(kit.Visit, T) page.Alert) []page.Alert {
	var out []page.Alert
	for _, item := range list {
		out = append(out, one(v, item))
	}
	return out
}

// tokenAlert presents a token. The caller adds the reason and the time.
func tokenAlert(v kit.Visit, t token.Token) page.Alert {
	a := page.Alert{Name: t.Name, Href: kit.TokenPage(t.ID), Detail: t.Kind.Label()}
	if t.Kind == token.Personal && t.Owner != v.Member.ID {
		a.Detail += " of " + t.OwnerName
	}
	if t.WorkspaceName != "" {
		a.Detail += " in " + t.WorkspaceName
	}
	return a
}

func endingAlert(v kit.Visit, t token.Token) page.Alert {
	a := tokenAlert(v, t)
	a.Before, a.When = "expires", kit.When(t.ExpiresAt, v.Now)
	return a
}

func unusedAlert(v kit.Visit, t token.Token) page.Alert {
	a := tokenAlert(v, t)
	a.Before, a.When = "last used", kit.When(t.LastUsedAt, v.Now)
	if t.LastUsedAt.IsZero() {
		a.Before, a.When = "never used, generated", kit.When(t.CreatedAt, v.Now)
	}
	return a
}

func refusedAlert(v kit.Visit, r token.Refused) page.Alert {
	a := tokenAlert(v, r.Token)
	if s := r.State(v.Now); s == token.Expired || s == token.Suspended {
		a.Detail += " (" + kit.LowerFirst(s.Label()) + ")"
	}
	a.Before = kit.Thousands(r.Refusals) + " of " + kit.Count(r.Requests, "request", "requests") + " refused, the latest on"
	a.When = kit.OnDay(r.Latest.Time())
	return a
}

func invitationAlert(v kit.Visit, i invitation.Invitation) page.Alert {
	return page.Alert{Name: i.Email, Href: kit.WithQuery(kit.InvitationPath, "q", i.Email, "state", string(invitation.Pending)),
		Detail: "Invited as " + kit.RoleLabel(i.Role), Before: "ends", When: kit.When(i.ExpiresAt, v.Now)}
}

// attentionView presents page n of the list for a reason. If the list has one more than fits, there is a next page.
func attentionView(reason string, soon int, list []page.Alert, n int) page.Attention {
	m := page.Attention{Header: component.PageHeaderModel{Title: reasonTitle(reason), Description: reasonText(reason, soon),
		Back: &component.Link{Label: "Home", Href: "/"}}, Alerts: list, None: kit.NoRows(n, n-1, "None.")}
	if n == 1 && len(list) <= alertsPerPage {
		return m
	}
	m.Pages = &component.PaginationModel{Summary: fmt.Sprintf("Page %d", n)}
	address := func(n int) string { return kit.WithQuery(attentionPath, paramShow, reason, "page", strconv.Itoa(n)) }
	if n > 1 {
		m.Pages.PrevHref = address(n - 1)
	}
	if len(list) > alertsPerPage {
		m.Alerts, m.Pages.NextHref = list[:alertsPerPage], address(n+1)
	}
	return m
}

// newFor is how long an organization is new: the steps that not everybody needs are shown for so long.
const newFor = 30 * kit.Day

// nextSteps returns the steps that have not been taken. admin reports whether the visitor is an Admin.
func nextSteps(v kit.Visit, done account.Progress, admin bool) []page.NextStep {
	var steps []page.NextStep
	add := func(done bool, s page.NextStep) {
		if !done {
			steps = append(steps, s)
		}
	}
	plan := v.Organization.Plan
	if admin {
		add(done.Invited, page.NextStep{Icon: "user-plus", Label: "Invite people", Href: kit.InvitationPath + "/new",
			Text: "They choose a password of their own, and see the workspaces that you choose."})
		add(done.Baseline || !plan.Has(access.FeatureBaseline),
			page.NextStep{Icon: "shield-check", Label: "Set a baseline policy", Href: kit.BaselinePath,
				Text: "What everybody in a workspace may do, without a policy of their own."})
	}
	if !plan.Has(access.FeatureTokens) {
		return steps
	}
	add(done.Generated, page.NextStep{Icon: "key-round", Label: "Generate a personal access token", Href: kit.PersonalTokenPath + "/new",
		Text: "For development and testing, with your own access."})
	add(done.Used, page.NextStep{Icon: "terminal", Label: "Make a request with a token", Href: kit.DocsPath,
		Text: "The API documentation shows how. The first accepted request completes this step."})
	if !admin || v.Now.Sub(v.Organization.CreatedAt) > newFor {
		return steps
	}
	add(done.Client, page.NextStep{Icon: "bot", Label: "Connect a proxy or a service", Href: kit.ClientPath,
		Text: "An API client asks Latchkey whether a token is valid and what it may do."})
	add(done.Provisioned || !plan.Has(access.FeatureSCIM), page.NextStep{Icon: "user-round", Label: "Connect your identity provider",
		Href: kit.ProvisioningPath, Text: "SCIM adds and removes members and groups. You need it only if you have an identity provider."})
	return steps
}
