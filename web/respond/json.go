package respond

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"latchkey/internal/fault"
)

// problem is the body of every error of the JSON API.
type problem struct {
	Error   string            `json:"error"`
	Message string            `json:"message"`
	Code    string            `json:"code"`
	Details map[string]string `json:"details,omitempty"` // by field path
}

// Code returns the machine name of a fault kind in the JSON API.
func Code(kind fault.Kind) string {
	switch kind {
	case fault.NotFound:
		return "NOT_FOUND"
	case fault.Denied:
		return "FORBIDDEN"
	case fault.Invalid:
		return "INVALID"
	case fault.Conflict:
		return "CONFLICT"
	case fault.Unauthenticated:
		return "UNAUTHORIZED"
	case fault.Throttled:
		return "TOO_MANY_REQUESTS"
	case fault.TooLarge:
		return "TOO_LARGE"
	case fault.Encoded:
		return "UNSUPPORTED_MEDIA_TYPE"
	case fault.Unavailable:
		return "UNAVAILABLE"
	case fault.Abandoned:
		return "ABANDONED"
	case fault.Unproven:
		return "UNPROVEN"
	case fault.Internal:
	}
	return "INTERNAL"
}

// The challenges of RFC 6750, section 3, for WWW-Authenticate.
const (
	// Challenge is for requests without a credential: it has no error code.
	Challenge = `Bearer realm="Latchkey"`
	// ChallengeInvalid is for any credential that is not accepted, whatever the reason.
	ChallengeInvalid = Challenge + `, error="invalid_token", error_description="The access token is not valid here"`
	// ChallengeScope is for a valid token that lacks a permission.
	ChallengeScope = Challenge + `, error="insufficient_scope"`
)

// Problem sends a fault as JSON: {"error","message","code","details"}. It adds
// WWW-Authenticate unless the header is set already, and Retry-After for Throttled and
// Unavailable. Causes stay private.
func Problem(w http.ResponseWriter, f *fault.Error) {
	h := w.Header()
	if h.Get("WWW-Authenticate") == "" {
		switch f.Kind {
		case fault.Unauthenticated:
			h.Set("WWW-Authenticate", ChallengeInvalid)
		case fault.Denied:
			h.Set("WWW-Authenticate", ChallengeScope)
		default:
		}
	}
	SayWhen(h, f)
	JSON(w, Status(f.Kind), problem{Error: f.Message, Message: f.Message, Code: cmp.Or(f.Code, Code(f.Kind)), Details: details(f.Fields)})
}

// WrongMethod answers a method that the path does not support; allow lists those that it
// does. There is no fault kind for this, since it concerns HTTP only.
func WrongMethod(w http.ResponseWriter, allow string) {
	const text = "This path does not support this method."
	w.Header().Set("Allow", allow)
	JSON(w, http.StatusMethodNotAllowed, problem{Error: text, Message: text, Code: "METHOD_NOT_ALLOWED"})
}

// Unserved answers a path of the API that this server does not have. docs is the address of the
// API's documentation. There is no fault kind for this, since nothing was looked for.
func Unserved(w http.ResponseWriter, docs string) {
	text := "Latchkey does not serve this path. What it serves is described at " + docs
	w.Header().Set("Link", "<"+docs+`>; rel="service-doc"`)
	JSON(w, http.StatusNotFound, problem{Error: text, Message: text, Code: "UNSERVED"})
}

// RetryAfter returns a wait in whole seconds, rounded up and never 0.
func RetryAfter(wait time.Duration) string {
	return strconv.FormatInt(max(1, int64((wait+time.Second-1)/time.Second)), 10)
}

// details returns the problems by path. Several problems of one path are joined.
func details(fields []fault.Field) map[string]string {
	if len(fields) == 0 {
		return nil
	}
	out := make(map[string]string, len(fields))
	for _, f := range fields {
		if there := out[f.Path]; there != "" {
			out[f.Path] = there + " " + f.Message
			continue
		}
		out[f.Path] = f.Message
	}
	return out
}

// JSON sends a value. Responses of the API are private: caches must not store them. Stored
// JSON is sent unchanged: "<" stays "<", because a response is never read as HTML. A value
// that does not marshal is a bug and sent as an internal fault.
func JSON(w http.ResponseWriter, status int, value any) {
	var body bytes.Buffer
	e := json.NewEncoder(&body)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		f := fault.NewInternal(err)
		status = http.StatusInternalServerError
		body.Reset()
		_ = e.Encode(problem{Error: f.Message, Message: f.Message, Code: Code(f.Kind)})
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes())
}
