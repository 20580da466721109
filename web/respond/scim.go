package respond

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"latchkey/internal/fault"
	"latchkey/internal/provision"
)

// SCIMType is the media type of every SCIM response (RFC 7644 §3.1).
const SCIMType = "application/scim+json"

// scimError is the body of every SCIM error (RFC 7644 §3.12).
type scimError struct {
	Schemas []string `json:"schemas"`
	Status  string   `json:"status"`
	Type    string   `json:"scimType,omitempty"`
	Detail  string   `json:"detail"`
}

// SCIMOutcome returns what a SCIM client learns of an error: status, keyword and text. Causes
// stay private. The only status without a fault kind is 412, for a version that is no longer
// current.
func SCIMOutcome(err error) (status int, problem provision.ProblemType, detail string) {
	f := fault.Of(err)
	status = Status(f.Kind)
	var p *provision.Problem
	if errors.As(err, &p) {
		problem = p.Type
	}
	switch {
	case problem == provision.StaleVersion:
		return http.StatusPreconditionFailed, "", f.Message
	case f.Kind == fault.Invalid && problem == "":
		problem = provision.InvalidValue
	}
	return status, problem, f.Message
}

// SCIMProblem sends an error as SCIM. It adds WWW-Authenticate unless the header is set
// already, and Retry-After for Throttled and Unavailable.
func SCIMProblem(w http.ResponseWriter, err error) {
	status, problem, detail := SCIMOutcome(err)
	h := w.Header()
	if status == http.StatusUnauthorized && h.Get("WWW-Authenticate") == "" {
		h.Set("WWW-Authenticate", ChallengeInvalid)
	}
	SayWhen(h, fault.Of(err))
	SCIMStatus(w, status, problem, detail)
}

// SCIMStatus sends an error given by its parts.
func SCIMStatus(w http.ResponseWriter, status int, problem provision.ProblemType, detail string) {
	SCIM(w, status, scimError{Schemas: []string{"urn:ietf:params:scim:api:messages:2.0:Error"},
		Status: strconv.Itoa(status), Type: string(problem), Detail: detail})
}

// SCIM sends a value. Responses are private: caches must not store them. A value that does
// not marshal is a bug and sent as an internal fault.
func SCIM(w http.ResponseWriter, status int, value any) {
	var body bytes.Buffer
	e := json.NewEncoder(&body)
	e.SetEscapeHTML(false) // return what was sent unchanged
	if err := e.Encode(value); err != nil {
		SCIMProblem(w, fault.NewInternal(err))
		return
	}
	h := w.Header()
	h.Set("Content-Type", SCIMType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes())
}
