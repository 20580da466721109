package home

import (
	"fmt"
	"net/netip"

	"latchkey/internal/account"
	"latchkey/internal/token"
	"latchkey/views/component"
	auditpage "latchkey/views/page/audit"
	page "latchkey/views/page/home"
	"latchkey/web/ui/kit"
	tokenui "latchkey/web/ui/token"
)

// personalSection is the place of the list of the visitor's own tokens on their profile.
const personalSection = "#personal-access-tokens"

// seen is what the page shows, as the services return it.
type seen struct {
	summary   token.Summary
	attention []page.Reason
	days      []token.DayCount
	progress  account.Progress
	activity  []auditpage.Activity
	soon      int  // see soonDays
	log       bool // whether the visitor may open the audit log
}

func homeView(v kit.Visit, s seen) page.Home {
	admin := s.summary.All
	calm := " expires within " + kit.Count(s.soon, "day", "days") + ", is refused often or has been unused for 90 days."
	m := page.Home{
		Header:    component.PageHeaderModel{Title: "Home", Description: "Signed in as " + v.Member.Name + " at " + v.Organization.Name + "."},
		Attention: s.attention, Usage: tokenui.UsageView(s.days), Next: nextSteps(v, s.progress, admin),
		Mine:   stateTiles(s.summary.Mine),
		Recent: component.CardModel{ID: "activity", Title: "Recent activity"}, Activity: s.activity,
		Calm: "None of your tokens" + calm,
	}
	m.Usage.Card.Title, m.Usage.Card.Description = "Requests", "With your personal access tokens."
	if admin {
		m.Usage.Card.Description = "With all tokens of the organization."
		m.Calm = "No token" + calm + " No invitation is pending."
		m.OrgTitle, m.Org = v.Organization.Name, organizationTiles(s.summary)
	}
	if s.log && len(s.activity) > 0 {
		m.Recent.Action = &component.ButtonModel{Label: kit.AuditTitle, Href: kit.AuditPath, Variant: component.Outline, Small: true}
	}
	return m
}

// strangerWarnings returns the warning about proxies that --trusted-proxies does not name. The
// addresses may also be those of clients that made the header up, so the text does not call them
// proxies.
func strangerWarnings(from []netip.Addr) []component.NoticeModel {
	if len(from) == 0 {
		return nil
	}
	names := make([]string, len(from))
	for i, addr := range from {
		names[i] = addr.String()
	}
	return []component.NoticeModel{{Kind: "warning", Title: "Latchkey may not see the addresses of your users",
		Text: "X-Forwarded-For was sent by " + kit.Enumerate(names) + " and ignored, because --trusted-proxies doesn't name the sender. " +
			"If that is your proxy, everyone behind it counts as one client: the audit log shows the proxy's address, and one person's " +
			"failed sign-ins can lock out everybody. Add the proxy's address to --trusted-proxies and restart Latchkey. " +
			"Don't add an address that you don't know."}}
}

// damageWarnings returns the warning that a check of the database found something.
func damageWarnings(findings int) []component.NoticeModel {
	if findings == 0 {
		return nil
	}
	return []component.NoticeModel{{Kind: "warning", Title: "The database is damaged",
		Text: "The daily check found problems in the database, or changes that Latchkey didn't make. Ask the person who runs this server to " +
			"run latchkey check, and to restore a backup if necessary."}}
}

// stateTiles returns the number of the visitor's tokens in each state. Each tile links to the list of these.
func stateTiles(c token.Counts) []component.Tile {
	tiles := []component.Tile{}
	for _, s := range []token.State{token.Active, token.ExpiresSoon, token.Expired, token.Suspended} {
		tiles = append(tiles, component.Tile{Label: s.Label(), Value: fmt.Sprint(c.Of(s)),
			Href: kit.WithQuery(kit.ProfilePath, tokenui.ParamState, string(s)) + personalSection})
	}
	return tiles
}

// organizationTiles returns the number of working tokens of each kind.
func organizationTiles(s token.Summary) []component.Tile {
	hrefs := map[token.Kind]string{token.Organization: kit.ServiceTokenPath + "/organization",
		token.Workspace: kit.ServiceTokenPath + "/workspace"}
	tiles := []component.Tile{}
	for _, kind := range []token.Kind{token.Personal, token.Workspace, token.Organization} {
		c := s.Organization[kind]
		tile := component.Tile{Label: kind.Label() + "s", Value: fmt.Sprint(c.Active + c.ExpiresSoon), Href: hrefs[kind]}
		if c.ExpiresSoon > 0 {
			tile.Note, tile.Tone = fmt.Sprintf("%d expire soon", c.ExpiresSoon), component.Warn
			if c.ExpiresSoon == 1 {
				tile.Note = "1 expires soon"
			}
		}
		tiles = append(tiles, tile)
	}
	return tiles
}
