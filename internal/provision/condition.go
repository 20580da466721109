package provision

import (
	"strings"
	"time"

	"latchkey/internal/plaintext"
)

// Condition is a filter in a form that a store can run: a tree of [All], [Either], [Not],
// [Compare], [Has], [Some] and [Const]. Its strings are values to be bound, never SQL.
type Condition interface{ condition() }

// All holds if both conditions hold, Either if at least one does, Not if its condition does not.
type (
	All    struct{ Left, Right Condition }
	Either struct{ Left, Right Condition }
	Not    struct{ Of Condition }
)

// Const always holds, or never.
type Const bool

// Field is a column of the store.
type Field string

// The fields of a resource, and those of an element within [Some].
const (
	FieldID         Field = "id"
	FieldExternalID Field = "externalId"
	FieldUserName   Field = "userName"
	FieldName       Field = "displayName"
	FieldActive     Field = "active" // boolean
	FieldCreated    Field = "created"
	FieldModified   Field = "modified"

	ElementValue   Field = "value"
	ElementDisplay Field = "display"
	ElementKind    Field = "type"
	ElementPrimary Field = "primary" // boolean
)

// Compare compares a column with the value of its type: Text for strings, Bool for booleans,
// Time for times. If Fold is set, letter case does not matter: then Text is in lower case, and
// Typed is the original. Op is never Present or NotEqual.
type Compare struct {
	Field Field
	Op    Operator
	Text  string
	Typed string
	Fold  bool
	Bool  bool
	Time  time.Time
}

// Has holds if a column has a value.
type Has struct{ Field Field }

// Some holds if its condition holds for some element of the attribute. An attribute with a
// single value has one element. The elements of "groups" and "members" are the memberships.
type Some struct {
	Attribute string // canonical path: "emails", "name.givenName"
	Where     Condition
}

func (All) condition()     {}
func (Either) condition()  {}
func (Not) condition()     {}
func (Const) condition()   {}
func (Compare) condition() {}
func (Has) condition()     {}
func (Some) condition()    {}

// condition translates a filter. The error is InvalidFilter for attributes that cannot be
// searched.
func (t Resource) condition(e Expr) (Condition, error) {
	switch e := e.(type) {
	case Logical:
		return joined(e, t.condition)
	case Negation:
		inner, err := t.condition(e.Expr)
		return Not{inner}, err
	case Selection:
		r, ok := t.resolve(e.Path)
		if !ok || !r.attr.Multi || r.sub != nil {
			return nil, invalid(InvalidFilter, "The attribute %q does not have several values.", cut(e.Path.String()))
		}
		where, err := elements(r.attr, e.Filter)
		return Some{r.attr.Name, where}, err
	case Comparison:
		r, ok := t.resolve(e.Path)
		if !ok {
			return nil, invalid(InvalidFilter, "There is no attribute %q.", cut(e.Path.String()))
		}
		return t.comparison(r, e)
	}
	return nil, invalid(InvalidFilter, "This filter is not supported.")
}

func joined(e Logical, translate func(Expr) (Condition, error)) (Condition, error) {
	left, err := translate(e.Left)
	if err != nil {
		return nil, err
	}
	right, err := translate(e.Right)
	if e.Or {
		return Either{left, right}, err
	}
	return All{left, right}, err
}

// comparison translates a comparison with an attribute of the resource.
func (t Resource) comparison(r resolved, c Comparison) (Condition, error) {
	if r.schema == "" {
		switch r.name() {
		case "id":
			return compare(r.attr, FieldID, c)
		case "externalId":
			return compare(r.attr, FieldExternalID, c)
		case "userName":
			return compare(r.attr, FieldUserName, c)
		case "displayName":
			return compare(r.attr, FieldName, c)
		case "active":
			return compare(r.attr, FieldActive, c)
		case "meta.created":
			return compare(*r.sub, FieldCreated, c)
		case "meta.lastModified":
			return compare(*r.sub, FieldModified, c)
		case "meta.resourceType":
			return Const(holds(*r.sub, c, t.Name)), fits(*r.sub, c)
		}
	}
	if r.attr.Multi {
		return someElement(r, c)
	}
	leaf := r.attr
	if r.sub != nil {
		leaf = *r.sub
	}
	if leaf.Type == Complex || strings.EqualFold(r.attr.Name, "meta") {
		return nil, invalid(InvalidFilter, "The attribute %q cannot be searched.", r.name())
	}
	return quantified(r.name(), leaf, ElementValue, c)
}

// someElement translates "emails co …" and "emails.type eq …". Without a sub-attribute it
// compares the value, or for Present, checks that there is any element.
func someElement(r resolved, c Comparison) (Condition, error) {
	if r.sub == nil && c.Op == Present {
		return Some{r.attr.Name, Const(true)}, nil
	}
	sub := "value"
	if r.sub != nil {
		sub = r.sub.Name
	}
	leaf, field, err := element(r.attr, sub)
	if err != nil {
		return nil, err
	}
	return quantified(r.attr.Name, leaf, field, c)
}

// quantified returns a condition on some element. It negates the condition for the negative
// comparisons: no element is equal, none has a value.
func quantified(name string, leaf Attribute, field Field, c Comparison) (Condition, error) {
	negative := c.Op == NotEqual
	if c.Value == nil && c.Op != Present {
		negative = !negative
		c.Op = Present
	} else if c.Op == NotEqual {
		c.Op = Equal
	}
	where, err := compare(leaf, field, c)
	if negative {
		return Not{Some{name, where}}, err
	}
	return Some{name, where}, err
}

// elements translates the filter in brackets.
func elements(a Attribute, e Expr) (Condition, error) {
	switch e := e.(type) {
	case Logical:
		return joined(e, func(e Expr) (Condition, error) { return elements(a, e) })
	case Negation:
		inner, err := elements(a, e.Expr)
		return Not{inner}, err
	case Comparison:
		if e.Path.URI != "" || e.Path.Sub != "" {
			return nil, invalid(InvalidFilter, "Values of %s have no attribute %q.", a.Name, cut(e.Path.String()))
		}
		leaf, field, err := element(a, e.Path.Name)
		if err != nil {
			return nil, err
		}
		return compare(leaf, field, e)
	}
	return nil, invalid(InvalidFilter, "This filter is not supported.")
}

// element returns the sub-attribute of an element and its column.
func element(a Attribute, name string) (Attribute, Field, error) {
	sub, ok := attribute(a.Sub, name)
	fields := map[string]Field{"value": ElementValue, "display": ElementDisplay, "type": ElementKind, "primary": ElementPrimary}
	field, kept := fields[sub.Name]
	if !ok || !kept {
		return Attribute{}, "", invalid(InvalidFilter, "Values of %s cannot be searched by %q.", a.Name, cut(name))
	}
	return sub, field, nil
}

// compare translates one comparison with a column.
func compare(a Attribute, field Field, c Comparison) (Condition, error) {
	c.Value = typed(a, c.Value)
	if err := fits(a, c); err != nil {
		return nil, err
	}
	switch {
	case c.Op == Present, c.Value == nil && c.Op == NotEqual:
		return Has{field}, nil
	case c.Value == nil:
		return Not{Has{field}}, nil
	case c.Op == NotEqual:
		c.Op = Equal
		equal, err := compare(a, field, c)
		return Not{equal}, err
	}
	out := Compare{Field: field, Op: c.Op}
	switch a.Type {
	case Boolean:
		out.Bool, _ = c.Value.(bool)
	case DateTime:
		out.Time, _ = instant(c.Value)
	default:
		out.Text, _ = c.Value.(string)
		if out.Fold = !a.CaseExact; out.Fold {
			out.Text, out.Typed = plaintext.Fold(out.Text), out.Text
		}
	}
	return out, nil
}

// instant parses a time (RFC 7643 §2.3.5: an xsd:dateTime, with a zone).
func instant(v any) (time.Time, bool) {
	s, ok := v.(string)
	if !ok {
		return time.Time{}, false
	}
	at, err := time.Parse(time.RFC3339, s)
	return at, err == nil
}
