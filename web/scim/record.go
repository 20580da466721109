package scim

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/provision"
	"latchkey/web/respond"
)

// recordKey is where [Handlers.record] leaves what is to be recorded of a request.
const recordKey = "latchkey.scim.record"

// recordOf is what will be recorded of a request, for handlers to add to.
func recordOf(c echo.Context) *provision.Request {
	if r, ok := c.Get(recordKey).(*provision.Request); ok {
		return r
	}
	return &provision.Request{}
}

// about notes whom or what a request is about, by name; its path only has an id.
func about(c echo.Context, name any) {
	if text, ok := name.(string); ok {
		recordOf(c).Subject = text
	}
}

// record answers a request of a token that may provision and records how it ended, whatever happens. Only
// what is wrong with this server is passed on, for the log. That the record cannot be kept does
// not fail what has been done.
func (h *Handlers) record(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := &provision.Request{Method: c.Request().Method, Path: h.path(c.Request().URL)}
		c.Set(recordKey, r)
		defer func() {
			if p := recover(); p != nil {
				r.Status, r.Detail = http.StatusInternalServerError, fault.NewInternal(nil).Message
				h.keep(c, r)
				panic(p)
			}
		}()
		err := next(c)
		if err != nil {
			r.Status, r.Type, r.Detail = respond.SCIMOutcome(err)
			if !c.Response().Committed {
				h.Problem(c, err)
			}
		}
		if r.Status == 0 {
			r.Status = c.Response().Status
		}
		h.keep(c, r)
		if r.Status < http.StatusInternalServerError {
			return nil
		}
		return err
	}
}

// keep records a request. It outlives the request: who hangs up is recorded as well.
func (h *Handlers) keep(c echo.Context, r *provision.Request) {
	ctx := context.WithoutCancel(c.Request().Context())
	r.Subject, r.Detail = h.safe(r.Subject), h.safe(r.Detail)
	err := h.d.Provision.Record(ctx, h.d.Standing(c).Caller(), *r)
	if err != nil && !fault.Is(err, fault.Unauthenticated) { // a token that ended meanwhile provisions nothing
		h.d.Log.ErrorContext(ctx, "scim: cannot record a request", "error", err)
	}
}

// How often the list of requests is told, per address, of tokens that may not provision: often
// enough for an Admin who gave the provider the wrong one or has not switched provisioning on,
// too rarely to push out what else has failed.
const (
	wrongBurst = 3
	wrongEvery = time.Minute
)

// enter refuses tokens of another level, and everybody while provisioning is off or not part of
// the plan. Those refusals are in the audit log already: whoever lets tokens through notes there
// what they are refused, and does not let one that keeps trying fill it.
func (h *Handlers) enter(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		by := h.d.Standing(c)
		err := h.d.Provision.Enter(c.Request().Context(), by)
		if err == nil && by.Kind != access.OrganizationToken { // never: a wrong guess must not open the door
			err = fault.NewInternal(fmt.Errorf("a token of kind %v may use SCIM", by.Kind))
		}
		switch {
		case err == nil:
			return next(c)
		case !fault.Is(err, fault.Denied) && !fault.Is(err, fault.Unauthenticated):
			return h.record(func(echo.Context) error { return err })(c)
		}
		from, _ := netip.ParseAddr(by.Origin.IP) // the zero address is one as well
		if h.wrong.Wait(from) == 0 {
			h.wrong.Fail(from)
			r := provision.Request{Method: c.Request().Method, Path: h.path(c.Request().URL), Events: 1}
			r.Status, r.Type, r.Detail = respond.SCIMOutcome(err)
			h.keep(c, &r)
		}
		return err
	}
}

// path is the path of a request and what of its query means something here. Whatever else
// stands there, a credential perhaps, is nobody's business later.
func (h *Handlers) path(u *url.URL) string {
	query, _ := url.ParseQuery(u.RawQuery) // what cannot be read is left out
	var known []string
	for _, name := range []string{"filter", "startIndex", "count", "sortBy", "sortOrder", "attributes", "excludedAttributes"} {
		value := query.Get(name)
		if name == "filter" && strings.Contains(strings.ToLower(value), "password") {
			value = "…"
		}
		if value != "" {
			known = append(known, name+"="+value)
		}
	}
	path := strings.TrimPrefix(u.Path, Base)
	if strings.HasPrefix(path, "//") {
		path = path[1:]
	}
	if len(known) > 0 {
		path += "?" + strings.Join(known, "&")
	}
	return h.safe(path)
}

// safe takes the secrets of tokens out of a text that a client made up.
func (h *Handlers) safe(text string) string { return h.secrets.ReplaceAllString(text, "$1…") }
