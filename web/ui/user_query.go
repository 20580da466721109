package ui

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"latchkey/views/component"
)

// pageQuery is the state of a list whose pages the server cuts, as its URL carries it.
type pageQuery struct {
	path  string
	find  string
	sort  string // one of sorts, "-" before it reverses; "" is the first of them
	page  int    // from 1
	size  int    // rows on a page
	sorts []string
	keep  url.Values // other parameters of the address
}

// readPageQuery reads the state; what is not understood is left out.
func readPageQuery(path string, query url.Values, size int, sorts ...string) pageQuery {
	q := pageQuery{path: path, find: shown(strings.TrimSpace(query.Get("q"))), page: 1, size: size, sorts: sorts}
	if sort := query.Get("sort"); slices.Contains(sorts, strings.TrimPrefix(sort, "-")) {
		q.sort = sort
	}
	if n, err := strconv.Atoi(query.Get("page")); err == nil && n > 1 && n < 1_000_000 {
		q.page = n
	}
	return q
}

func (q pageQuery) offset() int { return (q.page - 1) * q.size }

// order is the key to sort by, and whether downwards.
func (q pageQuery) order() (key string, descending bool) {
	key = strings.TrimPrefix(q.sort, "-")
	if key == "" && len(q.sorts) > 0 {
		key = q.sorts[0]
	}
	return key, strings.HasPrefix(q.sort, "-")
}

// href is the list's address in this state; the usual state needs no query.
func (q pageQuery) href() string {
	v := url.Values{}
	for name, values := range q.keep {
		v[name] = values
	}
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	set("q", q.find)
	set("sort", q.sort)
	if q.page > 1 {
		v.Set("page", strconv.Itoa(q.page))
	}
	if len(v) == 0 {
		return q.path
	}
	return q.path + "?" + v.Encode()
}

// column heads a column; with a key it sorts.
func (q pageQuery) column(label, key string) component.Column {
	c := component.Column{Label: label}
	if key == "" {
		return c
	}
	current, descending := q.order()
	to := q
	to.page, to.sort = 1, key
	if current == key {
		c.Sorted = "ascending"
		if descending {
			c.Sorted = "descending"
		} else {
			to.sort = "-" + key
		}
	}
	c.SortHref = to.href()
	return c
}

// filter is the search form above the list.
func (q pageQuery) filter(id, label, search string) component.FilterModel {
	f := component.FilterModel{Action: q.path, Label: label, ID: id, Name: "q", Search: search, Value: q.find, Submit: "Search"}
	if q.sort != "" {
		f.Hidden = append(f.Hidden, component.HiddenField{Name: "sort", Value: q.sort})
	}
	if q.find != "" {
		clear := q
		clear.find, clear.page = "", 1
		f.ClearHref = clear.href()
	}
	return f
}

// pages leads through the list; nil when it fits one page.
func (q pageQuery) pages(rows, total int, one, many string) *component.PaginationModel {
	if total <= q.size && q.page == 1 {
		return nil
	}
	m := &component.PaginationModel{Summary: "Nothing here. There are " + count(total, one, many) + "."}
	if rows > 0 {
		m.Summary = thousands(q.offset()+1) + "–" + thousands(q.offset()+rows) + " of " + thousands(total)
	}
	if q.page > 1 {
		prev := q
		prev.page = min(q.page-1, max(1, (total+q.size-1)/q.size))
		m.PrevHref = prev.href()
	}
	if q.offset()+rows < total && rows > 0 {
		next := q
		next.page++
		m.NextHref = next.href()
	}
	return m
}

// listed is the page that q asks for of the rows that match its search, and what stands
// around it. text is what is searched in.
func listed[Row any](rows []Row, q pageQuery, searched, one, many string, text func(Row) string) ([]Row, component.AroundModel) {
	var found []Row
	for _, row := range rows {
		if matches(text(row), q.find) {
			found = append(found, row)
		}
	}
	from := min(q.offset(), len(found))
	shown := found[from:min(from+q.size, len(found))]
	around := component.AroundModel{Pages: q.pages(len(shown), len(found), one, many)}
	if len(rows) >= filterFrom || q.find != "" {
		f := q.filter(many+"-filter", "Search "+many, searched)
		around.Filter = &f
	}
	if len(found) == 0 {
		around.None = "No " + one + " matches this search."
	}
	return shown, around
}

// path joins the parts of an address below base, each escaped.
func path(base string, parts ...string) string {
	for _, part := range parts {
		base += "/" + url.PathEscape(part)
	}
	return base
}

// withQuery adds parameters, given as name, value, name, value …, to an address.
func withQuery(address string, pairs ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return address + "?" + v.Encode()
}
