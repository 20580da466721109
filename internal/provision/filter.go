package provision

import (
	"encoding/json"
	"strings"

	"latchkey/internal/plaintext"
)

// Path is an attribute path (RFC 7644 §3.10): optional schema URI, attribute, optional
// sub-attribute, as they were written.
type Path struct{ URI, Name, Sub string }

// String writes the path.
func (p Path) String() string {
	s := p.Name
	if p.URI != "" {
		s = p.URI + ":" + s
	}
	if p.Sub != "" {
		s += "." + p.Sub
	}
	return s
}

// Operator is an attribute operator (RFC 7644 §3.4.2.2, table 3), in lower case.
type Operator string

// The operators.
const (
	Equal          Operator = "eq"
	NotEqual       Operator = "ne"
	Contains       Operator = "co"
	StartsWith     Operator = "sw"
	EndsWith       Operator = "ew"
	Present        Operator = "pr"
	Greater        Operator = "gt"
	GreaterOrEqual Operator = "ge"
	Less           Operator = "lt"
	LessOrEqual    Operator = "le"
)

// Expr is a parsed filter: a Comparison, a Selection, a Negation or a Logical.
type Expr interface {
	// String writes the filter so that it parses to the same again.
	String() string
}

// Comparison is "userName eq "a"" or "title pr". Value is a string, bool, json.Number or
// nil (null, or with Present).
type Comparison struct {
	Path  Path
	Op    Operator
	Value any
}

// Selection is "emails[type eq "work"]": some element for which Filter holds.
type Selection struct {
	Path   Path
	Filter Expr
}

// Negation is "not (…)".
type Negation struct{ Expr Expr }

// Logical is "… and …" or "… or …".
type Logical struct {
	Or          bool
	Left, Right Expr
}

func (c Comparison) String() string {
	if c.Op == Present {
		return c.Path.String() + " pr"
	}
	var value strings.Builder
	e := json.NewEncoder(&value)
	e.SetEscapeHTML(false)
	if err := e.Encode(c.Value); err != nil { // a scalar: it always encodes
		return ""
	}
	return c.Path.String() + " " + string(c.Op) + " " + strings.TrimSuffix(value.String(), "\n")
}

func (s Selection) String() string { return s.Path.String() + "[" + s.Filter.String() + "]" }

func (n Negation) String() string { return "not (" + n.Expr.String() + ")" }

func (l Logical) String() string {
	word := " and "
	if l.Or {
		word = " or "
	}
	return "(" + l.Left.String() + word + l.Right.String() + ")"
}

// The bounds of a filter: far beyond what providers send, and small enough that no filter
// is expensive.
const (
	maxFilter      = 4096 // bytes
	maxDepth       = 32   // nested parentheses
	maxComparisons = 64
)

// ParseFilter reads a filter (RFC 7644 §3.4.2.2). The error is a Problem of type
// InvalidFilter that says where the text goes wrong. It does not know which attributes
// there are.
func ParseFilter(text string) (Expr, error) {
	p, err := newParser(text)
	if err != nil {
		return nil, err
	}
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.at() != (lexeme{}) {
		return nil, p.wrong("the end or \"and\" or \"or\"")
	}
	return e, nil
}

// PatchPath is the target of a PATCH operation (RFC 7644 §3.5.2): an attribute path, or
// "emails[type eq "work"]" with an optional sub-attribute behind it, which is Path.Sub.
type PatchPath struct {
	Path
	Filter Expr // nil without brackets
}

// ParsePatchPath reads the path of a PATCH operation. The error is a Problem of type
// InvalidPath, or InvalidFilter for what stands in brackets.
func ParsePatchPath(text string) (PatchPath, error) {
	p, err := newParser(text)
	if err != nil {
		return PatchPath{}, invalid(InvalidPath, "The path %q cannot be read.", cut(text))
	}
	path, ok := parsePath(p.next())
	if !ok {
		return PatchPath{}, invalid(InvalidPath, "The path %q is not an attribute path.", cut(text))
	}
	target := PatchPath{Path: path}
	if p.at().kind == '[' {
		if target.Filter, err = p.brackets(path); err != nil {
			return PatchPath{}, err
		}
		if sub, ok := p.subAttribute(); ok {
			target.Sub = sub
		}
	}
	if p.at() != (lexeme{}) {
		return PatchPath{}, invalid(InvalidPath, "The path %q is not an attribute path.", cut(text))
	}
	return target, nil
}

// lexeme is one piece of a filter: '(' ')' '[' ']' for itself, 'w' a word, 's' a string
// with its text decoded. The zero lexeme is the end.
type lexeme struct {
	kind byte
	text string
	pos  int
}

func lex(text string) ([]lexeme, error) {
	var list []lexeme
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == ' ':
			i++
		case strings.IndexByte("()[]", c) >= 0:
			list = append(list, lexeme{c, string(c), i})
			i++
		case c == '"':
			end := stringEnd(text, i)
			var s string
			if end < 0 || json.Unmarshal([]byte(text[i:end]), &s) != nil {
				return nil, invalid(InvalidFilter, "The filter has a text without end or with a wrong escape at position %d.", i+1)
			}
			list = append(list, lexeme{'s', s, i})
			i = end
		case wordByte(c):
			start := i
			for i < len(text) && wordByte(text[i]) {
				i++
			}
			list = append(list, lexeme{'w', text[start:i], start})
		default:
			return nil, invalid(InvalidFilter, "The filter has a character that does not belong there at position %d.", i+1)
		}
	}
	return list, nil
}

// stringEnd is the index behind the closing quote of the string that starts at i, or -1.
func stringEnd(text string, i int) int {
	for i++; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_$:.+", c) >= 0
}

type parser struct {
	list        []lexeme
	depth       int
	comparisons int
	inside      bool // within brackets
}

func newParser(text string) (*parser, error) {
	if len(text) > maxFilter {
		return nil, invalid(InvalidFilter, "The filter is longer than %d bytes.", maxFilter)
	}
	list, err := lex(text)
	return &parser{list: list}, err
}

func (p *parser) at() lexeme {
	if len(p.list) == 0 {
		return lexeme{}
	}
	return p.list[0]
}

func (p *parser) next() lexeme {
	l := p.at()
	if len(p.list) > 0 {
		p.list = p.list[1:]
	}
	return l
}

// word reports whether the next lexeme is this word, in any letter case.
func (p *parser) word(w string) bool { return p.at().kind == 'w' && strings.EqualFold(p.at().text, w) }

func (p *parser) wrong(want string) error {
	if p.at() == (lexeme{}) {
		return invalid(InvalidFilter, "The filter ends where %s should follow.", want)
	}
	return invalid(InvalidFilter, "The filter should have %s at position %d.", want, p.at().pos+1)
}

// or reads terms joined by "or", which binds weakest.
func (p *parser) or() (Expr, error) { return p.joined("or", p.and) }

func (p *parser) and() (Expr, error) { return p.joined("and", p.term) }

func (p *parser) joined(word string, operand func() (Expr, error)) (Expr, error) {
	left, err := operand()
	for err == nil && p.word(word) {
		p.next()
		var right Expr
		right, err = operand()
		left = Logical{Or: word == "or", Left: left, Right: right}
	}
	return left, err
}

// term reads "not (…)", "(…)", a comparison or a selection.
func (p *parser) term() (Expr, error) {
	negated := p.word("not") && len(p.list) > 1 && p.list[1].kind == '('
	if negated {
		p.next()
	}
	if p.at().kind != '(' {
		return p.attribute()
	}
	if p.depth++; p.depth > maxDepth {
		return nil, invalid(InvalidFilter, "The filter has more than %d nested parentheses.", maxDepth)
	}
	p.next()
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.next().kind != ')' {
		return nil, invalid(InvalidFilter, "The filter lacks a closing parenthesis.")
	}
	p.depth--
	if negated {
		return Negation{e}, nil
	}
	return e, nil
}

// attribute reads what begins with an attribute path.
func (p *parser) attribute() (Expr, error) {
	if p.at().kind != 'w' {
		return nil, p.wrong("an attribute")
	}
	path, ok := parsePath(p.at())
	if !ok {
		return nil, p.wrong("an attribute")
	}
	p.next()
	if p.at().kind == '[' {
		return p.selection(path)
	}
	return p.comparison(path)
}

// selection reads "[…]" behind a path, and what one provider writes behind it: a
// sub-attribute with a comparison of its own, which must hold of the same element.
func (p *parser) selection(path Path) (Expr, error) {
	filter, err := p.brackets(path)
	if err != nil {
		return nil, err
	}
	if sub, ok := p.subAttribute(); ok {
		c, err := p.comparison(Path{Name: sub})
		return Selection{path, Logical{Left: filter, Right: c}}, err
	}
	return Selection{path, filter}, nil
}

// brackets reads "[…]". There is no selection within a selection.
func (p *parser) brackets(path Path) (Expr, error) {
	if p.inside || path.Sub != "" {
		return nil, p.wrong("no bracket")
	}
	p.next()
	p.inside = true
	filter, err := p.or()
	p.inside = false
	if err != nil {
		return nil, err
	}
	if p.next().kind != ']' {
		return nil, invalid(InvalidFilter, "The filter lacks a closing bracket.")
	}
	return filter, nil
}

// subAttribute reads ".value" behind a bracket.
func (p *parser) subAttribute() (string, bool) {
	l := p.at()
	if l.kind != 'w' || !strings.HasPrefix(l.text, ".") || !attributeName(l.text[1:]) {
		return "", false
	}
	return p.next().text[1:], true
}

func (p *parser) comparison(path Path) (Expr, error) {
	if p.comparisons++; p.comparisons > maxComparisons {
		return nil, invalid(InvalidFilter, "The filter has more than %d comparisons.", maxComparisons)
	}
	op := Operator(strings.ToLower(p.at().text))
	switch {
	case p.at().kind != 'w':
		return nil, p.wrong("an operator")
	case op == Present:
		p.next()
		return Comparison{Path: path, Op: Present}, nil
	case !comparing(op):
		return nil, p.wrong("an operator")
	}
	p.next()
	value, ok := literal(p.at())
	if !ok {
		return nil, p.wrong("a value (a text in double quotes, a number, true, false or null)")
	}
	p.next()
	return Comparison{Path: path, Op: op, Value: value}, nil
}

func comparing(op Operator) bool {
	switch op {
	case Equal, NotEqual, Contains, StartsWith, EndsWith, Greater, GreaterOrEqual, Less, LessOrEqual:
		return true
	case Present:
	}
	return false
}

// literal reads a JSON scalar. Words are the JSON ones in any letter case, which the
// grammar allows (RFC 5234 §2.3).
func literal(l lexeme) (any, bool) {
	switch {
	case l.kind == 's':
		return l.text, true
	case l.kind != 'w':
		return nil, false
	}
	switch strings.ToLower(l.text) {
	case "true":
		return true, true
	case "false":
		return false, true
	case "null":
		return nil, true
	}
	if l.text[0] != '-' && (l.text[0] < '0' || l.text[0] > '9') {
		return nil, false
	}
	n := json.Number(l.text)
	return n, json.Valid([]byte(l.text))
}

// parsePath splits "urn:…:2.0:User:name.givenName". A URI holds dots and colons itself:
// the attribute is what stands behind the last colon.
func parsePath(l lexeme) (Path, bool) {
	if l.kind != 'w' {
		return Path{}, false
	}
	p := Path{Name: l.text}
	if i := strings.LastIndexByte(l.text, ':'); i >= 0 {
		p.URI, p.Name = l.text[:i], l.text[i+1:]
		if !strings.HasPrefix(strings.ToLower(p.URI), "urn:") {
			return Path{}, false
		}
	}
	var dotted bool
	if p.Name, p.Sub, dotted = strings.Cut(p.Name, "."); dotted && !attributeName(p.Sub) {
		return Path{}, false
	}
	return p, attributeName(p.Name)
}

// attributeName is ATTRNAME of RFC 7643 §2.1, and "$ref".
func attributeName(s string) bool {
	if s == "$ref" {
		return true
	}
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || !(c >= '0' && c <= '9' || c == '-' || c == '_')) {
			return false
		}
	}
	return s != ""
}

// cut shortens what a client sent for a message.
func cut(s string) string { return plaintext.Shorten(s, 80) }
