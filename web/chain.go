package web

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/segmentio/ksuid"

	"latchkey/internal/fault"
	"latchkey/web/request"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

// contentSecurityPolicy allows only what this server serves: no inline script or style, no
// nonce, no framing.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// outer returns the chain around every route, outermost first. Order matters: the log must
// see the fault that recovery made of a panic, and every response, errors included, carries
// the headers.
// secure says that browsers reach the server over TLS.
func outer(log *slog.Logger, secure bool) []echo.MiddlewareFunc {
	return []echo.MiddlewareFunc{
		requestID,               // identifies the request in the log, audit events and error pages
		accessLog(log),          // one line per request: path without query, never a header
		securityHeaders(secure), // on every response
		recovery,                // a panic becomes an internal fault
	}
}

// requestID gives the request a new id. It ignores one that the client sends.
func requestID(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Header().Set(echo.HeaderXRequestID, ksuid.New().String())
		return next(c)
	}
}

// accessLog writes one line per request. The error is rendered first, so that the status is
// the one sent. An internal fault's cause is logged here and nowhere else. An answer that broke off is cut, so
// that its client does not take it for whole.
func accessLog(log *slog.Logger) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			start := time.Now()
			err := next(c)
			if err != nil {
				c.Error(err)
			}
			status := c.Response().Status
			var broken *request.Broken
			if errors.As(err, &broken) {
				status = http.StatusInternalServerError
				if broken.Abandoned() {
					status = respond.StatusAbandoned
				}
			}
			level, attrs := slog.LevelInfo, []slog.Attr{
				slog.String("method", c.Request().Method),
				slog.String("path", loggedPath(c.Request().URL.Path)),
				slog.Int("status", status),
				slog.Duration("took", time.Since(start)),
				slog.String("ip", c.RealIP()),
				slog.String("request_id", c.Response().Header().Get(echo.HeaderXRequestID)),
			}
			if err != nil && status >= http.StatusInternalServerError {
				level = slog.LevelError
				attrs = append(attrs, slog.String("error", err.Error()))
			}
			log.LogAttrs(c.Request().Context(), level, "request", attrs...)
			if broken != nil {
				panic(http.ErrAbortHandler)
			}
			return nil
		}
	}
}

// loggedPath returns a path for the log, without the secrets in the addresses of calendars, however they are
// mistyped.
func loggedPath(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if strings.HasSuffix(strings.ToLower(part), ".ics") {
			parts[i] = "…"
		}
		if strings.EqualFold(part, strings.Trim(kit.FeedPath, "/")) && i+1 < len(parts) && path != kit.CalendarPath+"/revoke" {
			return strings.Join(append(parts[:i+1], "…"), "/")
		}
	}
	return strings.Join(parts, "/")
}

// securityHeaders sets the security headers of every response. The server itself never speaks
// TLS, so the public URL says whether a proxy in front of it does.
func securityHeaders(secure bool) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			h := c.Response().Header()
			h.Set("Content-Security-Policy", contentSecurityPolicy)
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("Referrer-Policy", "same-origin")
			h.Set("Cross-Origin-Opener-Policy", "same-origin")
			h.Set("Cross-Origin-Resource-Policy", "same-origin")
			h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
			if secure {
				h.Set("Strict-Transport-Security", "max-age=31536000")
			}
			return next(c)
		}
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

// sameOrigin refuses state changes that a page of another site makes a browser send. It
// checks Sec-Fetch-Site and Origin, so forms need no token. own is the server's public origin, if
// it is known: a browser without Sec-Fetch-Site is judged by Origin and Host, and a proxy may have
// rewritten Host.
func sameOrigin(own string) echo.MiddlewareFunc {
	protection := http.NewCrossOriginProtection()
	if own != "" {
		if err := protection.AddTrustedOrigin(own); err != nil {
			panic(fmt.Sprintf("web: public origin: %v", err)) // the configuration was checked
		}
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if err := protection.Check(c.Request()); err != nil {
				f := fault.NewDenied("This request came from another site and was refused.")
				f.Cause = err
				return f
			}
			return next(c)
		}
	}
}
