package api

import (
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"unicode"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/verify"
	"latchkey/web/request"
	"latchkey/web/respond"
)

// The headers of an accepted request, in canonical form. A proxy copies them to the API
// behind it, and must remove those that its client sent.
const (
	subjectHeader     = "Latchkey-Subject"     // the owner's id, or a service token's own
	tokenIDHeader     = "Latchkey-Token-Id"    //
	tokenKindHeader   = "Latchkey-Token-Kind"  // personal, workspace, organization
	workspaceHeader   = "Latchkey-Workspace"   // id; empty for organization tokens
	permissionsHeader = "Latchkey-Permissions" // held without limit, separated by spaces
)

// reasonHeader gives the reason for a 401 or 403, for proxies that drop the body.
const reasonHeader = "Latchkey-Reason"

// requireHeader names permissions that are required in addition to those in the query,
// separated by spaces or commas: some proxies join several lines with a comma. A header that
// names none is refused, because the proxy meant to require something. It is for proxies that cannot choose the query
// (Envoy). The permissions
// are checked in the token's own workspace and without a resource, whatever the query says:
// with such proxies the query is the client's, who could name a resource that a limited token
// may edit. The header can only require more, so it does no harm if a client sends it.
const requireHeader = "Latchkey-Require-Permission"

// serveVerify serves /auth/verify and every path below it, with any method. It answers 200
// with the headers above if the token is valid and has every required permission, 401 if it is
// not valid, and 403 with the reason if a permission is missing. It never answers anything
// else: proxies treat other statuses as a broken server, and some then let the request pass. A
// token that cannot be verified, for example because the database cannot be reached, is
// refused. (net/http refuses more than 64 KiB of headers, and anything but HTTP, before it
// gets here.)
//
// The query says what is required: permission (may be repeated, all are required), workspace
// (default: the token's own; the token must be in it) and resource (an id; without one, the
// permissions are required for all resources, as Latchkey-Permissions lists them). Some
// proxies send their client's query here (Envoy below the path, Caddy if its uri has none).
// The client can then only make the check stricter, because without parameters any valid
// token passes. A parameter that is present but empty is refused, and so is a resource without
// any permission: a proxy that sends one meant to ask something. Other parameters are ignored,
// unless one is a misspelled requirement: its value is a permission, or its name differs from
// one of ours in letter case only.
func (h *Handlers) serveVerify(w http.ResponseWriter, r *http.Request) {
	defer func() {
		if p := recover(); p != nil {
			h.logFailure(w, r, fault.NewInternal(fmt.Errorf("panic: %v\n%s", p, debug.Stack())))
			refuseWith(w, fault.NewUnauthenticated(invalidText))
		}
	}()
	header := w.Header()
	secret, came := credential(r.Header)
	if !came {
		header.Set("WWW-Authenticate", respond.Challenge)
		refuseWith(w, fault.NewUnauthenticated(missingText))
		return
	}
	from := h.address(r)
	v, _, err := h.verify(r, header, secret, from)
	if err != nil {
		if !isRefused(err) {
			h.logFailure(w, r, request.Fault(r, err))
		}
		refuseWith(w, fault.NewUnauthenticated(invalidText))
		return
	}
	h.used(r, v, from)
	if required := r.Header[requireHeader]; r.URL.RawQuery != "" || len(required) > 0 {
		if refused := h.refuses(v, r.URL.Path, r.URL.RawQuery, required); refused.text != "" {
			h.denied(r, header, v, refused.noted())
			refuseWith(w, fault.NewDenied(refused.text))
			return
		}
	}
	for _, told := range tells(v) {
		header.Set(told.name, told.value)
	}
	header["Content-Length"] = h.noBody // also to HEAD, for which no server adds it by itself
	w.WriteHeader(http.StatusOK)
}

// told is a header of an accepted request.
type told struct{ name, value string }

// tells returns what a proxy learns of an accepted token.
func tells(v verify.Verified) [5]told {
	return [...]told{{subjectHeader, v.Subject()}, {tokenIDHeader, v.ID()}, {tokenKindHeader, string(v.Kind())},
		{workspaceHeader, v.Holder().Workspace}, {permissionsHeader, v.Scope()}}
}

// refuseWith sends a fault, with its text also in a header.
func refuseWith(w http.ResponseWriter, f *fault.Error) {
	w.Header().Set(reasonHeader, f.Message)
	respond.Problem(w, f)
}

// refusal is why a valid token is refused. The zero value is no refusal.
type refusal struct {
	text string
	code access.ReasonCode // of a decision
}

// noted returns the text for the audit log, without a permission that the client made up.
func (f refusal) noted() string {
	if f.code == access.UnknownPermission {
		return "Not allowed: the requested permission does not exist."
	}
	return f.text
}

// refuses returns why the token lacks what is required, or the zero refusal if it does not.
// path and query are those of the request, lines those of the header that requires permissions.
func (h *Handlers) refuses(v verify.Verified, path, rawQuery string, lines []string) refusal {
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return refusal{text: "Not allowed: the query cannot be read."}
	}
	required := listed(lines)
	if len(lines) > 0 && len(required) == 0 {
		return refusal{text: "Not allowed: the header " + requireHeader + " names no permission."}
	}
	if text := h.misasked(query, path == verifyPath, len(required) > 0); text != "" {
		return refusal{text: text}
	}
	holder := v.Holder()
	own := access.Resource{Organization: holder.Organization, Workspace: holder.Workspace}
	if refused := h.decide(v, required, own); refused.text != "" {
		return refused
	}
	asked := own
	asked.ID = query.Get("resource")
	needed := make([]access.Permission, 0, len(query["permission"])+1)
	for _, p := range query["permission"] {
		needed = append(needed, access.Permission(p))
	}
	if query.Has("workspace") {
		asked.Workspace = query.Get("workspace")
		needed = append(needed, access.ViewWorkspace)
	}
	return h.decide(v, needed, asked)
}

// questions are the parameters of the query that require something.
var questions = [...]string{"permission", "workspace", "resource"}

// misasked returns what is wrong with the question in a query, or "". exact reports whether
// the path is the check's own, where the query is the proxy's; elsewhere a parameter that only
// resembles ours is the client's. asked reports whether something else requires a permission.
func (h *Handlers) misasked(query url.Values, exact, asked bool) string {
	for name, values := range query {
		switch {
		case slices.Contains(questions[:], name):
			if slices.Contains(values, "") {
				return "Not allowed: the query has an empty " + name + "."
			}
			if len(values) > 1 && name != "permission" {
				return "Not allowed: the query names more than one " + name + "."
			}
		case !exact:
		case slices.ContainsFunc(listed(values), h.isPermission):
			return "Not allowed: the query has a permission in a parameter that is not called permission."
		case slices.ContainsFunc(questions[:], func(q string) bool { return strings.EqualFold(q, name) }):
			return "Not allowed: the parameters of the query are written in lower case."
		}
	}
	if query.Has("resource") && !query.Has("permission") && !asked {
		return "Not allowed: the query names a resource but no permission."
	}
	return ""
}

// listed returns the permissions in header lines or other texts. Empty items are skipped: proxies that join
// lines may leave some (RFC 9110, section 5.6.1).
func listed(lines []string) []access.Permission {
	var needed []access.Permission
	for _, line := range lines {
		for p := range strings.FieldsFuncSeq(line, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }) {
			needed = append(needed, access.Permission(p))
		}
	}
	return needed
}

func (h *Handlers) isPermission(p access.Permission) bool {
	_, known := h.d.Catalogue.Lookup(p)
	return known || slices.Contains(access.SystemActs(), p)
}

// decide checks every permission. Without any it refuses nothing. It replaces reasons that
// would reveal something hidden.
func (h *Handlers) decide(v verify.Verified, needed []access.Permission, asked access.Resource) refusal {
	if len(needed) == 0 {
		return refusal{}
	}
	d := access.DecideAll(h.d.Catalogue, v.Principal(), needed, asked)
	switch {
	case d.Allowed && asked.ID == "":
		return refusal{text: limits(v, needed)}
	case d.Allowed:
		return refusal{}
	case d.Hide:
		return refusal{text: "Not allowed: the token has no such workspace."}
	}
	return refusal{d.Reason.Text(), d.Reason.Code}
}

// limits returns a refusal if no resource is named and the token has a permission for all but
// some resources: the request may be about one of those.
func limits(v verify.Verified, needed []access.Permission) string {
	for _, p := range needed {
		if _, limited := v.Limited()[p]; limited {
			return "Not allowed: " + string(p) + " is limited to some resources, and the request names none."
		}
	}
	return ""
}
