package api

import (
	"bytes"
	"net/http"
	"net/netip"

	"latchkey/internal/actor"
	"latchkey/web/fast"
)

// Shortcut answers a request as [Handlers.Direct] does if it is about a token that is in memory and accepted. What is refused,
// or must be looked up, is left to the handlers, which decide and record it.
func (h *Handlers) Shortcut(r *fast.Request, answer []byte) ([]byte, bool) {
	switch {
	case r.Path == introspectPath:
		return h.introspectShortly(r, answer)
	case IsDirect(r.Path):
		return h.verifyShortly(r, answer)
	}
	return answer, false
}

// verifyShortly answers as serveVerify.
func (h *Handlers) verifyShortly(r *fast.Request, answer []byte) ([]byte, bool) {
	authorization, lines := r.Header("Authorization")
	from, known := h.shortAddress(r)
	required, requires := r.Header(requireHeader)
	if lines != 1 || !known || requires > 1 {
		return answer, false
	}
	secret, came := credentialIn(authorization)
	v, ok := h.d.Verify.Recognize(secret, from)
	if !came || !ok || (r.Query != "" || requires > 0) && h.refuses(v, r.Path, r.Query, []string{required}[:requires]).text != "" {
		return answer, false
	}
	agent := ""
	if v.Watched() {
		agent, _ = r.Header("User-Agent")
	}
	h.d.Verify.Recognized(v, r.At, from, agent)
	for _, told := range tells(v) {
		answer = fast.AppendHeader(answer, told.name, told.value)
	}
	return fast.AppendBody(answer, nil), true
}

// introspectShortly answers as introspect.
func (h *Handlers) introspectShortly(r *fast.Request, answer []byte) ([]byte, bool) {
	kind, kinds := r.Header("Content-Type")
	authorization, lines := r.Header("Authorization")
	_, coded := r.Header("Content-Encoding")
	_, forwarded := r.Header("X-Forwarded-For")
	if r.Method != http.MethodPost || kinds != 1 || kind != formType || lines > 1 || coded > 0 || len(r.Body) > maxForm ||
		forwarded > 0 && !actor.Trusts(h.d.Proxies, r.Peer) {
		return answer, false
	}
	f := parseForm(r.Body)
	sent, _ := f.credential([]string{authorization}[:lines])
	client, ok := h.d.Clients.Recognize(sent.id, sent.secret)
	if f.problem != "" || !ok || client.ChecksAddresses {
		return answer, false
	}
	v, ok := h.d.Verify.Recognize(f.token, f.from)
	if !ok || v.Holder().Organization != client.Organization {
		return answer, false
	}
	h.d.Verify.Recognized(v, r.At, f.from, "")
	answer = fast.AppendHeader(answer, "Content-Type", "application/json")
	answer = fast.AppendHeader(answer, "Cache-Control", "no-store")
	_ = h.buffers.with(func(body *bytes.Buffer) error {
		body.Write(h.describe(body.AvailableBuffer(), v, nil))
		answer = fast.AppendBody(answer, body.Bytes())
		return nil
	})
	return answer, true
}

// shortAddress returns the client's address. known is false if the handler must find it out: if X-Forwarded-For has
// several lines, or a peer sends it that is no trusted proxy, which is noted.
func (h *Handlers) shortAddress(r *fast.Request) (from netip.Addr, known bool) {
	forwarded, lines := r.Header("X-Forwarded-For")
	if lines == 0 {
		return actor.ClientAddress(r.Peer, nil, nil), true
	}
	from = actor.ClientAddress(r.Peer, []string{forwarded}, h.d.Proxies)
	return from, lines == 1 && actor.Trusts(h.d.Proxies, r.Peer)
}
