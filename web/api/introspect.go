package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"latchkey/internal/apiclient"
	"latchkey/internal/fault"
	"latchkey/internal/token"
	"latchkey/internal/verify"
	"latchkey/web/request"
	"latchkey/web/respond"
)

// buffers recycles the memory of requests and responses that hold tokens.
type buffers struct{ pool *sync.Pool }

func newBuffers() buffers {
	return buffers{&sync.Pool{New: func() any { return new(bytes.Buffer) }}}
}

// with calls do with an empty buffer and wipes the buffer afterwards.
func (b buffers) with(do func(*bytes.Buffer) error) error {
	buf := b.pool.Get().(*bytes.Buffer)
	buf.Reset()
	defer func() {
		clear(buf.Bytes())
		b.pool.Put(buf)
	}()
	return do(buf)
}

// oauthProblem is an error in the format of RFC 6749, section 5.2, and of the rest of the API.
type oauthProblem struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
	Message     string `json:"message"`
	Code        string `json:"code"`
}

func answerOAuth(w http.ResponseWriter, status int, code string, kind fault.Kind, text string) error {
	respond.JSON(w, status, oauthProblem{Error: code, Description: text, Message: text, Code: respond.Code(kind)})
	return nil
}

func invalidRequest(w http.ResponseWriter, text string) error {
	return answerOAuth(w, http.StatusBadRequest, "invalid_request", fault.Invalid, text)
}

// introspect serves POST /oauth2/introspect (RFC 7662), with which an API client validates a
// token. For any token that is not valid, and for tokens of another organization, the response
// is {"active":false} and nothing else.
func (h *Handlers) introspect(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return answerOAuth(w, http.StatusMethodNotAllowed, "invalid_request", fault.Invalid, "Use POST.")
	}
	if err := request.Plain(w.Header(), r); err != nil {
		return err
	}
	f := h.form(r)
	client, ok, err := h.client(w, r, f)
	if err != nil || !ok {
		return err
	}
	if f.problem != "" {
		return invalidRequest(w, f.problem)
	}
	v, err := h.presented(r, client, f)
	if err != nil && !isRefused(err) {
		return err
	}
	active := err == nil && v.Holder().Organization == client.Organization
	var allowed []string
	if active && client.ChecksAddresses {
		allowed = v.AllowedIPs()
		active = allowed == nil || len(allowed) > 0 // an empty list could be taken for none
	}
	if err != nil {
		h.report(r, w.Header(), err)
	}
	return h.buffers.with(func(body *bytes.Buffer) error {
		if active {
			h.d.Verify.Used(v, f.from, "")
			body.Write(h.describe(body.AvailableBuffer(), v, allowed))
		} else {
			body.WriteString(`{"active":false}`)
		}
		header := w.Header()
		header.Set("Content-Type", "application/json")
		header.Set("Cache-Control", "no-store")
		header.Set("Content-Length", strconv.Itoa(body.Len())) // net/http would send a long one in chunks
		_, err := w.Write(body.Bytes())
		return err
	})
}

// presented verifies the token that an API client received, used from the address that the client says. If it
// says none, a token with allowed addresses is refused, unless the client checks addresses itself.
func (h *Handlers) presented(r *http.Request, client apiclient.Client, f form) (verify.Verified, error) {
	if client.ChecksAddresses && !f.from.IsValid() {
		return h.d.Verify.VerifyAnywhere(r.Context(), f.token)
	}
	return h.d.Verify.VerifyFrom(r.Context(), f.token, f.from)
}

// describe appends the response for a valid token: the members of RFC 7662, section 2.2, and
// our own, with the allowed addresses if there are any to tell. scope holds only permissions for all
// resources. Limited permissions are separate, because a server that reads only scopes would not see the limits.
func (h *Handlers) describe(b []byte, v verify.Verified, allowed []string) []byte {
	holder := v.Holder()
	b = append(b, `{"active":true,"scope":"`...)
	b = append(b, v.Scope()...) // permissions contain no characters that need escaping
	b = append(b, '"')
	b = appendMember(b, "client_id", v.ID())
	b = appendMember(b, "sub", v.Subject())
	b = append(b, `,"token_type":"Bearer"`...)
	if end := v.ExpiresAt(); !end.IsZero() {
		b = strconv.AppendInt(append(b, `,"exp":`...), end.Unix(), 10)
	}
	b = strconv.AppendInt(append(b, `,"iat":`...), v.CreatedAt().Unix(), 10)
	b = appendMember(b, "iss", h.d.Issuer())
	b = appendMember(b, "jti", v.ID())
	if v.Kind() == token.Personal {
		b = appendMember(b, "username", v.Email())
		b = appendMember(b, "token_scope", string(holder.Scope))
	}
	b = appendMember(b, "token_kind", string(v.Kind()))
	b = appendMember(b, "token_name", v.Name())
	if holder.Workspace != "" {
		b = appendMember(b, "workspace_id", holder.Workspace)
		b = appendMember(b, "workspace_name", v.Workspace())
	}
	b = appendMember(b, "organization_id", holder.Organization)
	b = appendMember(b, "organization_name", v.Organization())
	if limited := v.LimitedText(); limited != "" {
		b = append(append(b, `,"limited_permissions":`...), limited...)
	}
	if len(allowed) > 0 { // ranges contain no characters that need escaping
		b = append(append(append(b, `,"allowed_ips":["`...), strings.Join(allowed, `","`)...), `"]`...)
	}
	return append(b, '}')
}

// appendMember appends ,"name":"value". It marshals values that need escaping.
func appendMember(b []byte, name, value string) []byte {
	b = append(append(append(b, `,"`...), name...), `":`...)
	if plain(value) {
		return append(append(append(b, '"'), value...), '"')
	}
	text, err := json.Marshal(value)
	if err != nil { // a text always marshals
		return append(b, `""`...)
	}
	return append(b, text...)
}

// plain reports whether s needs no escaping in JSON.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			return false
		}
	}
	return true
}
