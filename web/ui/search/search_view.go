package search

import (
	"fmt"
	"maps"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/plaintext"
	"latchkey/internal/token"
	"latchkey/views/component"
	"latchkey/views/layout"
	page "latchkey/views/page/search"
	"latchkey/web/ui/kit"
)

// identifies is what the page "Identify token" needs.
const identifies = access.IdentifyTokens

func identifyLink() []component.Link {
	return []component.Link{{Label: kit.IdentifyTitle, Href: kit.IdentifyPath}}
}

func searchView(text string, refused bool) page.Search {
	return page.Search{
		Header: component.PageHeaderModel{Title: kit.SearchTitle},
		Action: kit.SearchPath,
		Field: component.FieldModel{ID: "search-text", Name: fieldText, Label: "Search tokens, people and pages", Value: text,
			Autocomplete: "off", MaxLength: maxText, Autofocus: true,
			Attrs: templ.Attributes{"spellcheck": "false", "autocapitalize": "none", "enterkeyhint": "search", "data-1p-ignore": true}},
		Refused: refused,
		Refusal: component.NoticeModel{Kind: "warning", Title: "This looks like a token",
			Text: "Nothing was searched. Don't put a token into a search: use its name, or its last four characters."},
	}
}

// asDialog returns the model with the attributes of a field whose results are listed while one types.
func asDialog(m page.Search) page.Search {
	attrs := maps.Clone(m.Field.Attrs)
	maps.Copy(attrs, templ.Attributes{"role": "combobox", "aria-expanded": "false", "aria-controls": "search-results",
		"aria-autocomplete": "list"})
	m.Field.Attrs = attrs
	return m
}

// finish says how much was found, and numbers the results.
func finish(m *page.Search, text string) {
	n := 0
	for _, k := range m.Kinds {
		for i := range k.Hits {
			k.Hits[i].ID = fmt.Sprint("search-hit-", n)
			n++
		}
	}
	switch n {
	case 0:
		m.Status = "Nothing matches “" + text + "”. Search a part of a name, an email address, the last four characters of a token, or an ID."
	case 1:
		m.Status = "1 result"
	default:
		m.Status = fmt.Sprint(n, " results")
	}
}

// kind adds results of a kind, if there are any.
func kind(kinds []page.Kind, title string, hits []page.Hit) []page.Kind {
	if len(hits) == 0 {
		return kinds
	}
	return append(kinds, page.Kind{Title: title, Hits: hits})
}

// foundKinds returns the tokens, members and groups that were found.
func foundKinds(f account.Found, text string, now time.Time) []page.Kind {
	var tokens, members, groups []page.Hit
	for _, t := range f.Tokens {
		tokens = append(tokens, tokenHit(t, now))
	}
	if f.MoreTokens {
		tokens = append(tokens, all("personal access tokens of yours", kit.PersonalTokenListPath, text))
		if f.AllTokens {
			for _, k := range []token.Kind{token.Workspace, token.Organization} {
				tokens = append(tokens, all(kit.LowerFirst(k.Label())+"s", kit.ServiceTokenList(k), text))
			}
		}
	}
	for _, m := range f.Members {
		members = append(members, page.Hit{Icon: "user-round", Label: m.Name, Note: m.Email, Href: kit.Path(kit.UserPath, m.ID)})
	}
	if f.MoreMembers {
		members = append(members, all("members", kit.UserPath, text))
	}
	for _, g := range f.Groups {
		groups = append(groups, page.Hit{Icon: "users-round", Label: g.Name, Note: plaintext.Clip(g.Description, 80),
			Href: kit.Path(kit.GroupPath, g.ID)})
	}
	if f.MoreGroups {
		groups = append(groups, page.Hit{Icon: "search", Label: "All groups", Href: kit.GroupPath})
	}
	return kind(kind(kind(nil, "Tokens", tokens), "Members", members), "Groups", groups)
}

// all returns the link to a list that is filtered by the text.
func all(what, path, text string) page.Hit {
	return page.Hit{Icon: "search", Label: "All matching " + what, Href: kit.WithQuery(path, fieldText, text)}
}

func tokenHit(t account.HeldToken, now time.Time) page.Hit {
	note := t.Hint + " · " + kit.LowerFirst(t.Kind.Label())
	switch {
	case t.OwnerName != "":
		note += " of " + t.OwnerName
	case t.WorkspaceName != "":
		note += " in " + t.WorkspaceName
	}
	if !t.Live(now) {
		note += " · expired"
	}
	return page.Hit{Icon: "key-round", Label: t.Name, Note: note, Href: kit.TokenPage(t.ID)}
}

// places returns the pages that the visitor may open: those of the navigation and of "Access Management".
func (h *Handlers) places(c echo.Context, v kit.Visit, shell layout.Shell) []page.Hit {
	var out []page.Hit
	var add func(under string, items []layout.NavItem)
	add = func(under string, items []layout.NavItem) {
		for _, it := range items {
			if len(it.Children) > 0 {
				add(it.Label, it.Children)
				continue
			}
			out = append(out, page.Hit{Icon: it.Icon, Label: it.Label, Note: under, Href: it.Href})
		}
	}
	add("", shell.Nav)
	for _, t := range h.site.AccessTabs(c, v).Tabs {
		out = append(out, page.Hit{Icon: "shield-check", Label: t.Label, Note: kit.AccessManagementTitle + " · " + t.Group, Href: t.Href})
	}
	return append(out,
		page.Hit{Icon: "circle-help", Label: kit.HelpTitle, Href: kit.HelpPath},
		page.Hit{Icon: "terminal", Label: kit.DocsTitle, Href: kit.DocsPath},
		page.Hit{Icon: "keyboard", Label: kit.ShortcutTitle, Href: kit.ShortcutPath})
}

// placeKinds returns the visitor's workspaces, pages and topics of the help that match. They are few, so
// they are in memory.
func placeKinds(v kit.Visit, text string, places []page.Hit) []page.Kind {
	var workspaces, pages, help []page.Hit
	matches := kit.Matcher(text)
	more := false
	for _, w := range v.Workspaces {
		if !matches(w.Name) && w.ID != text {
			continue
		}
		if more = len(workspaces) == account.MaxFound; more {
			break
		}
		workspaces = append(workspaces, page.Hit{Icon: "layers", Label: w.Name, Note: w.Environment.Label(), Href: kit.ResourcePath(w.ID)})
	}
	if more && v.Principal.Role == access.RoleAdmin {
		workspaces = append(workspaces, page.Hit{Icon: "search", Label: "All workspaces", Href: kit.WorkspacePath})
	}
	for _, p := range places {
		if matches(p.Label + " " + p.Note) {
			pages = append(pages, p)
		}
	}
	for _, t := range topics() {
		if matches(t.title) || matches(t.about()) {
			help = append(help, page.Hit{Icon: "circle-help", Label: t.title, Note: kit.HelpTitle, Href: kit.HelpTopic(t.id)})
		}
	}
	first := func(list []page.Hit) []page.Hit { return list[:min(len(list), account.MaxFound)] }
	return kind(kind(kind(nil, "Workspaces", workspaces), "Pages", first(pages)), kit.HelpTitle, first(help))
}
