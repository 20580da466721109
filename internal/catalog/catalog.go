// Package catalog reads an operator's catalogue file: the resource types and actions of the
// operator's own API, which policies can then grant.
//
// The file is YAML, as docs/catalog.md describes. Reading is strict: a file with any mistake
// is refused as a whole, and every mistake is reported with its line. The file is read once,
// at startup; the package does not watch it and does not look at stored policies.
package catalog

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"latchkey/internal/access"
	"latchkey/internal/fault"
)

// maxFile is the maximum size of the file in bytes.
const maxFile = 1 << 20

// Mistake is one mistake in the file. Line counts from 1; 0 means the file as a whole.
type Mistake struct {
	Line int
	Text string
}

// Error holds every mistake in one file.
type Error struct {
	File     string
	Mistakes []Mistake
}

// Error lists the mistakes, one per line: "catalog.yaml:7: …".
func (e *Error) Error() string {
	lines := make([]string, len(e.Mistakes))
	for i, m := range e.Mistakes {
		lines[i] = e.File + ": " + m.Text
		if m.Line > 0 {
			lines[i] = fmt.Sprintf("%s:%d: %s", e.File, m.Line, m.Text)
		}
	}
	return strings.Join(lines, "\n")
}

// Load reads a file as [Parse] does. If the file cannot be read, the error is an [*Error] too.
func Load(path string) ([]access.ResourceType, error) {
	info, err := os.Stat(path)
	if err == nil && info.Size() > maxFile {
		return nil, &Error{path, []Mistake{{0, "the file is larger than 1 MiB"}}}
	}
	if err != nil {
		return nil, unreadable(path, err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	return Parse(path, data)
}

func unreadable(path string, err error) error {
	text := err.Error()
	if pathErr := (*os.PathError)(nil); errors.As(err, &pathErr) {
		text = pathErr.Err.Error()
	}
	return &Error{path, []Mistake{{0, "cannot be read: " + text}}}
}

// Parse parses the content of a catalogue file; name is for messages. The result can extend
// the built-in catalogue: access.BuiltIn().Extend accepts it. The error is an [*Error] with
// every mistake, by line.
func Parse(name string, data []byte) ([]access.ResourceType, error) {
	r := reader{lines: map[string]int{}, unread: map[string]bool{}}
	rows := r.file(data)
	r.checkRows(rows)
	if len(r.mistakes) == 0 {
		return rows, nil
	}
	slices.SortStableFunc(r.mistakes, func(a, b Mistake) int { return a.Line - b.Line })
	return nil, &Error{name, r.mistakes}
}

// reader walks the syntax tree and collects mistakes. lines has the line of each path that
// access.Catalogue.Extend reports ("types[0].label"); unread has the paths that could not be
// read.
type reader struct {
	mistakes []Mistake
	lines    map[string]int
	unread   map[string]bool
}

func (r *reader) wrong(line int, format string, args ...any) {
	r.mistakes = append(r.mistakes, Mistake{line, fmt.Sprintf(format, args...)})
}

// missing records a mistake and that the path has no value to check.
func (r *reader) missing(path string, line int, format string, args ...any) {
	r.unread[path] = true
	r.wrong(line, format, args...)
}

// judged reports whether the value at a path was read. A label that is missing from the file
// was derived from a value that was read.
func (r *reader) judged(path string) bool {
	if _, written := r.lines[path]; !written && (strings.HasSuffix(path, ".label") || strings.HasSuffix(path, ".singular")) {
		return false
	}
	for ; path != ""; path = path[:max(strings.LastIndexAny(path, ".["), 0)] {
		if r.unread[path] {
			return false
		}
	}
	return true
}

// checkRows lets the catalogue itself check names, labels and duplicates.
func (r *reader) checkRows(rows []access.ResourceType) {
	_, err := access.BuiltIn().Extend(rows...)
	f := fault.Of(err)
	if f == nil {
		return
	}
	if len(f.Fields) == 0 {
		r.wrong(0, "%s", f.Message)
	}
	for _, field := range f.Fields {
		if !r.judged(field.Path) && len(r.mistakes) > 0 {
			continue
		}
		r.wrong(r.lineOf(field.Path), "%s: %s", field.Path, field.Message)
	}
}

// lineOf returns the line of a path, or of the innermost enclosing part that is in the file.
func (r *reader) lineOf(path string) int {
	for path != "" {
		if line, ok := r.lines[path]; ok {
			return line
		}
		i := strings.LastIndexAny(path, ".[")
		path = path[:max(i, 0)]
	}
	return 0
}

// file reads the single document: a mapping with the key types.
func (r *reader) file(data []byte) []access.ResourceType {
	tree, err := parser.ParseBytes(data, 0)
	if err != nil {
		r.syntax(err)
		return nil
	}
	docs := slices.DeleteFunc(tree.Docs, func(d *ast.DocumentNode) bool { return d.Body == nil })
	switch {
	case len(docs) == 0:
		r.wrong(0, "the file is empty; it needs the key types")
		return nil
	case len(docs) > 1:
		r.wrong(lineAt(docs[1].Body), "a second document begins here; the file must have only one")
		return nil
	}
	top, ok := r.mapping(docs[0].Body, "the file", "types")
	if !ok {
		return nil
	}
	list, found := top["types"]
	if !found {
		r.wrong(lineAt(docs[0].Body), "the key types is missing")
		return nil
	}
	var rows []access.ResourceType
	for i, node := range r.sequence(list, "types") {
		rows = append(rows, r.row(fmt.Sprintf("types[%d]", i), node))
	}
	return rows
}

// row reads one resource type.
func (r *reader) row(path string, node ast.Node) access.ResourceType {
	r.lines[path] = lineAt(node)
	fields, ok := r.mapping(node, path, "type", "label", "singular", "actions")
	if !ok {
		return access.ResourceType{}
	}
	row := access.ResourceType{
		Type:    r.required(fields, path, "type", lineAt(node)),
		Label:   r.required(fields, path, "label", lineAt(node)),
		Section: access.SectionCustom,
	}
	if row.Singular = r.text(fields, path, "singular"); fields["singular"] == nil {
		row.Singular = row.Label
	}
	list, found := fields["actions"]
	if !found {
		r.missing(path+".actions", lineAt(node), "%s: the key actions is missing", path)
		return row
	}
	r.lines[path+".actions"] = lineAt(list)
	for i, action := range r.sequence(list, path+".actions") {
		row.Entries = append(row.Entries, r.entry(fmt.Sprintf("%s.actions[%d]", path, i), row.Type, action))
	}
	return row
}

// entry reads one action: its name alone, or a mapping.
func (r *reader) entry(path, typ string, node ast.Node) access.Entry {
	r.lines[path] = lineAt(node)
	if name, ok := scalar(node); ok {
		return access.Entry{Permission: access.NewPermission(typ, name), Label: labelOf(name)}
	}
	fields, ok := r.mapping(node, path, "action", "label", "limitable", "note")
	if !ok {
		return access.Entry{}
	}
	name := r.required(fields, path, "action", lineAt(node))
	e := access.Entry{Permission: access.NewPermission(typ, name), Label: r.text(fields, path, "label"),
		Note: r.text(fields, path, "note"), Limitable: r.flag(fields, path, "limitable")}
	if fields["label"] == nil {
		e.Label = labelOf(name)
	}
	return e
}

// labelOf returns a label for a machine name: "write_off" becomes "Write off".
func labelOf(name string) string {
	words := strings.ReplaceAll(name, "_", " ")
	if words == "" {
		return ""
	}
	return strings.ToUpper(words[:1]) + words[1:]
}
