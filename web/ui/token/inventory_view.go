package token

import (
	"cmp"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	"latchkey/internal/token"
	"latchkey/views/component"
	page "latchkey/views/page/token"
	"latchkey/web/ui/kit"
)

// whatGrants says what the filter "Grants" means.
const whatGrants = "Grants is what a token may do now, while it works. " +
	"A workspace token: what its policy and the workspace's baseline grant. " +
	"A personal token: what its owner may do in the workspace now, limited by the scope. An organization token: nothing in a workspace. " +
	"Unused for lists tokens that work, and counts from when they were generated if they were never used."

// bulkForm is the id of the form to which the boxes of the list belong.
const bulkForm = "bulk"

// inventoryView returns the tab "Tokens". The handler adds the frame.
func (h *Handlers) inventoryView(v kit.Visit, q inventoryQuery, found token.Inventoried, wrong kit.FieldErrors) page.Inventory {
	all := q // the export has all pages
	all.path, all.page = kit.InventoryPath+"/export/csv", 1
	m := page.Inventory{Grants: whatGrants, Open: q.folded(), Card: component.CardModel{ID: "inventory", Title: kit.InventoryTitle,
		Flush: true, Description: "All personal and service access tokens of the organization.",
		Action: &component.ButtonModel{Label: "Export CSV", Icon: "download", Variant: component.Outline, Href: all.href()}}}
	m.Filter, m.More = q.filterForm(v, h.site.Catalogue(), wrong)
	for _, name := range inventoryParams() {
		if text := wrong[name]; text != "" {
			m.Errors.Errors = append(m.Errors.Errors, component.FieldError{FieldID: "inventory-" + name, Text: text})
		}
	}
	m.Notice = inventoryNotice(found)
	m.List = q.list(found, h.bulkActs(), v)
	if len(wrong) > 0 || found.Broad {
		m.List.None, m.Card.Action = "No tokens to show.", nil
	}
	return m
}

// inventoryNotice says what the list does not show, or returns nil.
func inventoryNotice(found token.Inventoried) *component.NoticeModel {
	switch {
	case found.Broad:
		return &component.NoticeModel{Kind: "info", Title: "Many people have this permission",
			Text: "Choose a workspace, a resource or an owner as well to list their tokens, or the kind of workspace tokens."}
	case found.Unsorted && !found.More:
		return &component.NoticeModel{Kind: "info", Title: "Sorted by creation",
			Text: "To sort by last use, choose a filter that at most 1,000 tokens match."}
	case found.Unsorted:
		return &component.NoticeModel{Kind: "info", Title: "More than 1,000 tokens match",
			Text: "Too many to sort: the list shows 1,000 of them by creation. " +
				"Narrow the filter to see and change the others. The export has all of them."}
	}
	return nil
}

// list presents a page of the inventory.
func (q inventoryQuery) list(found token.Inventoried, acts []bulkAct, v kit.Visit) page.List {
	m := page.List{ShowHolder: true, ShowScope: true, ShowMaker: true, Table: component.TableModel{ID: "tokens",
		Caption: "Tokens of the organization",
		Columns: []component.Column{{Label: "Select", LabelHidden: true}, q.column("Name", "name"), q.column("Held by", ""),
			q.column("Workspace and scope", ""), q.column("Created", "created"), q.column("Last used", "used"), q.column("Expires", "expires"),
			q.column("State", "")}}}
	switch {
	case len(found.Tokens) > 0:
		m.Bulk = q.bulk(found, acts)
	case q.filters() || found.Matching > 0:
		m.None = kit.NoRows(q.page, found.Matching, "No token matches this filter.")
	default:
		m.Empty = &component.EmptyModel{Icon: "key-round", Inside: true, Title: "No tokens yet",
			Text: "Every token of a member and of the organization is listed here once there is one."}
	}
	for _, t := range found.Tokens {
		row := rowView(t, "", v.Now)
		row.Workspace = cmp.Or(row.Workspace, "–")
		switch t.Kind {
		case token.Personal:
			row.Holder, row.HolderHref = cmp.Or(t.OwnerName, "A deleted member"), kit.Path(kit.UserPath, t.Owner)
		case token.Workspace:
			row.Kind = "Workspace"
		case token.Organization:
			row.Kind = "Organization"
		}
		if len(t.LastUsedFrom) > 0 {
			row.UsedFrom = t.LastUsedFrom[0].IP
		}
		m.Rows = append(m.Rows, row)
	}
	m.Pages = q.pages(found)
	return m
}

func (q inventoryQuery) pages(found token.Inventoried) *component.PaginationModel {
	reach := found.Matching
	if !found.More && reach > token.MaxCounted && q.sort != "" && q.sort != "name" && q.sort != "-name" && q.sort != "-created" {
		reach = token.MaxCounted // those further behind would take long to find
	}
	m := q.links(len(found.Tokens), reach)
	if m != nil && len(found.Tokens) > 0 {
		of := kit.Thousands(found.Matching)
		if found.More {
			of = "more than " + of
		}
		first := (q.page-1)*tokensPerPage + 1
		m.Summary = kit.Thousands(first) + "–" + kit.Thousands(first+len(found.Tokens)-1) + " of " + of
	}
	return m
}

func (q inventoryQuery) bulk(found token.Inventoried, acts []bulkAct) *component.BulkModel {
	m := &component.BulkModel{ID: bulkForm, Label: "With the selected tokens", Name: kit.FieldToken, Total: kit.Thousands(found.Matching),
		State: q.hidden()}
	for _, act := range acts {
		b := act.button
		b.Context, b.Small, b.Attrs = b.Context+"the selected tokens", true, map[string]any{"formaction": kit.Path(kit.InventoryPath, act.name)}
		m.Buttons = append(m.Buttons, b)
	}
	if !found.More && found.Matching <= token.MaxCounted && found.Matching > len(found.Tokens) {
		m.All = "Select all " + kit.Count(found.Matching, "token", "tokens")
		if q.filters() {
			m.All += " that match"
		}
	}
	return m
}

// errNoneSelected is the error of a button for the selected tokens when none is.
func errNoneSelected() error {
	return fault.NewInvalid("", fault.Field{Path: token.PathTokens, Message: "Select tokens first."})
}

// refusedSelection shows the list again if a selection is empty by now or too large. It returns any other
// error.
func (h *Handlers) refusedSelection(c echo.Context, err error) error {
	wrong, other := kit.Invalid(err)
	if other != nil || wrong[token.PathTokens] == "" {
		return err
	}
	return h.showInventory(c, kit.StatusOf(wrong), component.ErrorSummary(component.ErrorSummaryModel{
		Errors: []component.FieldError{{Text: wrong[token.PathTokens]}}}))
}

// maxListed is how many tokens a dialog lists.
const maxListed = 25

// listedTokens returns what a dialog says about tokens, one by one: the last used first.
func listedTokens(tokens []token.Token, now time.Time) []string {
	tokens = slices.Clone(tokens)
	slices.SortStableFunc(tokens, func(a, b token.Token) int { return b.LastUsedAt.Compare(a.LastUsedAt) })
	var lines []string
	for i, t := range tokens {
		if i == maxListed {
			return append(lines, "And "+kit.Thousands(len(tokens)-i)+" more, last used earlier or never. Export CSV lists all of them.")
		}
		lines = append(lines, listedToken(t, now))
	}
	return lines
}

func listedToken(t token.Token, now time.Time) string {
	line := t.Name + " (" + t.Hint + "), "
	switch t.Kind {
	case token.Personal:
		line += "held by " + cmp.Or(t.OwnerName, "a deleted member") + " in " + t.WorkspaceName
	case token.Workspace:
		line += "service token of " + t.WorkspaceName
	case token.Organization:
		line += "service token of the organization"
	}
	if t.LastUsedAt.IsZero() {
		return line + ": never used."
	}
	line += ": last used " + kit.Relative(t.LastUsedAt, now) + " (" + kit.Absolute(t.LastUsedAt, now) + ")"
	if len(t.LastUsedFrom) > 0 {
		line += " from " + t.LastUsedFrom[0].IP
	}
	return line + "."
}
