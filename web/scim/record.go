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

// recordKey is the context key of the record that [Handlers.record] keeps of a request.
const recordKey = "latchkey.scim.record"

// recordOf returns the record of a request, for handlers to complete.
func recordOf(c echo.Context) *provision.Request {
	if r, ok := c.Get(recordKey).(*provision.Request); ok {
		return r
	}
	return &provision.Request{}
}

// about records the name of the user or group of a request; the path has only an id.
func about(c echo.Context, name any) {
	if text, ok := name.(string); ok {
		recordOf(c).Subject = text
	}
}

// record answers a request of a token that may provision, and always records its outcome. It
// returns only errors of this server, for the log. A failure to store the record does not
// fail the request.
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
		err := abandoned(c, next(c))
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

// keep stores the record of a request, even if the client has disconnected.
func (h *Handlers) keep(c echo.Context, r *provision.Request) {
	ctx := context.WithoutCancel(c.Request().Context())
	r.Subject, r.Detail = h.safe(r.Subject), h.safe(r.Detail)
	err := h.d.Provision.Record(ctx, h.d.Standing(c).Caller(), *r)
	if err != nil && !fault.Is(err, fault.Unauthenticated) { // the token may have ended in the meantime
		h.d.Log.ErrorContext(ctx, "scim: cannot record a request", "error", err)
	}
}

// How often, per address, a request of a token that may not provision is added to the list of
// requests: often enough for an Admin who gave the provider the wrong token or forgot to
// switch provisioning on, too rarely to push out other failures.
const (
	wrongBurst = 3
	wrongEvery = time.Minute
)

// enter refuses tokens of another level, and all tokens while provisioning is off or not part
// of the plan. It does not record these refusals in the audit log: Deps.Bearer does, and
// limits how many events one token can cause.
func (h *Handlers) enter(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		by := h.d.Standing(c)
		err := h.d.Provision.Enter(c.Request().Context(), by)
		if err == nil && by.Kind != access.OrganizationToken { // never happens; checked again for safety
			err = fault.NewInternal(fmt.Errorf("a token of kind %v may use SCIM", by.Kind))
		}
		switch {
		case err == nil:
			return next(c)
		case !fault.Is(err, fault.Denied) && !fault.Is(err, fault.Unauthenticated):
			return h.record(func(echo.Context) error { return err })(c)
		}
		from, _ := netip.ParseAddr(by.Origin.IP) // the zero address counts too
		if h.wrong.Wait(from) == 0 {
			h.wrong.Fail(from)
			r := provision.Request{Method: c.Request().Method, Path: h.path(c.Request().URL), Events: 1}
			r.Status, r.Type, r.Detail = respond.SCIMOutcome(err)
			h.keep(c, &r)
		}
		return err
	}
}

// path returns the path of a request with the query parameters that SCIM defines. It drops
// others, which might hold a credential.
func (h *Handlers) path(u *url.URL) string {
	query, _ := url.ParseQuery(u.RawQuery) // drops malformed parts
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

// safe removes secrets of tokens from a text that a client sent.
func (h *Handlers) safe(text string) string { return h.secrets.ReplaceAllString(text, "$1…") }
