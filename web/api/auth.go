package api

import (
	"errors"
	"net/http"
	"net/netip"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/segmentio/ksuid"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/audit"
	"latchkey/internal/fault"
	"latchkey/internal/verify"
	"latchkey/web/request"
	"latchkey/web/respond"
)

// tokenKey is the context key under which Bearer stores the token.
const tokenKey = "latchkey.token"

// expiresHeader is the response header with the expiry of the caller's token.
const expiresHeader = "Latchkey-Token-Expires"

// Bearer passes on requests whose token is still valid once their body was read, and stores
// the token for [Token] and [Handlers.Standing].
//
// It authenticates but does not authorize; it records in the audit log what later handlers
// refuse the token. Without a valid token it answers 401, the same for all reasons. An address
// that keeps failing gets 429 for its failures, while valid tokens from there still pass: many
// clients may share an address.
func (h *Handlers) Bearer(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		header := c.Response().Header()
		header.Set("Cache-Control", "no-store")
		from := h.address(c.Request())
		v, err := h.authenticate(c.Request(), header, from)
		if err == nil && request.Hold(c) {
			v, err = h.authenticate(c.Request(), header, from) // reading the body may have taken long
		}
		if err != nil {
			return err
		}
		h.used(c.Request(), v, from)
		if end := v.ExpiresAt(); !end.IsZero() {
			header.Set(expiresHeader, end.Format(time.RFC3339))
		}
		c.Set(tokenKey, v)
		err = next(c)
		if f := ofWrongLevel(err); f != nil {
			err = f
		}
		if f := fault.Of(err); f != nil && (f.Kind == fault.Denied || f.Kind == fault.Unauthenticated) {
			h.denied(c.Request(), header, v, f.Message)
		}
		return err
	}
}

// ofWrongLevel returns the documented fault if err refuses a token of the wrong level, and nil
// for any other error.
func ofWrongLevel(err error) *fault.Error {
	var refused access.Refusal
	if !errors.As(err, &refused) || refused.Reason.Code != access.WrongTokenLevel {
		return nil
	}
	f := fault.NewUnauthenticated("This endpoint requires an organization-level access token")
	if refused.Reason.Kind == access.OrganizationToken {
		f.Message = "This endpoint requires a workspace-level access token"
	}
	f.Cause = err
	return f
}

// Token returns the token that [Handlers.Bearer] accepted, or the zero value without one.
func Token(c echo.Context) verify.Verified {
	v, _ := c.Get(tokenKey).(verify.Verified)
	return v
}

// Standing returns the token that [Handlers.Bearer] accepted, in the form that use cases take.
func (h *Handlers) Standing(c echo.Context) actor.Standing {
	return Token(c).Standing(h.origin(c.Request(), c.Response().Header().Get(echo.HeaderXRequestID)))
}

// The texts for a request without a token, and for one whose token is not accepted. The
// latter is the same for unknown, expired, revoked, suspended and malformed tokens.
const (
	missingText = "Send an access token: Authorization: Bearer <token>."
	invalidText = "The access token is not valid: it may be mistyped, expired, revoked, suspended or not allowed from this address."
)

// authenticate verifies the token of a request, whose use the caller records. Its error is
// Unauthenticated, with the challenge in header, or Throttled, or the database's.
func (h *Handlers) authenticate(r *http.Request, header http.Header, from netip.Addr) (verify.Verified, error) {
	secret, came := credential(r.Header)
	if !came {
		header.Set("WWW-Authenticate", respond.Challenge)
		return verify.Verified{}, fault.NewUnauthenticated(missingText)
	}
	v, wait, err := h.verify(r, header, secret, from)
	switch {
	case err == nil:
		return v, nil
	case wait > 0:
		return v, fault.NewThrottled("Too many failed tokens came from this address.", wait)
	case isRefused(err):
		header.Set("WWW-Authenticate", respond.ChallengeInvalid)
		f := fault.NewUnauthenticated(invalidText)
		f.Cause = err
		return v, f
	}
	return v, err
}

// used records that a request used a token. It reads the user agent only if that is kept.
func (h *Handlers) used(r *http.Request, v verify.Verified, from netip.Addr) {
	agent := ""
	if v.Watched() {
		agent = r.UserAgent()
	}
	h.d.Verify.Used(v, from, agent)
}

func isRefused(err error) bool {
	var refused *verify.Refused
	return errors.As(err, &refused)
}

// verify verifies a secret. It counts failures, and leaves the use to the caller. wait is set
// with the error if the address has failed too often. header belongs to the response.
func (h *Handlers) verify(r *http.Request, header http.Header, secret string, from netip.Addr) (v verify.Verified,
	wait time.Duration, err error) {
	if wait = h.d.Failures.Wait(from); wait == 0 {
		v, err = h.d.Verify.VerifyFrom(r.Context(), secret, from)
	} else {
		v, err = h.d.Verify.RecallFrom(r.Context(), secret, from)
	}
	if err == nil {
		return v, 0, nil
	}
	var refused *verify.Refused
	if !errors.As(err, &refused) {
		return v, 0, err
	}
	h.d.Failures.Fail(from)
	if wait == 0 {
		h.report(r, header, err)
	}
	return v, wait, err
}

// report passes a refused token that once was valid to Deps.Refused. It gives every such
// request an id: otherwise the response would reveal whether the token was ever valid.
func (h *Handlers) report(r *http.Request, header http.Header, err error) {
	id := requestID(header)
	var refused *verify.Refused
	if h.d.Refused != nil && errors.As(err, &refused) && refused.Token != nil {
		h.d.Refused(r.Context(), refused, h.origin(r, id))
	}
}

// denied counts that a valid token was refused something, and records it in the audit log. The
// reason must not repeat text that the client made up.
func (h *Handlers) denied(r *http.Request, header http.Header, v verify.Verified, reason string) {
	h.d.Verify.Denied(v)
	if h.d.Denied == nil {
		return
	}
	p := v.Principal()
	h.d.Denied(audit.Attempt{Action: audit.AccessDenied, Organization: p.Organization, Kind: p.Kind, Token: p.ID, Name: v.Name(),
		Owner: p.Owner, Workspace: p.Workspace, Reason: reason, Origin: h.origin(r, requestID(header))})
}

// requestID returns the id of the request and sends it to the client. A direct route gets an
// id only if there is something to look for in the log.
func requestID(header http.Header) string {
	id := header.Get(echo.HeaderXRequestID)
	if id == "" {
		id = ksuid.New().String()
		header.Set(echo.HeaderXRequestID, id)
	}
	return id
}
