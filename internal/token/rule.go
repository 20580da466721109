package token

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
)

// Makers says who may generate personal tokens.
type Makers string

// Who may generate personal tokens.
const (
	Everybody Makers = ""
	InGroups  Makers = "groups" // members of the chosen groups
	Nobody    Makers = "nobody"
)

// Limits of what rules can say.
const (
	maxRuleDays     = 3650
	minUnusedDays   = 30 // less than what the server notes
	maxRuleGroups   = 20
	maxRulePersonal = 10_000
	standardDays    = 30 // the default expiration without a rule
)

const oneDay = 24 * time.Hour

// Lifetime is the rules about the expiration of tokens.
type Lifetime struct {
	Longest    int  `json:"longestDays,omitempty"` // 0: as long as [LatestEnd] allows
	Default    int  `json:"defaultDays,omitempty"` // 0: [Lifetime.DefaultDays] chooses
	MustExpire bool `json:"mustExpire,omitempty"`
}

// Rules are the rules of an organization for its tokens. They hold for everybody, Admins as well. The zero
// Rules forbid nothing.
type Rules struct {
	Personal       Lifetime `json:"personal"`
	Service        Lifetime `json:"service"`
	Makers         Makers   `json:"makers,omitempty"`
	Groups         []string `json:"groups,omitempty"`       // ids, sorted; with InGroups
	ReadOnly       bool     `json:"readOnly,omitempty"`     // personal tokens have the scope Read-Only
	MostPersonal   int      `json:"mostPersonal,omitempty"` // of a member, without expired ones; 0: no limit
	NeedAddresses  bool     `json:"needAddresses,omitempty"`
	UnusedDays     int      `json:"unusedDays,omitempty"` // after which the server suspends a token; 0: never
	NoSelfRotation bool     `json:"noSelfRotation,omitempty"`
	SuspendReused  bool     `json:"suspendReused,omitempty"` // when a previous secret is used after its end
}

// The fields of the problems of rules.
const (
	FieldPersonalLongest = "personal_longest"
	FieldPersonalDefault = "personal_default"
	FieldServiceLongest  = "service_longest"
	FieldServiceDefault  = "service_default"
	FieldRuleGroups      = "groups"
	FieldMostPersonal    = "most_personal"
	FieldUnusedDays      = "unused_days"
)

// ParseRules reads what [Rules.String] returns. The error is Invalid for anything else.
func ParseRules(text string) (Rules, error) {
	var r Rules
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil || d.More() {
		return Rules{}, fault.NewInvalid("These are no token rules.")
	}
	checked, err := r.Check()
	if err == nil && checked.String() != text {
		err = fault.NewInvalid("These are no token rules.")
	}
	return checked, err
}

// String returns the rules as canonical JSON.
func (r Rules) String() string {
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(r); err != nil { // texts, numbers and booleans always marshal
		return "{}"
	}
	return strings.TrimSpace(b.String())
}

// Equal reports whether both say the same.
func (r Rules) Equal(o Rules) bool { return r.String() == o.String() }

// SameBreaches reports whether the same tokens break both.
func (r Rules) SameBreaches(o Rules) bool {
	for _, x := range []*Rules{&r, &o} {
		x.Personal.Default, x.Service.Default, x.MostPersonal, x.UnusedDays = 0, 0, 0, 0
		x.NoSelfRotation, x.SuspendReused = false, false
	}
	return r.Equal(o)
}

// Check returns the rules as they are stored. A longest lifetime makes tokens expire. The error is Invalid
// with the names of fields above.
func (r Rules) Check() (Rules, error) {
	var p fault.Problems
	r.Personal = r.Personal.check(&p, FieldPersonalLongest, FieldPersonalDefault)
	r.Service = r.Service.check(&p, FieldServiceLongest, FieldServiceDefault)
	between(&p, FieldMostPersonal, r.MostPersonal, 1, maxRulePersonal)
	between(&p, FieldUnusedDays, r.UnusedDays, minUnusedDays, maxRuleDays)
	r.Groups = slices.Compact(slices.Sorted(slices.Values(r.Groups)))
	switch r.Makers {
	case InGroups:
		if n := len(r.Groups); n == 0 || n > maxRuleGroups {
			p.Add(FieldRuleGroups, fmt.Sprintf("Choose between 1 and %d groups.", maxRuleGroups))
		}
	case Everybody, Nobody:
		r.Groups = nil
	default:
		p.Add(FieldRuleGroups, "Choose who may generate personal access tokens.")
	}
	return r, p.Err("Some fields need your attention.")
}

func (l Lifetime) check(p *fault.Problems, longest, standard string) Lifetime {
	between(p, longest, l.Longest, 1, maxRuleDays)
	between(p, standard, l.Default, 1, maxRuleDays)
	if l.Longest > 0 {
		l.MustExpire = true
		if l.Default > l.Longest {
			p.Add(standard, "Choose at most the longest lifetime.")
		}
	}
	return l
}

// between adds a problem unless n is 0 or within limits.
func between(p *fault.Problems, field string, n, least, most int) {
	if n != 0 && (n < least || n > most) {
		p.Add(field, fmt.Sprintf("Enter a whole number from %d to %d, or leave this empty.", least, most))
	}
}

// Of returns the rules about the expiration of tokens of a kind.
func (r Rules) Of(k Kind) Lifetime {
	if k == Personal {
		return r.Personal
	}
	return r.Service
}

// LatestEnd returns the latest expiration that a token may get at now.
func (l Lifetime) LatestEnd(now time.Time) time.Time {
	latest := LatestEnd(now)
	if l.Longest > 0 {
		latest = earlier(latest, now.UTC().Add(time.Duration(l.Longest)*oneDay))
	}
	return latest
}

// DefaultDays returns after how many days a token expires if nothing else is chosen.
func (l Lifetime) DefaultDays() int {
	switch {
	case l.Default > 0:
		return l.Default
	case l.Longest > 0:
		return min(standardDays, l.Longest)
	}
	return standardDays
}

// Refuses returns why a token of the kind cannot get an expiration at now; "" if it can.
func (l Lifetime) Refuses(k Kind, end, now time.Time) string {
	switch {
	case end.IsZero() && l.MustExpire:
		return "Token rules require an expiration for " + kindWords(k) + "."
	case l.Longest > 0 && end.After(l.LatestEnd(now)):
		return fmt.Sprintf("Token rules allow at most %s for %s.", days(l.Longest), kindWords(k))
	}
	return ""
}

// Within returns the end that is next to the given one and allowed at now.
func (l Lifetime) Within(end, now time.Time) time.Time {
	if end.IsZero() {
		switch {
		case l.Longest > 0:
			return l.LatestEnd(now)
		case l.MustExpire:
			return now.UTC().Add(time.Duration(l.DefaultDays()) * oneDay)
		}
		return end
	}
	return earlier(end, l.LatestEnd(now))
}

// MayMake reports whether a member of these groups may generate personal tokens.
func (r Rules) MayMake(groups []string) bool {
	switch r.Makers {
	case Everybody:
		return true
	case InGroups:
		return slices.ContainsFunc(groups, func(id string) bool { return slices.Contains(r.Groups, id) })
	case Nobody:
	}
	return false
}

// Scopes returns the scopes that a new personal token may have.
func (r Rules) Scopes() []access.Scope {
	if r.ReadOnly {
		return []access.Scope{access.ScopeReadOnly}
	}
	return []access.Scope{access.ScopeReadOnly, access.ScopeReadWrite}
}

// Breach is a rule that a token breaks, in a sentence.
type Breach string

// Breaches returns the rules that a token breaks which works otherwise. maker reports whether the owner of a
// personal token may generate one. A token breaks a longest lifetime while more than that is left of its
// own. Package store has the same rules in SQL.
func (r Rules) Breaches(t Token, maker bool, now time.Time) []Breach {
	var out []Breach
	if text := r.Of(t.Kind).Refuses(t.Kind, t.ExpiresAt, now); text != "" {
		out = append(out, Breach(text))
	}
	return append(out, r.lasting(t, maker)...)
}

// lasting returns the breaches that another expiration does not mend.
func (r Rules) lasting(t Token, maker bool) []Breach {
	var out []Breach
	if t.Kind == Personal {
		if !maker {
			out = append(out, "Token rules don't let its owner generate personal access tokens.")
		}
		if text := r.refusesScope(t.Scope); text != "" {
			out = append(out, Breach(text))
		}
	} else if text := r.RefusesAddresses(t.Kind, t.Addresses); text != "" {
		out = append(out, Breach(text))
	}
	return out
}

func (r Rules) refusesScope(s access.Scope) string {
	if r.ReadOnly && s != access.ScopeReadOnly {
		return "Token rules allow only the scope Read-Only."
	}
	return ""
}

// RefusesAddresses returns why a token of the kind cannot have these allowed addresses; "" if it can.
func (r Rules) RefusesAddresses(k Kind, addresses actor.Ranges) string {
	if r.NeedAddresses && k != Personal && addresses.None() {
		return "Token rules require allowed addresses for service access tokens."
	}
	return ""
}

// kindWords names the tokens that a rule is about.
func kindWords(k Kind) string {
	if k == Personal {
		return "personal access tokens"
	}
	return "service access tokens"
}

func days(n int) string {
	if n == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}
