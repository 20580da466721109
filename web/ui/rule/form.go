package rule

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
	"latchkey/internal/token"
	"latchkey/views/component"
	"latchkey/web/ui/kit"
)

// The fields of the form besides those of package token.
const (
	fieldRevision = "revision" // of the rules that the form shows
	fieldTold     = "told"     // how many tokens the dialog is about
	fieldMakers   = "makers"
	fieldScopes   = "personal_scopes"
	fieldPersonal = "personal_options"
	fieldService  = "service_options"
	fieldAll      = "all_options"
)

// The choices of the form.
const (
	everybody   = "everybody"
	readOnly    = "read_only"
	readWrite   = "read_write"
	forever     = "forever"
	addresses   = "addresses"
	rotate      = "rotate"
	reused      = "reused"
	standardEnd = 30 // days after which new tokens of an answer end
)

// fieldOrder returns the fields in their order.
func fieldOrder() []string {
	return []string{token.FieldPersonalLongest, fieldPersonal, token.FieldPersonalDefault, fieldMakers, token.FieldRuleGroups, fieldScopes,
		token.FieldMostPersonal, token.FieldServiceLongest, fieldService, token.FieldServiceDefault, token.FieldUnusedDays, fieldAll}
}

// form is what was filled in. It is not checked.
type form struct{ url.Values }

// formOf returns the form for rules. names are those of the groups, by id.
func formOf(r token.Ruling, names map[string]string) form {
	f := form{url.Values{}}
	number := func(field string, n int) {
		f.Set(field, "")
		if n > 0 {
			f.Set(field, strconv.Itoa(n))
		}
	}
	f.Set(fieldRevision, strconv.FormatInt(r.Revision, 10))
	number(token.FieldPersonalLongest, r.Personal.Longest)
	number(token.FieldPersonalDefault, r.Personal.Default)
	number(token.FieldServiceLongest, r.Service.Longest)
	number(token.FieldServiceDefault, r.Service.Default)
	number(token.FieldMostPersonal, r.MostPersonal)
	number(token.FieldUnusedDays, r.UnusedDays)
	for _, box := range []struct {
		field, value string
		on           bool
	}{{fieldPersonal, forever, !r.Personal.MustExpire},
		{fieldService, forever, !r.Service.MustExpire}, {fieldService, addresses, r.NeedAddresses},
		{fieldAll, rotate, !r.NoSelfRotation}, {fieldAll, reused, r.SuspendReused}} {
		if box.on {
			f.Add(box.field, box.value)
		}
	}
	f.Set(fieldMakers, everybody)
	if r.Makers != token.Everybody {
		f.Set(fieldMakers, string(r.Makers))
	}
	f.Set(fieldScopes, readWrite)
	if r.ReadOnly {
		f.Set(fieldScopes, readOnly)
	}
	var lines []string
	for _, id := range r.Groups {
		if name, exists := names[id]; exists {
			lines = append(lines, name)
		}
	}
	slices.Sort(lines)
	f.Set(token.FieldRuleGroups, strings.Join(lines, "\n"))
	return f
}

// has reports whether a box is checked.
func (f form) has(field, value string) bool { return slices.Contains(f.Values[field], value) }

// change reads the form. The error is Invalid for a form that is not whole: a missing field must not lift a rule.
func (h *Handlers) change(c echo.Context, v kit.Visit, f form) (token.RuleChange, kit.FieldErrors, error) {
	in, wrong := token.RuleChange{Answer: token.Answer(f.Get(token.FieldAnswer))}, kit.FieldErrors{}
	if !f.whole() {
		return in, nil, fault.NewInvalid("The form is incomplete. Open the page again.")
	}
	in.Revision, _ = strconv.ParseInt(f.Get(fieldRevision), 10, 64) // anything else is the revision of no rules
	in.Told, _ = strconv.Atoi(f.Get(fieldTold))
	in.Days = f.number(token.FieldDays, wrong)
	in.Rules = token.Rules{
		Personal: token.Lifetime{Longest: f.number(token.FieldPersonalLongest, wrong), Default: f.number(token.FieldPersonalDefault, wrong),
			MustExpire: !f.has(fieldPersonal, forever)},
		Service: token.Lifetime{Longest: f.number(token.FieldServiceLongest, wrong), Default: f.number(token.FieldServiceDefault, wrong),
			MustExpire: !f.has(fieldService, forever)},
		ReadOnly: f.Get(fieldScopes) != readWrite, MostPersonal: f.number(token.FieldMostPersonal, wrong),
		NeedAddresses: f.has(fieldService, addresses),
		UnusedDays:    f.number(token.FieldUnusedDays, wrong), NoSelfRotation: !f.has(fieldAll, rotate), SuspendReused: f.has(fieldAll, reused),
	}
	if makers := f.Get(fieldMakers); makers != everybody {
		in.Makers = token.Makers(makers)
	}
	if in.Makers == token.InGroups {
		var err error
		if in.Groups, err = h.groupIDs(c, v, f, wrong); err != nil {
			return in, nil, err
		}
	}
	checked, err := in.Rules.Check()
	problems, err := kit.Invalid(err)
	for field, text := range problems {
		if wrong[field] == "" {
			wrong[field] = text
		}
	}
	in.Rules = checked
	return in, wrong, err
}

// whole reports whether no field is missing.
func (f form) whole() bool {
	return !slices.ContainsFunc([]string{fieldRevision, token.FieldPersonalLongest, token.FieldServiceLongest, fieldMakers, fieldScopes,
		token.FieldMostPersonal, token.FieldUnusedDays}, func(field string) bool { return !f.Has(field) })
}

// number reads a field; 0 if it is empty.
func (f form) number(field string, wrong kit.FieldErrors) int {
	text := strings.TrimSpace(f.Get(field))
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		wrong[field] = "Enter a whole number, or leave this empty."
		return 0
	}
	return n
}

// groupIDs returns the ids of the groups that the form names, one a line.
func (h *Handlers) groupIDs(c echo.Context, v kit.Visit, f form, wrong kit.FieldErrors) ([]string, error) {
	groups, err := h.groups.List(c.Request().Context(), v.Standing)
	if err != nil {
		return nil, err
	}
	var ids []string
	for line := range strings.Lines(f.Get(token.FieldRuleGroups)) {
		name := plaintext.Clean(line)
		if name == "" {
			continue
		}
		found := false
		for _, g := range groups {
			if plaintext.SameName(g.Name, name) {
				ids, found = append(ids, g.ID), true
			}
		}
		if !found && wrong[token.FieldRuleGroups] == "" {
			wrong[token.FieldRuleGroups] = "There is no group " + plaintext.Shorten(name, 60) + "."
		}
	}
	return ids, nil
}

// hidden returns a field as it was filled in, to send it again.
func (f form) hidden(field string) component.HiddenField {
	return component.HiddenField{Name: field, Value: kit.Shown(f.Get(field))}
}

// carried returns the whole form as hidden fields.
func (f form) carried() []component.HiddenField {
	out := []component.HiddenField{f.hidden(fieldRevision)}
	for _, field := range fieldOrder() {
		switch field {
		case fieldPersonal, fieldService, fieldAll:
			for _, value := range f.Values[field] {
				out = append(out, component.HiddenField{Name: field, Value: kit.Shown(value)})
			}
		case token.FieldRuleGroups:
			out = append(out, component.HiddenField{Name: field, Value: plaintext.Clip(plaintext.Mend(f.Get(field)), maxGroupText)})
		default:
			out = append(out, f.hidden(field))
		}
	}
	return out
}

// maxGroupText is how many characters of typed names of groups a page repeats: more than as many as there may be.
const maxGroupText = 4000
