package provision

import (
	"strings"

	"latchkey/internal/plaintext"
)

// matcher returns a function that tests one element of a multi-valued attribute with the filter
// in the brackets of a PATCH path. The error is InvalidFilter for unknown sub-attributes.
func matcher(a Attribute, filter Expr) (func(v any) bool, error) {
	switch e := filter.(type) {
	case Logical:
		left, err := matcher(a, e.Left)
		if err != nil {
			return nil, err
		}
		right, err := matcher(a, e.Right)
		if e.Or {
			return func(v any) bool { return left(v) || right(v) }, err
		}
		return func(v any) bool { return left(v) && right(v) }, err
	case Negation:
		inner, err := matcher(a, e.Expr)
		return func(v any) bool { return !inner(v) }, err
	case Comparison:
		return compareElement(a, e)
	}
	return nil, invalid(InvalidFilter, "A selection of %s cannot contain another.", a.Name)
}

func compareElement(a Attribute, c Comparison) (func(v any) bool, error) {
	sub, ok := attribute(a.Sub, c.Path.Name)
	if !ok || c.Path.Sub != "" || c.Path.URI != "" {
		return nil, invalid(InvalidFilter, "Values of %s have no attribute %q.", a.Name, cut(c.Path.String()))
	}
	c.Value = typed(sub, c.Value)
	if err := fits(sub, c); err != nil {
		return nil, err
	}
	return func(v any) bool {
		object, ok := v.(map[string]any)
		if !ok {
			return false
		}
		return holds(sub, c, object[sub.Name])
	}, nil
}

// holds reports whether a comparison holds for one value. NotEqual is the opposite of Equal, so
// it holds for a missing value; the other operators do not.
func holds(a Attribute, c Comparison, value any) bool {
	switch {
	case c.Op == Present:
		return value != nil && value != ""
	case c.Op == NotEqual:
		c.Op = Equal
		return !holds(a, c, value)
	case c.Value == nil:
		return value == nil || value == ""
	}
	if want, ok := c.Value.(bool); ok {
		have, _ := value.(bool) // missing means false
		return have == want
	}
	have, ok := value.(string)
	want, _ := c.Value.(string)
	if !ok {
		return false
	}
	if !a.CaseExact {
		have, want = plaintext.Fold(have), plaintext.Fold(want)
	}
	return compareText(c.Op, have, want)
}

func compareText(op Operator, have, want string) bool {
	switch op {
	case Equal:
		return have == want
	case NotEqual:
		return have != want
	case Contains:
		return strings.Contains(have, want)
	case StartsWith:
		return strings.HasPrefix(have, want)
	case EndsWith:
		return strings.HasSuffix(have, want)
	case Greater:
		return have > want
	case GreaterOrEqual:
		return have >= want
	case Less:
		return have < want
	case LessOrEqual:
		return have <= want
	case Present:
	}
	return false
}

// typed converts the value of a comparison to the attribute's type, because one provider writes
// booleans as strings ("True").
func typed(a Attribute, value any) any {
	if text, ok := value.(string); ok && a.Type == Boolean {
		if b, err := coerceBool("", text); err == nil {
			return b
		}
	}
	return value
}

// fits checks that an operator and a value suit the attribute's type (RFC 7644 §3.4.2.2).
func fits(a Attribute, c Comparison) error {
	equality := c.Op == Equal || c.Op == NotEqual
	wrong := func() error {
		return invalid(InvalidFilter, "The attribute %s, of type %s, cannot be compared like this: %s.", a.Name, a.Type, cut(c.String()))
	}
	if c.Op == Present || c.Value == nil && equality {
		return nil
	}
	switch a.Type {
	case Boolean:
		if _, ok := c.Value.(bool); !ok || !equality {
			return wrong()
		}
	case DateTime:
		if _, ok := instant(c.Value); !ok || c.Op == Contains || c.Op == StartsWith || c.Op == EndsWith {
			return wrong()
		}
	case String, Reference:
		if _, ok := c.Value.(string); !ok {
			return wrong()
		}
	case Binary, Complex:
		return wrong()
	}
	return nil
}
