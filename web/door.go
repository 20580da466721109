package web

import (
	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	"latchkey/web/request"
	"latchkey/web/respond"
)

// Door is a front door: the settings that all of its rows share.
type Door struct {
	Name    string
	Limit   int64                            // of a body, in bytes
	Late    bool                             // its handlers find out that a body is too long, and record that
	Enter   echo.MiddlewareFunc              // around the gate of each row; nil: nothing
	Problem func(echo.Context, *fault.Error) // renders a fault
}

// Row is one row of the route table.
type Row struct {
	Method string
	Path   string
	Door   *Door
	Gate   echo.MiddlewareFunc // lets those in who may ask at all; nil: everybody
	Limit  int64               // of the body; 0: the door's
	Handle echo.HandlerFunc
}

// The limits of bodies, in bytes.
const (
	// maxBody is enough for the largest form: a policy with a few thousand selected resources.
	maxBody = 1 << 20
	// maxProvisioned is enough for a group with ten thousand members by id, address and name.
	maxProvisioned = 4 << 20
)

const doorKey = "latchkey.door"

// add registers a row. It records the row's door for errors and limits the body, then runs
// the door's middleware and the row's own gate.
func (r Row) add(e *echo.Echo) {
	limit := r.Limit
	if limit == 0 {
		limit = r.Door.Limit
	}
	around := []echo.MiddlewareFunc{r.Door.note, request.Limit(limit, r.Door.Late)}
	for _, m := range []echo.MiddlewareFunc{r.Door.Enter, r.Gate} {
		if m != nil {
			around = append(around, m)
		}
	}
	e.Add(r.Method, r.Path, r.Handle, around...)
}

// note records that a request came through the door.
func (d *Door) note(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Set(doorKey, d)
		return next(c)
	}
}

// doorOf returns the door that a request came through, or otherwise if no row matched.
func doorOf(c echo.Context, otherwise *Door) *Door {
	if d, ok := c.Get(doorKey).(*Door); ok {
		return d
	}
	return otherwise
}

// doors are the front doors of a server.
// across is pages without the check that a form comes from a page of this server.
type doors struct{ pages, across, api, scim, files *Door }

func newDoors(d Deps) doors {
	return doors{
		pages:  &Door{Name: "pages", Limit: maxBody, Enter: sameOrigin(d.Public.Origin()), Problem: d.Pages.Problem},
		across: &Door{Name: "pages", Limit: maxBody, Problem: d.Pages.Problem},
		api:    &Door{Name: "api", Limit: maxBody, Problem: d.API.Problem},
		scim: &Door{Name: "scim", Limit: maxProvisioned, Late: true,
			Problem: func(c echo.Context, f *fault.Error) { d.SCIM.Problem(c, f) }},
		files: &Door{Name: "files", Limit: maxBody,
			Problem: func(c echo.Context, f *fault.Error) {
				respond.SayWhen(c.Response().Header(), f)
				c.Response().WriteHeader(respond.Status(f.Kind))
			}},
	}
}
