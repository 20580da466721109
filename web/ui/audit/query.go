package audit

import (
	"net/url"
	"slices"
	"time"

	"latchkey/internal/audit"
	"latchkey/web/ui/kit"
)

// perPage is how many events a page of the log shows.
const perPage = 25

// The parameters of the log's address, besides those that other areas use in links. by and about
// come from links, the others from the form.
const (
	paramText   = "q"
	paramWho    = "who"
	paramAction = "action"
	paramType   = "type"
	paramFrom   = "from"
	paramTo     = "to"
	paramBy     = "by"
	paramAfter  = "after"  // id of the event that the page follows
	paramBefore = "before" // id of the event that the page precedes
)

// logQuery is the state of the page, as its address carries it.
type logQuery struct{ url.Values }

// readLogQuery returns the parameters that the page knows.
func readLogQuery(given url.Values) logQuery {
	q := logQuery{url.Values{}}
	for _, name := range []string{paramText, paramWho, paramAction, paramType, kit.ParamWorkspace, paramFrom, paramTo, paramBy,
		kit.ParamAbout, paramAfter, paramBefore} {
		if value := kit.Search(given.Get(name)); value != "" {
			q.Set(name, value)
		}
	}
	return q
}

// with returns the state with some parameters changed. They are given as name, value, name,
// value …; an empty value removes the parameter. It always returns to the first page.
func (q logQuery) with(pairs ...string) logQuery {
	out := logQuery{url.Values{}}
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

// at returns the address of parts below the log, in this state.
func (q logQuery) at(parts ...string) string {
	address := kit.Path(kit.AuditPath, parts...)
	if len(q.Values) == 0 {
		return address
	}
	return address + "?" + q.Encode()
}

// filtered reports whether the state has a filter.
func (q logQuery) filtered() bool { return len(q.with().Values) > 0 }

// filter returns the state as a filter of package audit. Days are whole days in UTC. The errors
// are by parameter. An invalid day is left out of the filter.
func (q logQuery) filter() (audit.Filter, kit.FieldErrors) {
	f := audit.Filter{Text: q.Get(paramText), Who: q.Get(paramWho), Action: audit.Action(q.Get(paramAction)),
		Type: audit.TargetType(q.Get(paramType)), Workspace: q.Get(kit.ParamWorkspace), Actor: q.Get(paramBy), About: q.Get(kit.ParamAbout)}
	errors := kit.FieldErrors{}
	day := func(name string) time.Time {
		text := q.Get(name)
		t, err := time.Parse(time.DateOnly, text)
		if text != "" && err != nil {
			errors[name] = "Enter a date such as 2026-12-31."
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
