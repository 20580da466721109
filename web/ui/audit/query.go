package audit

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"latchkey/internal/audit"
	"latchkey/internal/zone"
	"latchkey/web/ui/kit"
)

// perPage is how many events a page of the log shows.
const perPage = 25

// The parameters of the log's address, besides those that other areas use in links. by and about
// come from links, the others from the form. action is a pair such as "group.created", or "group.any"
// for everything about groups. Older links have an action alone, a type beside it and who.
const (
	paramText   = "q"
	paramWho    = "who"
	paramAction = "action"
	paramType   = "type"
	paramFrom   = "from"
	paramTo     = "to"
	paramLast   = "last" // a range that ends now, instead of from and to; see [ranges]
	paramBy     = "by"
	paramAfter  = "after"  // id of the event that the page follows
	paramBefore = "before" // id of the event that the page precedes
)

// logQuery is the state of the page, as its address carries it.
type logQuery struct{ url.Values }

// readLogQuery returns the parameters that the page knows.
func readLogQuery(given url.Values) logQuery {
	q := logQuery{url.Values{}}
	for _, name := range []string{paramText, paramWho, paramAction, paramType, kit.ParamWorkspace, paramFrom, paramTo, paramLast, paramBy,
		kit.ParamAbout, paramAfter, paramBefore} {
		if value := kit.Search(given.Get(name)); value != "" {
			q.Set(name, value)
		}
	}
	if typ := q.Get(paramType); typ != "" && !strings.Contains(q.Get(paramAction), ".") {
		q.Set(paramAction, pairValue(audit.TargetType(typ), audit.Action(cmpOr(q.Get(paramAction), anyAction))))
	}
	q.Del(paramType)
	if _, known := lastRange(q.Get(paramLast)); !known || q.Get(paramFrom)+q.Get(paramTo) != "" {
		q.Del(paramLast)
	}
	return q
}

// anyAction stands for every action on a type of target.
const anyAction = "any"

// pairValue returns a type of target and an action as one value of the address.
func pairValue(t audit.TargetType, a audit.Action) string { return string(t) + "." + string(a) }

// pair returns the type and the action of the state. Either is empty for all.
func (q logQuery) pair() (audit.TargetType, audit.Action) {
	typ, action, isPair := strings.Cut(q.Get(paramAction), ".")
	switch {
	case !isPair:
		return "", audit.Action(typ)
	case action == anyAction:
		action = ""
	}
	return audit.TargetType(typ), audit.Action(action)
}

// span is a range of time that ends now.
type span struct {
	value, label string
	long         time.Duration
}

// ranges returns the ranges beside the dates.
func ranges() []span {
	return []span{{"1h", "1 h", time.Hour}, {"24h", "24 h", kit.Day}, {"7d", "7 d", 7 * kit.Day}, {"30d", "30 d", 30 * kit.Day}}
}

// lastRange returns how long the range with this value is.
func lastRange(value string) (time.Duration, bool) {
	for _, r := range ranges() {
		if r.value == value {
			return r.long, true
		}
	}
	return 0, false
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

// filter returns the state as a filter of package audit. Days are whole days in the zone of now. The errors
// are by parameter. An invalid day is left out of the filter.
func (q logQuery) filter(now time.Time) (audit.Filter, kit.FieldErrors) {
	typ, action := q.pair()
	f := audit.Filter{Text: q.Get(paramText), Who: q.Get(paramWho), Action: action, Type: typ,
		Workspace: q.Get(kit.ParamWorkspace), Actor: q.Get(paramBy), About: q.Get(kit.ParamAbout)}
	errors := kit.FieldErrors{}
	day := func(name string) time.Time {
		text := q.Get(name)
		t, err := zone.ParseDay(text, now.Location())
		if text != "" && err != nil {
			errors[name] = "Enter a date such as 2026-12-31."
		}
		return t
	}
	f.From = day(paramFrom)
	if long, ok := lastRange(q.Get(paramLast)); ok {
		f.From = now.Add(-long)
	}
	if to := day(paramTo); !to.IsZero() {
		f.Until = zone.AddDays(to, 1)
	}
	if len(errors) == 0 {
		errors = nil
	}
	return f, errors
}
