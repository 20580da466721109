package api

import (
	"crypto/subtle"
	"errors"
	"net/http"
	"strings"

	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/verify"

	"github.com/labstack/echo/v4"
)

// Revoke serves POST /oauth2/revoke (RFC 7009), which revokes the token in the form
// permanently, or only the previous secret of a token if that is in the form. Having a token is
// enough to revoke it, so two kinds of callers are accepted: an API client, and the token itself
// (Bearer, the same token as in the form). A token that is no longer valid, or of another
// organization, is not an error: the response is 200 with no body.
func (h *Handlers) Revoke(w http.ResponseWriter, r *http.Request) {
	h.safely(w, r, h.revoke)
}

func (h *Handlers) revoke(w http.ResponseWriter, r *http.Request) error {
	id := w.Header().Get(echo.HeaderXRequestID)
	if bearer, ok := bearerToken(r.Header); ok {
		return h.revokeSelf(w, r, bearer, h.origin(r, id))
	}
	f := h.form(r)
	client, ok, err := h.client(w, r, f)
	if err != nil || !ok {
		return err
	}
	if f.problem != "" {
		return invalidRequest(w, f.problem)
	}
	_, err = h.d.Verify.VerifyAnywhere(r.Context(), f.token) // a stolen token must be revocable, wherever it turned up
	if isRefused(err) {
		h.report(r, w.Header(), err)
		if !mayReturn(err) {
			return done(w)
		}
	} else if err != nil {
		return err
	}
	return h.end(w, r, client.Caller(h.origin(r, id)), f.token)
}

// revokeSelf revokes the bearer token if the form contains the same one.
func (h *Handlers) revokeSelf(w http.ResponseWriter, r *http.Request, bearer string, origin actor.Origin) error {
	f := h.form(r)
	if f.authenticates() {
		return invalidClient(w, "Authenticate as an API client or as the token itself, not as both.")
	}
	from := h.address(r)
	v, err := h.authenticate(r, w.Header(), from)
	if err != nil {
		return err
	}
	h.used(r, v, from)
	if f.problem != "" {
		return invalidRequest(w, f.problem)
	}
	if subtle.ConstantTimeCompare([]byte(bearer), []byte(f.token)) != 1 {
		const reason = "A token can only revoke itself."
		h.denied(r, w.Header(), v, reason)
		return answerOAuth(w, http.StatusForbidden, "unauthorized_client", fault.Denied, reason)
	}
	return h.end(w, r, v.Standing(origin).Caller(), bearer)
}

func bearerToken(header http.Header) (string, bool) {
	if scheme, _, _ := strings.Cut(header.Get("Authorization"), " "); !strings.EqualFold(scheme, "Bearer") {
		return "", false
	}
	return credential(header)
}

// mayReturn reports whether a secret that is refused may be accepted again: a suspension can be lifted, and
// an owner can come back. The client that revokes it means for good.
func mayReturn(err error) bool {
	var refused *verify.Refused
	return errors.As(err, &refused) && (refused.Refusal == verify.Suspended || refused.Refusal == verify.Displaced)
}

func (h *Handlers) end(w http.ResponseWriter, r *http.Request, by actor.Caller, secret string) error {
	if err := h.d.Clients.Revoke(r.Context(), by, secret); err != nil {
		return err
	}
	return done(w)
}

func done(w http.ResponseWriter) error {
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	return nil
}
