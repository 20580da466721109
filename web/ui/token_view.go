package ui

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/token"
	"latchkey/views/component"
	tokenpage "latchkey/views/page/token"
)

const (
	tokensPerPage = 25
	// filterFrom is the number of tokens from which a list can be filtered.
	filterFrom = 11
)

// listQuery is the state of a list, as its URL carries it.
type listQuery struct {
	path string
	find string
	sort string // a key of tokenOrders, "-" before it reverses; "" is newest first
	page int    // from 1
}

func readListQuery(path string, query url.Values) listQuery {
	q := listQuery{path: path, find: shown(strings.TrimSpace(query.Get("q"))), page: 1}
	if sort := query.Get("sort"); tokenOrder(strings.TrimPrefix(sort, "-")) != nil {
		q.sort = sort
	}
	if n, err := strconv.Atoi(query.Get("page")); err == nil && n > 1 {
		q.page = n
	}
	return q
}

// href is the list's address in this state; the usual state needs no query.
func (q listQuery) href() string {
	v := url.Values{}
	if q.find != "" {
		v.Set("q", q.find)
	}
	if q.sort != "" {
		v.Set("sort", q.sort)
	}
	if q.page > 1 {
		v.Set("page", strconv.Itoa(q.page))
	}
	if len(v) == 0 {
		return q.path
	}
	return q.path + "?" + v.Encode()
}

// tokenOrder compares tokens by what a column shows; nil for a column that does not sort.
func tokenOrder(key string) func(a, b token.Token) int {
	switch key {
	case "name":
		return func(a, b token.Token) int { return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) }
	case "created":
		return func(a, b token.Token) int { return a.CreatedAt.Compare(b.CreatedAt) }
	case "used":
		return func(a, b token.Token) int { return a.LastUsedAt.Compare(b.LastUsedAt) }
	case "expires":
		return func(a, b token.Token) int { return endOrder(a).Compare(endOrder(b)) }
	}
	return nil
}

// endOrder puts tokens without an end last.
func endOrder(t token.Token) time.Time {
	if t.ExpiresAt.IsZero() {
		return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return t.ExpiresAt
}

// pick is the tokens of the page that q asks for, and how many match in all. The tokens
// come newest first.
func (q listQuery) pick(tokens []token.Token, now time.Time) (shown []token.Token, matching int) {
	var found []token.Token
	for _, t := range tokens {
		text := strings.Join([]string{t.Name, t.Hint, t.WorkspaceName, t.Scope.Label(), t.CreatedByName, t.State(now).Label()}, " ")
		if matches(text, q.find) {
			found = append(found, t)
		}
	}
	if order := tokenOrder(strings.TrimPrefix(q.sort, "-")); order != nil {
		slices.SortStableFunc(found, order)
		if strings.HasPrefix(q.sort, "-") {
			slices.Reverse(found)
		}
	}
	from := min((q.page-1)*tokensPerPage, len(found))
	return found[from:min(from+tokensPerPage, len(found))], len(found)
}

// tokenList presents tokens. base is the address below which each has its delete page.
func tokenList(tokens []token.Token, q listQuery, base, caption string, now time.Time) tokenpage.List {
	shown, matching := q.pick(tokens, now)
	m := tokenpage.List{Table: component.TableModel{ID: "tokens", Caption: caption}}
	if len(tokens) >= filterFrom || q.find != "" {
		m.Filter = tokenFilter(q, len(tokens))
	}
	if matching == 0 {
		m.None = "No token matches this filter."
	}
	for _, t := range shown {
		m.Rows = append(m.Rows, tokenRow(t, base, now))
	}
	if matching > tokensPerPage || q.page > 1 {
		m.Pages = tokenPages(q, len(shown), matching)
	}
	return m
}

// tokenFilter searches; what is on one page is also filtered while typing.
func tokenFilter(q listQuery, total int) *component.FilterModel {
	f := &component.FilterModel{Action: q.path, Label: "Filter tokens", ID: "tokens-filter", Name: "q", Search: "Name, workspace or state", Value: q.find}
	if q.sort != "" {
		f.Hidden = []component.HiddenField{{Name: "sort", Value: q.sort}}
	}
	if q.find != "" {
		clear := q
		clear.find, clear.page = "", 1
		f.ClearHref = clear.href()
	}
	if q.find == "" && total <= tokensPerPage {
		f.Live = "#tokens"
	}
	return f
}

func tokenPages(q listQuery, shown, matching int) *component.PaginationModel {
	from := (q.page - 1) * tokensPerPage
	m := &component.PaginationModel{Summary: "Nothing here. There are " + count(matching, "token", "tokens") + "."}
	if shown > 0 {
		m.Summary = thousands(from+1) + "–" + thousands(from+shown) + " of " + thousands(matching)
	}
	if q.page > 1 {
		prev := q
		prev.page--
		m.PrevHref = prev.href()
	}
	if from+shown < matching && shown > 0 {
		next := q
		next.page++
		m.NextHref = next.href()
	}
	return m
}

func tokenRow(t token.Token, base string, now time.Time) tokenpage.Row {
	return tokenpage.Row{
		ID: t.ID, Name: t.Name, Hint: t.Hint, Workspace: t.WorkspaceName,
		Scope: t.Scope.Label(), Old: t.Scope == access.ScopeAdmin,
		Maker: makerOf(t), Created: timeView(t.CreatedAt, now), LastUsed: timeView(t.LastUsedAt, now),
		Expires: expiry(t.ExpiresAt, now), DueTone: dueTone(t, now), State: tokenState(t, now),
		Delete: component.ButtonModel{Label: "Delete", Context: t.Name, Variant: component.DangerQuiet, Small: true,
			Href: base + "/" + url.PathEscape(t.ID) + "/delete", Dialog: true},
	}
}

func makerOf(t token.Token) string {
	if t.CreatedByName == "" {
		return "somebody unknown"
	}
	return t.CreatedByName
}

// columns heads the columns of a list; those with a key sort it.
func (q listQuery) columns(keyed ...[2]string) []component.Column {
	var out []component.Column
	for _, label := range keyed {
		out = append(out, q.column(label[0], label[1]))
	}
	return append(out, component.Column{Label: "Actions", LabelHidden: true, End: true})
}

func (q listQuery) column(label, key string) component.Column {
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

// deleteDialog asks before a token goes.
func deleteDialog(t token.Token, base, cancel string, now time.Time) *component.AlertDialogModel {
	m := &component.AlertDialogModel{
		ID: "delete-token", Title: "Delete token " + t.Name + "?",
		Consequence: "Whatever uses it stops working at once. This cannot be undone.",
		Action:      base + "/" + url.PathEscape(t.ID) + "/delete", CancelHref: cancel,
		Details: []string{"It was never used."},
	}
	if !t.LastUsedAt.IsZero() {
		m.Details = []string{"Last used " + relative(t.LastUsedAt, now) + " (" + absolute(t.LastUsedAt) + ")."}
	}
	return m
}

// revealDialog shows the secret of a new token, this once.
func revealDialog(g token.Generated, baseURL, closeHref string) *component.RevealModel {
	m := &component.RevealModel{
		ID: "reveal", Title: "Your new token", Value: g.Secret.Reveal(), CloseHref: closeHref,
		Curl:  `curl -H "Authorization: Bearer ` + g.Secret.Reveal() + `" ` + baseURL + "/v2/token",
		Facts: []component.Definition{{Term: "Name", Text: g.Name}},
	}
	if g.WorkspaceName != "" {
		m.Facts = append(m.Facts, component.Definition{Term: "Workspace", Text: g.WorkspaceName})
	}
	if g.Scope != "" {
		m.Facts = append(m.Facts, component.Definition{Term: "Scope", Text: g.Scope.Label()})
	}
	m.Facts = append(m.Facts, component.Definition{Term: "Expiration", Text: goodUntil(g.ExpiresAt)})
	return m
}

// submittedNotice answers a form that was sent twice.
func submittedNotice(message, list, again string) *component.NoticeModel {
	return &component.NoticeModel{Kind: "warning", Title: "This form was already sent", Text: message, Live: true,
		Links: []component.Link{{Label: "See your tokens", Href: list}, {Label: "Generate another token", Href: again}}}
}
