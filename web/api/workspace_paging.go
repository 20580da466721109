package api

import (
	"net/url"
	"strconv"

	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
	"latchkey/internal/registry"
)

const (
	defaultPage = 100
	largestPage = 100
	lastPage    = 1 << 20
)

// paging says whether a list continues: next is the path of the next page, with the same
// parameters; without it, this is the last page.
type paging struct {
	Total int    `json:"total"`
	Next  string `json:"next,omitempty"`
}

// listing is a request for a list.
type listing struct {
	registry.Query
	path  string
	given url.Values // per_page and filters, for the next page
	asked bool       // the request asks for pages
}

// readListing parses per_page, after_cursor or page, and hasExternalId. The error is Invalid,
// by parameter.
func readListing(c echo.Context, path string) (listing, error) {
	q, l := c.Request().URL.Query(), listing{path: path, given: url.Values{}}
	l.Size = defaultPage
	var p fault.Problems
	if text := q.Get("per_page"); q.Has("per_page") {
		l.Size = wholeBetween(&p, "per_page", text, largestPage)
		l.given.Set("per_page", text)
	}
	if q.Has("page") {
		l.Page = wholeBetween(&p, "page", q.Get("page"), lastPage)
	}
	if q.Has("after_cursor") {
		l.After = q.Get("after_cursor")
		if l.After != "" && !plaintext.PossibleID(l.After) {
			p.Add("after_cursor", "This is not a valid id.")
		}
		if l.Page != 0 {
			p.Add("after_cursor", "Use page or after_cursor, not both.")
		}
	}
	if text := q.Get("hasExternalId"); q.Has("hasExternalId") {
		has := text == "true"
		if !has && text != "false" {
			p.Add("hasExternalId", "This must be true or false.")
		}
		l.HasExternalID = &has
		l.given.Set("hasExternalId", text)
	}
	l.asked = q.Has("per_page") || q.Has("page") || q.Has("after_cursor")
	return l, p.Err("The query has mistakes.")
}

// wholeBetween parses a number from 1 to most.
func wholeBetween(p *fault.Problems, name, text string, most int) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		p.Add(name, "This must be a whole number from 1 to "+strconv.Itoa(most)+".")
		return 1
	}
	return n
}

// unlessAsked returns the whole list unless the request asks for pages: existing clients read
// some lists without looking for a next page.
func (l listing) unlessAsked() listing {
	if !l.asked {
		l.Size = 0
	}
	return l
}

// paging describes a page that ends with the entry last.
func (l listing) paging(total int, more bool, last string) paging {
	p := paging{Total: total}
	if !more {
		return p
	}
	next := url.Values{}
	for name, values := range l.given {
		next[name] = values
	}
	if l.Page > 0 {
		next.Set("page", strconv.Itoa(l.Page+1))
	} else {
		next.Set("after_cursor", last)
	}
	p.Next = l.path + "?" + next.Encode()
	return p
}

// pageOf presents the items of a page and describes it.
func pageOf[T, W any](l listing, found registry.List[T], id func(T) string, present func(T) W) ([]W, paging) {
	items, last := make([]W, len(found.Items)), ""
	for i, item := range found.Items {
		items[i], last = present(item), id(item)
	}
	return items, l.paging(found.Total, found.More, last)
}
