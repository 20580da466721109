package token

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/plaintext"
	"latchkey/internal/token"
	"latchkey/views/component"
	page "latchkey/views/page/token"
	"latchkey/web/ui/kit"
)

// shownOfDescription is how many characters of a description a row has.
const shownOfDescription = 80

// tokensPerPage is the number of tokens on a page of a list.
const tokensPerPage = 25

// ListQuery is the state of a list: its search, order and page. The URL carries it.
type ListQuery struct {
	path  string
	find  string
	state token.State // only tokens in it; "" is all
	sort  string      // a key of order, with "-" before it to reverse; "" is newest first
	page  int         // from 1
	keep  url.Values  // other parameters of the address
}

// ParamState is the parameter of a list's address for the state of its tokens.
const ParamState = "state"

// states returns the states that a list can be filtered by.
func states() []token.State {
	return []token.State{token.Active, token.ExpiresSoon, token.Expired, token.Suspended}
}

// ReadListQuery reads the state of the list at path from a query. It ignores invalid values.
func ReadListQuery(path string, query url.Values) ListQuery {
	q := ListQuery{path: path, find: kit.Search(query.Get("q")), page: 1}
	sort := query.Get("sort")
	if _, sorts := order(strings.TrimPrefix(sort, "-")); sorts {
		q.sort = sort
	}
	if state := token.State(query.Get(ParamState)); slices.Contains(states(), state) {
		q.state = state
	}
	if n, err := strconv.Atoi(query.Get("page")); err == nil && n > 1 && n < 1_000_000 {
		q.page = n
	}
	return q
}

// href returns the address of the list in this state. The default state has no query.
func (q ListQuery) href() string {
	v := q.values()
	if len(v) == 0 {
		return q.path
	}
	return q.path + "?" + v.Encode()
}

// values returns the state as the parameters of an address.
func (q ListQuery) values() url.Values {
	v := url.Values{}
	maps.Copy(v, q.keep)
	if q.find != "" {
		v.Set("q", q.find)
	}
	if q.state != "" {
		v.Set(ParamState, string(q.state))
	}
	if q.sort != "" {
		v.Set("sort", q.sort)
	}
	if q.page > 1 {
		v.Set("page", strconv.Itoa(q.page))
	}
	return v
}

// order returns the order of the column with this key, and reports whether it sorts.
func order(key string) (token.Sort, bool) {
	switch key {
	case "name":
		return token.ByName, true
	case "created":
		return token.ByCreation, true
	case "used":
		return token.ByUse, true
	case "expires":
		return token.ByEnd, true
	}
	return 0, false
}

// Listing returns the page that q asks for. The search is about what a row shows at now.
func (q ListQuery) Listing(now time.Time) token.Listing {
	l := token.Listing{Limit: tokensPerPage, Offset: (q.page - 1) * tokensPerPage, Reverse: strings.HasPrefix(q.sort, "-")}
	l.Sort, _ = order(strings.TrimPrefix(q.sort, "-"))
	if q.sort != "" && l.Sort == token.ByCreation { // which begins with the newest
		l.Reverse = !l.Reverse
	}
	if q.filters() {
		matches := kit.Matcher(q.find)
		l.Matches = func(t token.Token) bool {
			text := strings.Join([]string{t.Name, t.Hint, t.WorkspaceName, t.Scope.Label(), t.CreatedByName, t.State(now).Label()}, " ")
			return matches(text) && (q.state == "" || t.State(now) == q.state)
		}
	}
	return l
}

// List presents the page that q asks for. The delete page of each token is below the address base.
func List(tokens token.Listed, q ListQuery, base, caption string, now time.Time) page.List {
	m := page.List{Table: component.TableModel{ID: "tokens", Caption: caption}}
	if tokens.Total >= kit.FilterFrom || q.filters() {
		m.Filter = listFilter(q, tokens.Total)
	}
	if len(tokens.Tokens) == 0 {
		m.None = kit.NoRows(q.page, tokens.Matching, "No token matches this filter.")
	}
	for _, t := range tokens.Tokens {
		m.Rows = append(m.Rows, rowView(t, base, now))
	}
	m.Pages = q.links(len(tokens.Tokens), tokens.Matching)
	return m
}

// links returns the links to the previous and next page of a page with so many rows, or nil.
func (q ListQuery) links(rows, total int) *component.PaginationModel {
	return kit.PageLinks(q.page, tokensPerPage, rows, total, "token", "tokens", func(page int) string {
		q.page = page
		return q.href()
	})
}

// withRotate offers the visitor to rotate the tokens of a list.
func withRotate(m page.List, tokens []token.Token, now time.Time) page.List {
	for i, t := range tokens {
		if rotatable(t, now) {
			m.Rows[i].Rotate = &component.ButtonModel{Label: "Rotate", Context: t.Name, Variant: component.Outline, Small: true, Dialog: true,
				Href: kit.Path(kit.TokenPath, t.ID, "rotate")}
		}
	}
	return m
}

// rotatable reports whether a token has not expired too long ago to be rotated.
func rotatable(t token.Token, now time.Time) bool {
	return !token.ExpiredAt(t.ExpiresAt, now.Add(-token.RotatableFor))
}

// filters reports whether the list leaves tokens out.
func (q ListQuery) filters() bool { return q.find != "" || q.state != "" }

// stateField returns the choice of a state.
func (q ListQuery) stateField() component.SelectModel {
	m := component.SelectModel{ID: "tokens-state", Name: ParamState, Label: "State", Options: []component.SelectOption{{Label: "All states"}}}
	for _, s := range states() {
		m.Options = append(m.Options, component.SelectOption{Value: string(s), Label: s.Label(), Selected: s == q.state})
	}
	return m
}

// listFilter returns the search field. A list of a single page also filters while one types.
func listFilter(q ListQuery, total int) *component.FilterModel {
	f := &component.FilterModel{Action: q.path, Label: "Filter tokens", ID: "tokens-filter", Name: "q",
		Search: "Name, workspace or state", Value: q.find, Selects: []component.SelectModel{q.stateField()}}
	if q.sort != "" {
		f.Hidden = []component.HiddenField{{Name: "sort", Value: q.sort}}
	}
	if q.filters() {
		clear := q
		clear.find, clear.state, clear.page = "", "", 1
		f.ClearHref = clear.href()
	}
	if !q.filters() && total <= tokensPerPage {
		f.Live = "#tokens"
	}
	return f
}

func rowView(t token.Token, base string, now time.Time) page.Row {
	return page.Row{
		ID: t.ID, Name: t.Name, Href: kit.TokenPage(t.ID), Hint: t.Hint,
		Description: plaintext.Shorten(plaintext.Clean(t.Description), shownOfDescription), Workspace: t.WorkspaceName,
		Scope: t.Scope.Label(), Old: t.Scope == access.ScopeAdmin,
		Maker: makerOf(t), Created: kit.When(t.CreatedAt, now), LastUsed: kit.When(t.LastUsedAt, now),
		Expires: expiry(t.ExpiresAt, now), DueTone: dueTone(t, now), State: state(t, now),
		Delete: component.ButtonModel{Label: "Delete", Context: t.Name, Variant: component.DangerQuiet, Small: true,
			Href: base + "/" + url.PathEscape(t.ID) + "/delete", Dialog: true},
	}
}

// Columns returns the columns of a list, each given as its label and its sort key. A column without a
// key does not sort.
func (q ListQuery) Columns(keyed ...[2]string) []component.Column {
	var out []component.Column
	for _, label := range keyed {
		out = append(out, q.column(label[0], label[1]))
	}
	return append(out, component.Column{Label: "Actions", LabelHidden: true, End: true})
}

func (q ListQuery) column(label, key string) component.Column {
	c := component.Column{Label: label}
	if key == "" {
		return c
	}
	sorted := q.sort
	if sorted == "" {
		sorted = "-created"
	}
	to := q
	to.page, to.sort = 1, key
	switch sorted {
	case key:
		c.Sorted, to.sort = "ascending", "-"+key
	case "-" + key:
		c.Sorted = "descending"
	}
	c.SortHref = to.href()
	return c
}
