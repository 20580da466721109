package kit

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
)

// Gate says who may reach a page at all. The services decide what they may do there.
type Gate uint8

// The gates.
const (
	Open      Gate = iota // everybody
	FirstRun              // only while no organization exists
	Member                // signed-in, active members, with the second factor that the organization requires
	Enrolling             // also those who lack it: to add one, and to sign out
)

// Page is one row of the route table.
type Page struct {
	Method string
	Path   string
	Gate   Gate
	Needs  access.Permission // with Member: the organization permission that the visitor must have
	Limit  int64             // of the body, in bytes; 0 is the limit of forms
	Handle echo.HandlerFunc
	// Across says that pages of other sites may send this form. It is bound to the browser otherwise.
	Across bool
}

// Get returns the row of a page.
func Get(path string, gate Gate, needs access.Permission, handle echo.HandlerFunc) Page {
	return Page{Method: http.MethodGet, Path: path, Gate: gate, Needs: needs, Handle: handle}
}

// Post returns the row that receives a form.
func Post(path string, gate Gate, needs access.Permission, handle echo.HandlerFunc) Page {
	return Page{Method: http.MethodPost, Path: path, Gate: gate, Needs: needs, Handle: handle}
}

// Guard returns the page's gate as middleware.
func (s *Site) Guard(p Page) echo.MiddlewareFunc {
	switch p.Gate {
	case FirstRun:
		return s.firstRun
	case Member:
		return s.member(p.Needs, false)
	case Enrolling:
		return s.member(p.Needs, true)
	case Open:
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc { return next }
}
