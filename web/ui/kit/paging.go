package kit

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"latchkey/internal/account"
	"latchkey/views/component"
)

// Paging is the state of a paged list, as its URL carries it.
type Paging struct {
	Path  string
	Find  string
	sort  string // one of sorts, with "-" before it in reverse; "" is the first of them
	Page  int    // from 1
	Size  int    // rows on a page
	sorts []string
	Keep  url.Values // other parameters of the address
}

// ReadPaging reads the state. It ignores values that it does not know.
func ReadPaging(path string, query url.Values, size int, sorts ...string) Paging {
	q := Paging{Path: path, Find: Search(query.Get("q")), Page: 1, Size: size, sorts: sorts}
	if sort := query.Get("sort"); slices.Contains(sorts, strings.TrimPrefix(sort, "-")) {
		q.sort = sort
	}
	if n, err := strconv.Atoi(query.Get("page")); err == nil && n > 1 && n < 1_000_000 {
		q.Page = n
	}
	return q
}

// Offset returns the number of rows before the page.
func (q Paging) Offset() int { return (q.Page - 1) * q.Size }

// Order returns the key to sort by, and whether the order is descending.
func (q Paging) Order() (key string, descending bool) {
	key = strings.TrimPrefix(q.sort, "-")
	if key == "" && len(q.sorts) > 0 {
		key = q.sorts[0]
	}
	return key, strings.HasPrefix(q.sort, "-")
}

// Href returns the list's address in this state. The default state has no query.
func (q Paging) Href() string {
	v := url.Values{}
	for name, values := range q.Keep {
		v[name] = values
	}
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	set("q", q.Find)
	set("sort", q.sort)
	if q.Page > 1 {
		v.Set("page", strconv.Itoa(q.Page))
	}
	if len(v) == 0 {
		return q.Path
	}
	return q.Path + "?" + v.Encode()
}

// Hidden returns the state of the list as fields of a form, for a form that leads to a dialog above the list.
func (q Paging) Hidden() []component.HiddenField {
	var out []component.HiddenField
	add := func(name, value string) {
		if value != "" {
			out = append(out, component.HiddenField{Name: name, Value: value})
		}
	}
	add("q", q.Find)
	add("sort", q.sort)
	if q.Page > 1 {
		add("page", strconv.Itoa(q.Page))
	}
	return out
}

// Column returns the head of a column. With a key, the head sorts the list.
func (q Paging) Column(label, key string) component.Column {
	c := component.Column{Label: label}
	if key == "" {
		return c
	}
	current, descending := q.Order()
	to := q
	to.Page, to.sort = 1, key
	if current == key {
		c.Sorted = "ascending"
		if descending {
			c.Sorted = "descending"
		} else {
			to.sort = "-" + key
		}
	}
	c.SortHref = to.Href()
	return c
}

// Filter returns the search form above the list.
func (q Paging) Filter(id, label, search string) component.FilterModel {
	f := component.FilterModel{Action: q.Path, Label: label, ID: id, Name: "q", Search: search, Value: q.Find, Submit: "Search"}
	if q.sort != "" {
		f.Hidden = append(f.Hidden, component.HiddenField{Name: "sort", Value: q.sort})
	}
	if q.Find != "" {
		clear := q
		clear.Find, clear.Page = "", 1
		f.ClearHref = clear.Href()
	}
	return f
}

// Pages returns the links to the previous and next page. It returns nil if the list fits one page.
func (q Paging) Pages(rows, total int, one, many string) *component.PaginationModel {
	return PageLinks(q.Page, q.Size, rows, total, one, many, func(page int) string {
		q.Page = page
		return q.Href()
	})
}

// PageLinks is [Paging.Pages] for a list with a state of its own: href returns the address of a page.
func PageLinks(page, size, rows, total int, one, many string, href func(page int) string) *component.PaginationModel {
	if total <= size && page == 1 || total == 0 {
		return nil
	}
	from := (page - 1) * size
	m := &component.PaginationModel{Summary: "There are " + Count(total, one, many) + "."}
	if total == 1 {
		m.Summary = "There is " + Count(total, one, many) + "."
	}
	if rows > 0 {
		m.Summary = Thousands(from+1) + "–" + Thousands(from+rows) + " of " + Thousands(total)
	}
	if page > 1 {
		m.PrevHref = href(min(page-1, (total+size-1)/size))
	}
	if from+rows < total && rows > 0 {
		m.NextHref = href(page + 1)
	}
	return m
}

// NoRows returns what a page of a list says that has no rows: none, unless others of its pages have some.
func NoRows(page, total int, none string) string {
	if total > 0 {
		return "There is no page " + Thousands(page) + "."
	}
	return none
}

// FilterFrom is the number of rows from which a list has a search form.
const FilterFrom = 11

// ShownWorkspaces returns the workspaces of a list that is searched by their names which [Listed] shows.
func (q Paging) ShownWorkspaces(list []account.Workspace) []account.Workspace {
	shown, _ := Listed(list, q, "", "", "", func(w account.Workspace) string { return w.Name })
	return shown
}

// Listed returns the page of rows that q asks for, among those that match its search, and what
// stands around the table. text returns the text of a row that is searched.
func Listed[Row any](rows []Row, q Paging, searched, one, many string, text func(Row) string) ([]Row, component.AroundModel) {
	var found []Row
	for _, row := range rows {
		if Matches(text(row), q.Find) {
			found = append(found, row)
		}
	}
	from := min(q.Offset(), len(found))
	shown := found[from:min(from+q.Size, len(found))]
	around := component.AroundModel{Pages: q.Pages(len(shown), len(found), one, many)}
	if len(rows) >= FilterFrom || q.Find != "" {
		f := q.Filter(many+"-filter", "Search "+many, searched)
		around.Filter = &f
	}
	if len(shown) == 0 {
		around.None = NoRows(q.Page, len(found), "No "+one+" matches this search.")
	}
	return shown, around
}
