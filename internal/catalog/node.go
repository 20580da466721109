package catalog

import (
	"errors"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// syntax records a syntax error from the parser.
func (r *reader) syntax(err error) {
	var known yaml.Error
	if errors.As(err, &known) {
		line := 0
		if token := known.GetToken(); token != nil && token.Position != nil {
			line = token.Position.Line
		}
		r.wrong(line, "this is not YAML: %s", known.GetMessage())
		return
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	r.wrong(0, "this is not YAML: %s", first)
}

// lineAt returns the line on which a node begins.
func lineAt(n ast.Node) int {
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return 0
	}
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 {
		return lineAt(m.Values[0]) // the token of a block mapping is its first colon
	}
	if v, ok := n.(*ast.MappingValueNode); ok {
		return lineAt(v.Key)
	}
	return n.GetToken().Position.Line
}

// mapping reads a mapping with the given keys. Repeated and other keys are recorded as
// mistakes and left out. ok is false if the node is not a mapping.
func (r *reader) mapping(n ast.Node, what string, known ...string) (fields map[string]ast.Node, ok bool) {
	var values []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		r.missing(what, lineAt(n), "%s: must be a mapping with the keys %s", what, strings.Join(known, ", "))
		return nil, false
	}
	fields = map[string]ast.Node{}
	for _, v := range values {
		key, isText := scalar(v.Key)
		switch {
		case !isText || !slices.Contains(known, key):
			r.wrong(lineAt(v.Key), "%s: unknown key %s; allowed keys are %s", what, strings.TrimSpace(v.Key.String()), strings.Join(known, ", "))
		case fields[key] != nil:
			r.wrong(lineAt(v.Key), "%s: the key %s is repeated", what, key)
		default:
			fields[key] = v.Value
			r.lines[what+"."+key] = lineAt(v.Key)
		}
	}
	return fields, true
}

// sequence reads a list.
func (r *reader) sequence(n ast.Node, what string) []ast.Node {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		r.missing(what, lineAt(n), "%s: must be a list", what)
		return nil
	}
	return list.Values
}

// scalar returns the value of a plain or quoted string. It returns false for numbers,
// booleans, null, anchors, aliases and collections.
func scalar(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	}
	return "", false
}

// text reads an optional string. It returns "" if the key is missing.
func (r *reader) text(fields map[string]ast.Node, path, key string) string {
	node := fields[key]
	if node == nil {
		return ""
	}
	text, ok := scalar(node)
	if !ok {
		r.missing(path+"."+key, lineAt(node), "%s.%s: must be text; put it in quotes if it is", path, key)
	}
	return text
}

// required reads a string that must be present; line is for the message if it is missing.
func (r *reader) required(fields map[string]ast.Node, path, key string, line int) string {
	if fields[key] == nil {
		r.missing(path+"."+key, line, "%s: the key %s is missing", path, key)
	}
	return r.text(fields, path, key)
}

// flag reads an optional true or false.
func (r *reader) flag(fields map[string]ast.Node, path, key string) bool {
	node := fields[key]
	if node == nil {
		return false
	}
	b, ok := node.(*ast.BoolNode)
	if !ok {
		r.wrong(lineAt(node), "%s.%s: must be true or false", path, key)
		return false
	}
	return b.Value
}
