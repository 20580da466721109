package ui

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"latchkey/internal/audit"
)

const (
	auditPath  = "/settings/audit-logs"
	auditTitle = "Audit Logs"
	// auditPerPage is how many events a page of the log shows.
	auditPerPage = 25
)

// The parameters of the log's address. by and about come with links, the others from the form.
const (
	paramText      = "q"
	paramWho       = "who"
	paramAction    = "action"
	paramType      = "type"
	paramWorkspace = "workspace"
	paramFrom      = "from"
	paramTo        = "to"
	paramBy        = "by"
	paramAbout     = "about"
	paramAfter     = "after"  // id of the event that the page follows
	paramBefore    = "before" // id of the event that the page comes before
)

// auditQuery is the state of the log's page, as its address carries it.
type auditQuery struct{ url.Values }

// readAuditQuery keeps what the page knows.
func readAuditQuery(given url.Values) auditQuery {
	q := auditQuery{url.Values{}}
	for _, name := range []string{paramText, paramWho, paramAction, paramType, paramWorkspace, paramFrom, paramTo, paramBy, paramAbout, paramAfter, paramBefore} {
		if value := strings.TrimSpace(shown(given.Get(name))); value != "" {
			q.Set(name, value)
		}
	}
	return q
}

// with is the state with some parameters changed, given as name, value, name, value …; ""
// takes one away. The page changes with everything else, so it begins anew.
func (q auditQuery) with(pairs ...string) auditQuery {
	out := auditQuery{url.Values{}}
	for name, values := range q.Values {
		if name != paramAfter && name != paramBefore {
			out.Values[name] = slices.Clone(values)
		}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		out.Del(pairs[i])
		if pairs[i+1] != "" {
			out.Set(pairs[i], pairs[i+1])
		}
	}
	return out
}

// at is the address of something below the log in this state.
func (q auditQuery) at(parts ...string) string {
	address := path(auditPath, parts...)
	if len(q.Values) == 0 {
		return address
	}
	return address + "?" + q.Encode()
}

// filtered reports whether anything narrows the log down.
func (q auditQuery) filtered() bool { return len(q.with().Values) > 0 }

// filter is the state as the log understands it. Days are whole ones, in UTC. The errors are by
// parameter; what is wrong narrows nothing down.
func (q auditQuery) filter() (audit.Filter, fieldErrors) {
	f := audit.Filter{Text: q.Get(paramText), Who: q.Get(paramWho), Action: audit.Action(q.Get(paramAction)),
		Type: audit.TargetType(q.Get(paramType)), Workspace: q.Get(paramWorkspace), Actor: q.Get(paramBy), About: q.Get(paramAbout)}
	errors := fieldErrors{}
	day := func(name string) time.Time {
		text := q.Get(name)
		t, err := time.Parse(time.DateOnly, text)
		if text != "" && err != nil {
			errors[name] = "Write a day as 2026-12-31."
		}
		return t
	}
	f.From = day(paramFrom)
	if to := day(paramTo); !to.IsZero() {
		f.Until = to.AddDate(0, 0, 1)
	}
	if len(errors) == 0 {
		errors = nil
	}
	return f, errors
}
