package provision

import (
	"encoding/json"
	"strings"

	"latchkey/internal/plaintext"
)

// Path is an attribute path (RFC 7644 §3.10): optional schema URI, attribute, optional
// sub-attribute, as the client wrote them.
type Path struct{ URI, Name, Sub string }

// String returns the path as text.
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
	// String returns the filter as text that parses to an equal filter.
	String() string
}

// Comparison is a filter like "userName eq "a"" or "title pr". Value is a string, bool,
// json.Number or nil (null, or with Present).
type Comparison struct {
	Path  Path
	Op    Operator
	Value any
}

// Selection is a filter like "emails[type eq "work"]". It holds if Filter holds for some
// element.
type Selection struct {
	Path   Path
	Filter Expr
}

// Negation is a filter "not (…)".
type Negation struct{ Expr Expr }

// Logical is a filter "… and …" or "… or …".
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
	if err := e.Encode(c.Value); err != nil { // never happens: scalars always encode
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

// Limits of a filter: far beyond what providers send, and low enough that no filter is
// expensive.
const (
	maxFilter      = 4096 // bytes
	maxDepth       = 32   // nested parentheses
	maxComparisons = 64
)

// ParseFilter parses a filter (RFC 7644 §3.4.2.2). The error is a Problem of type InvalidFilter
// with the position of the mistake. It does not check whether attributes exist.
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
// "emails[type eq "work"]" followed by an optional sub-attribute, which is Path.Sub.
type PatchPath struct {
	Path
	Filter Expr // nil without brackets
}

// ParsePatchPath parses the path of a PATCH operation. The error is a Problem of type
// InvalidPath, or InvalidFilter for the part in brackets.
func ParsePatchPath(text string) (PatchPath, error) {
	p, err := newParser(text)
	if err != nil {
		return PatchPath{}, invalid(InvalidPath, "The path %q is malformed.", cut(text))
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

// lexeme is one token of a filter: '(' ')' '[' ']' for themselves, 'w' for a word, 's' for a
// string with its text decoded. The zero lexeme is the end.
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
				return nil, invalid(InvalidFilter, "The filter has an unterminated string or an invalid escape at position %d.", i+1)
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
			return nil, invalid(InvalidFilter, "The filter has an unexpected character at position %d.", i+1)
		}
	}
	return list, nil
}

// stringEnd returns the index after the closing quote of the string that starts at i, or -1.
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

// word reports whether the next lexeme is w, in any letter case.
func (p *parser) word(w string) bool { return p.at().kind == 'w' && strings.EqualFold(p.at().text, w) }

func (p *parser) wrong(want string) error {
	if p.at() == (lexeme{}) {
		return invalid(InvalidFilter, "The filter ends where %s should follow.", want)
	}
	return invalid(InvalidFilter, "The filter should have %s at position %d.", want, p.at().pos+1)
}

// or parses terms joined by "or", which binds weakest.
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

// term parses "not (…)", "(…)", a comparison or a selection.
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

// attribute parses a term that begins with an attribute path.
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

// selection parses "[…]" after a path, and an extension that one provider uses: a sub-attribute
// after the brackets with its own comparison, which must hold for the same element.
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

// brackets parses "[…]". Selections cannot be nested.
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

// subAttribute parses ".value" after a bracket.
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
		return nil, p.wrong("a value (a string in double quotes, a number, true, false or null)")
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

// literal parses a JSON scalar. Its words can be in any letter case, as the grammar allows (RFC
// 5234 §2.3).
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

// parsePath splits "urn:…:2.0:User:name.givenName". The URI contains dots and colons itself, so
// the attribute is the part after the last colon.
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

// attributeName reports whether s is an ATTRNAME of RFC 7643 §2.1, or "$ref".
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

// cut shortens text from a client for use in a message.
func cut(s string) string { return plaintext.Shorten(s, 80) }
