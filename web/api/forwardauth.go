package api

import (
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/verify"
	"latchkey/web/respond"
)

// The headers of an accepted request, spelled as net/http keeps them. A proxy copies them
// to the API behind it, and must drop those that its client sent.
const (
	subjectHeader     = "Latchkey-Subject"     // the owner's id, or a service token's own
	tokenIDHeader     = "Latchkey-Token-Id"    //
	tokenKindHeader   = "Latchkey-Token-Kind"  // personal, workspace, organization
	workspaceHeader   = "Latchkey-Workspace"   // id; empty for organization tokens
	permissionsHeader = "Latchkey-Permissions" // held without limit, separated by spaces
)

// reasonHeader says why a request is refused with 403, for proxies that drop the body.
const reasonHeader = "Latchkey-Reason"

// requireHeader names permissions that are needed besides those of the query, separated by
// spaces: for proxies that cannot choose the query (Envoy). They are asked for the token's
// own workspace and for no resource, whatever the query names: there it is the client's,
// who would name a resource that a limited token may edit. The header only ever asks for
// more, so it does no harm if a client sends it.
const requireHeader = "Latchkey-Require-Permission"

// serveVerify answers /auth/verify and every path below it, whatever the method: 200 with the
// headers above when the token is good and has every permission that is asked for, 401
// when it is not good, 403 with the reason when a permission is missing. It never answers
// anything else: proxies take other answers for a broken server and some let the request
// pass then. What cannot be verified is refused, also when the database is out of reach. (More
// than 64 KiB of headers, and what is not HTTP, net/http refuses before it comes here.)
//
// The question is in the query: permission (any number, all needed), workspace (the token's
// own if absent; being in it is needed) and resource (an id; without one, the permissions
// are needed without limit, as Latchkey-Permissions lists them). Some proxies send their
// client's query here (Envoy below the path, Caddy when its uri has none): then a client
// can only make the question stricter, since without one any good token passes. Other
// parameters are the client's business, unless the value of one is a permission: that is
// a misspelled question, which must not go unnoticed.
func (h *Handlers) serveVerify(w http.ResponseWriter, r *http.Request) {
	defer func() {
		if p := recover(); p != nil {
			h.logFailure(r, fault.NewInternal(fmt.Errorf("panic: %v\n%s", p, debug.Stack())))
			respond.Problem(w, fault.NewUnauthenticated(invalidText))
		}
	}()
	header := w.Header()
	secret, came := credential(r.Header)
	if !came {
		header.Set("WWW-Authenticate", respond.Challenge)
		respond.Problem(w, fault.NewUnauthenticated(missingText))
		return
	}
	v, _, err := h.verify(r, header, secret)
	if err != nil {
		if !isRefused(err) {
			h.logFailure(r, fault.Of(err))
		}
		respond.Problem(w, fault.NewUnauthenticated(invalidText))
		return
	}
	if required := r.Header[requireHeader]; r.URL.RawQuery != "" || len(required) > 0 {
		if refused := h.refuses(r, v, required); refused.text != "" {
			h.denied(r, header, v, refused.noted())
			header.Set(reasonHeader, refused.text)
			respond.Problem(w, fault.NewDenied(refused.text))
			return
		}
	}
	header.Set(subjectHeader, v.Subject())
	header.Set(tokenIDHeader, v.ID())
	header.Set(tokenKindHeader, string(v.Kind()))
	header.Set(workspaceHeader, v.Holder().Workspace)
	header.Set(permissionsHeader, v.Scope())
	w.WriteHeader(http.StatusOK)
}

// refusal is why a good token may not do what is asked for. The zero value is none.
type refusal struct {
	text string
	code access.ReasonCode // of a decision
}

// noted is the text for the audit log, without a permission that the query made up.
func (f refusal) noted() string {
	if f.code == access.UnknownPermission {
		return "Not allowed: there is no such permission as the one asked for."
	}
	return f.text
}

// refuses says why the token may not do what is asked for, if it may not.
func (h *Handlers) refuses(r *http.Request, v verify.Verified, required []string) refusal {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return refusal{text: "Not allowed: the query cannot be read."}
	}
	for name, values := range query {
		switch name {
		case "permission":
		case "workspace", "resource":
			if len(values) > 1 {
				return refusal{text: "Not allowed: the query names more than one " + name + "."}
			}
		default:
			if r.URL.Path == verifyPath && slices.ContainsFunc(values, h.isPermission) {
				return refusal{text: "Not allowed: the query has a permission in a parameter that is not called permission."}
			}
		}
	}
	holder := v.Holder()
	own := access.Resource{Organization: holder.Organization, Workspace: holder.Workspace}
	if refused := h.decide(v, listed(required), own); refused.text != "" {
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

// listed are the permissions of header lines.
func listed(lines []string) []access.Permission {
	var needed []access.Permission
	for _, line := range lines {
		for p := range strings.FieldsSeq(line) {
			needed = append(needed, access.Permission(p))
		}
	}
	return needed
}

func (h *Handlers) isPermission(text string) bool {
	_, known := h.d.Catalogue.Lookup(access.Permission(text))
	return known || slices.Contains(access.SystemActs(), access.Permission(text))
}

// decide asks for every permission; needing none is no refusal. Reasons that would tell of
// something hidden are replaced.
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

// limits refuses a question that names no resource when the token has a permission for
// all but some: the request may be about one of those.
func limits(v verify.Verified, needed []access.Permission) string {
	for _, p := range needed {
		if _, limited := v.Limited()[p]; limited {
			return "Not allowed: " + string(p) + " is limited to some resources, and the question names none."
		}
	}
	return ""
}
