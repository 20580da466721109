package ui

import (
	"fmt"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/token"
	"latchkey/views/component"
	auditpage "latchkey/views/page/audit"
	homepage "latchkey/views/page/home"
)

const (
	patSection = "/settings/profile#personal-access-tokens"
	satPages   = "/settings/access-management/service-access-tokens"
)

func homeView(v visit, s token.Summary, events []audit.Event) homepage.Home {
	m := homepage.Home{
		Header: component.PageHeaderModel{Title: "Home", Description: "Signed in as " + v.Member.Name + " at " + v.Organization.Name + "."},
		Mine:   stateTiles(s.Mine, patSection),
		Ending: endingTokens(s, v.now),
		Next:   nextSteps(v),
	}
	m.NoEnding = "No token of yours expires within the next seven days."
	if s.All {
		m.NoEnding = "No token of yours and no service access token expires within the next seven days."
		m.OrgTitle, m.Org = v.Organization.Name, organizationTiles(s)
	}
	for _, e := range events {
		m.Activity = append(m.Activity, auditpage.Activity{Who: actorName(e), What: eventText(e), When: timeView(e.Time, v.now)})
	}
	return m
}

// stateTiles counts tokens by state; each tile leads to the list.
func stateTiles(c token.Counts, href string) []component.Tile {
	tiles := []component.Tile{}
	for _, s := range []token.State{token.Active, token.ExpiresSoon, token.Expired, token.Suspended} {
		tiles = append(tiles, component.Tile{Label: s.Label(), Value: fmt.Sprint(c.Of(s)), Href: href})
	}
	return tiles
}

// organizationTiles counts the usable tokens of each kind.
func organizationTiles(s token.Summary) []component.Tile {
	hrefs := map[token.Kind]string{token.Organization: satPages + "/organization", token.Workspace: satPages + "/workspace"}
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

func endingTokens(s token.Summary, now time.Time) []homepage.EndingToken {
	list := []homepage.EndingToken{}
	for _, t := range append(append([]token.Token{}, s.MineEnding...), s.ServicesEnding...) {
		e := homepage.EndingToken{Name: t.Name, Href: patSection, Kind: t.Kind.Label(), Where: t.WorkspaceName, Expires: timeView(t.ExpiresAt, now)}
		if t.Kind != token.Personal {
			e.Href = satPages + "/" + t.ID
		}
		if e.Where == "" {
			e.Where = "Organization"
		}
		list = append(list, e)
	}
	return list
}

func nextSteps(v visit) []homepage.NextStep {
	steps := []homepage.NextStep{{Icon: "key-round", Label: "Make a personal access token", Href: "/settings/profile/personal-access-tokens/new",
		Text: "For development and testing, with your own access."}}
	if v.Principal.Role == access.RoleAdmin {
		steps = append(steps, homepage.NextStep{Icon: "bot", Label: "Make a service access token", Href: satPages + "/workspace",
			Text: "For production and shared automation. It belongs to nobody and goes on when people leave."})
	}
	return append(steps, homepage.NextStep{Icon: "user-round", Label: "Look at your profile", Href: "/settings/profile",
		Text: "Your tokens and what you may do."})
}
