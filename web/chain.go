package web

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/segmentio/ksuid"

	"latchkey/internal/fault"
	"latchkey/web/scim"
	"latchkey/web/ui/kit"
)

// maxBody is how much of a request's body is read. The largest honest form is a policy
// with a few thousand chosen resources.
const maxBody = 1 << 20

// maxUpload is how large an export may be. It is read in a stream and behind the gate for
// Admins, so it holds no memory.
const maxUpload = 256 << 20

// contentSecurityPolicy allows what is served from here and nothing else: no inline script or
// style, no nonce, no framing.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// outer is the chain around every route, outermost first. Order matters: the log must
// see what recovery made of a panic, and every answer, errors included, carries the headers.
func outer(log *slog.Logger) []echo.MiddlewareFunc {
	return []echo.MiddlewareFunc{
		requestID,       // names the request for log, audit and error page
		accessLog(log),  // one line per request: path without query, never a header
		securityHeaders, // on every answer
		recovery,        // a panic becomes an internal fault
		bodyLimit,       // reading beyond it fails
	}
}

// requestID gives the request an id of our own; one that a client sends is not trusted.
func requestID(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Header().Set(echo.HeaderXRequestID, ksuid.New().String())
		return next(c)
	}
}

// accessLog writes one line per request. The error is rendered first, so that the status is
// the one sent. An internal fault's cause is logged here and nowhere else.
func accessLog(log *slog.Logger) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			start := time.Now()
			err := next(c)
			if err != nil {
				c.Error(err)
			}
			level, attrs := slog.LevelInfo, []slog.Attr{
				slog.String("method", c.Request().Method),
				slog.String("path", c.Request().URL.Path),
				slog.Int("status", c.Response().Status),
				slog.Duration("took", time.Since(start)),
				slog.String("ip", c.RealIP()),
				slog.String("request_id", c.Response().Header().Get(echo.HeaderXRequestID)),
			}
			if err != nil && c.Response().Status >= http.StatusInternalServerError {
				level = slog.LevelError
				attrs = append(attrs, slog.String("error", err.Error()))
			}
			log.LogAttrs(c.Request().Context(), level, "request", attrs...)
			return nil
		}
	}
}

// securityHeaders sets the floor on every answer.
func securityHeaders(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Content-Security-Policy", contentSecurityPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		if c.IsTLS() {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		return next(c)
	}
}

// recovery turns a panic into an internal fault with its stack as the private cause.
func recovery(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p)
				}
				err = fault.NewInternal(fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
			}
		}()
		return next(c)
	}
}

// maxProvisioned is how large a provider's request may be: a group with ten thousand members
// by id, address and name. It is read only when the token is good.
const maxProvisioned = 4 << 20

// bodyLimit refuses a body that says it is too long, and makes reading more than maxBody
// fail with *http.MaxBytesError. That is all it does for providers, whose refused requests are
// recorded by those who know the token.
//
// The limit is that of a copy of the request: net/http goes by its own request's body when it
// answers one that was not read. It would wait for any other, even if the client holds it back.
func bodyLimit(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r, limit := c.Request(), int64(maxBody)
		provisioned := scim.Serves(r.URL.Path)
		switch {
		case provisioned:
			limit = maxProvisioned
		case r.URL.Path == kit.MigrationUploadPath:
			limit = maxUpload
		}
		if r.ContentLength > limit && !provisioned {
			return fault.NewTooLarge("The request is too large.")
		}
		limited := r.WithContext(r.Context())
		limited.Body = http.MaxBytesReader(c.Response(), r.Body, limit)
		c.SetRequest(limited)
		return next(c)
	}
}

// sameOrigin refuses state changes that another site's page makes a browser send. It goes by
// Sec-Fetch-Site and Origin, so forms need no token of their own.
func sameOrigin(next echo.HandlerFunc) echo.HandlerFunc {
	protection := http.NewCrossOriginProtection()
	return func(c echo.Context) error {
		if err := protection.Check(c.Request()); err != nil {
			f := fault.NewDenied("This request came from another site and was refused.")
			f.Cause = err
			return f
		}
		return next(c)
	}
}
