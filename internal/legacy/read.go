package legacy

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
)

// Limits on what is reported about one file.
const (
	maxProblems = 100
	maxWarnings = 500
)

// errEnough ends the reading after too many problems.
var errEnough = errors.New("legacy: enough problems")

// Read reads an export and passes every valid element to the sink, in one pass and in the order
// of the file. The error is fault.Invalid with the first hundred problems by path, or an error
// of the sink or of reading. If there is one, the sink must discard everything: a problem may
// come at the very end of the file.
func Read(from io.Reader, sink Sink) (Summary, error) {
	source := &source{from: skipMark(from)}
	d := json.NewDecoder(source)
	d.UseNumber()
	source.read = d.InputOffset
	r := &reader{json: d, sink: sink, types: resourceTypes(), workspaces: map[string]bool{}, resources: map[string]bool{},
		members: map[string]*person{}, groups: map[string]bool{}, emails: map[string]string{}, tokens: map[string]string{}, digests: map[[32]byte]string{}}
	err := r.file()
	if errors.Is(err, errEnough) {
		err = nil
	}
	if err == nil {
		r.references()
		err = r.problems.Err("The file has mistakes. Nothing was imported.")
	}
	return r.summary, err
}

// reader reads one file. Of past elements it keeps only ids, to check references to them.
type reader struct {
	json     *json.Decoder
	sink     Sink
	summary  Summary
	problems fault.Problems
	found    int // problems
	types    []string

	section    int // index of the next section that may come
	workspaces map[string]bool
	resources  map[string]bool
	members    map[string]*person
	groups     map[string]bool
	emails     map[string]string   // path by address
	tokens     map[string]string   // "personal" or "service" by id
	digests    map[[32]byte]string // path by digest
	named      []named             // references to subjects that come later
}

// person is what the reader keeps of a member.
type person struct {
	admin bool
	in    map[string]bool
}

// named is a list of subjects and its path.
type named struct {
	path string
	who  Subjects
}

func (r *reader) problem(path, message string) {
	if r.found++; r.found <= maxProblems {
		r.problems.Add(path, message)
	}
}

func (r *reader) warn(path, message string) {
	if len(r.summary.Warnings) < maxWarnings {
		r.summary.Warnings = append(r.summary.Warnings, Warning{path, message})
		return
	}
	r.summary.More++
}

// section is a list in the file, with the function that reads one element.
type section struct {
	name string
	read func(r *reader, path string, n node) error
}

// sections returns the sections in the order in which they must come: elements come before
// references to them, so that one pass is enough.
func sections() []section {
	return []section{
		{"workspaces", (*reader).workspace},
		{"resources", (*reader).resource},
		{"members", (*reader).member},
		{"groups", (*reader).group},
		{"personal_tokens", (*reader).personalToken},
		{"service_tokens", (*reader).serviceToken},
	}
}

// file reads the outermost object.
func (r *reader) file() error {
	start, err := r.json.Token()
	if err != nil {
		return r.broken("file", err)
	}
	if start != json.Delim('{') {
		r.problem("file", "The file must be one JSON object.")
		return errEnough
	}
	head := node{kind: object}
	for r.json.More() {
		key, err := r.json.Token()
		if err != nil {
			return r.broken("file", err)
		}
		name := fmt.Sprint(key)
		if i := sectionNamed(name); i >= 0 {
			if err := r.list(&head, i); err != nil {
				return err
			}
			continue
		}
		if err := r.headMember(&head, name); err != nil {
			return err
		}
	}
	if _, err := r.json.Token(); err != nil {
		return r.broken("file", err)
	}
	if _, err := r.json.Token(); !errors.Is(err, io.EOF) {
		r.problem("file", "Unexpected text follows the end of the object.")
	}
	if r.section == 0 {
		if err := r.head(head); err != nil {
			return err
		}
		r.problem("workspaces", "This is required.")
	}
	return nil
}

// headMember reads a member of the outermost object that is not a section. An unknown one can
// be of any size.
func (r *reader) headMember(head *node, name string) error {
	known := slices.Contains([]string{"format", "version", "exported_at", "organization"}, name)
	switch {
	case known && r.section > 0:
		r.problem(name, "This must come before workspaces.")
	case !known:
		path := pathOf("", plaintext.Clip(name, 60))
		r.warn(path, unknownField)
		if err := skip(r.json); err != nil {
			return r.broken(path, err)
		}
		return nil
	}
	value, err := readNode(r.json)
	if err != nil {
		return r.broken(name, err)
	}
	head.members = append(head.members, member{name, value})
	return nil
}

func sectionNamed(name string) int {
	for i, s := range sections() {
		if s.name == name {
			return i
		}
	}
	return -1
}

// broken records a problem for malformed JSON, after which reading cannot continue. It returns
// errors of the source itself unchanged.
func (r *reader) broken(path string, err error) error {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, errDepth) &&
		!errors.Is(err, errLong) && !errors.Is(err, errMany) {
		return err
	}
	r.problem(path, syntaxError(err, r.json.InputOffset()))
	return errEnough
}

// head reads the members before the sections. If they are invalid, the rest is not read.
func (r *reader) head(n node) error {
	f, _ := r.object("file", n)
	f.path = ""
	if format, ok := f.take("format"); !ok || format.kind != text || format.text != Format {
		f.problem("format", "Not a Latchkey export: \"format\" must be \""+Format+"\".")
	}
	if f.wrong {
		return errEnough
	}
	if version, ok := f.of("version", number); !ok || version.text != strconv.Itoa(Version) {
		f.problem("version", "Only version 1 is supported.")
		return errEnough
	}
	f.time("exported_at", false)
	org, ok := f.take("organization")
	if !ok {
		f.problem("organization", "This is required.")
	}
	o := Organization{}
	if ok {
		inner, _ := r.object("organization", org)
		o = Organization{ID: inner.id("id"), Name: inner.requiredName("name")}
		f.wrong = !inner.done() || f.wrong
	}
	if !f.done() {
		return nil
	}
	return r.sink.Organization(o)
}

// list reads a section, one element at a time.
func (r *reader) list(head *node, i int) error {
	s := sections()[i]
	if r.section == 0 {
		if err := r.head(*head); err != nil {
			return err
		}
		if i > 0 {
			r.problem("workspaces", "This must come before "+s.name+".")
		}
	}
	if i < r.section {
		r.problem(s.name, "This section is repeated or too late: the order is workspaces, resources, members, groups, personal_tokens, service_tokens.")
		return errEnough
	}
	r.section = i + 1
	if open, err := r.json.Token(); err != nil {
		return r.broken(s.name, err)
	} else if open != json.Delim('[') {
		r.problem(s.name, "This must be a list.")
		return errEnough
	}
	for at := 0; r.json.More(); at++ {
		path := s.name + "[" + strconv.Itoa(at) + "]"
		n, err := readNode(r.json)
		if err != nil {
			return r.broken(path, err)
		}
		if err := s.read(r, path, n); err != nil {
			return err
		}
		if r.found >= maxProblems {
			return errEnough
		}
	}
	if _, err := r.json.Token(); err != nil {
		return r.broken(s.name, err)
	}
	return nil
}

// references warns about subjects in a lock or a list that do not exist.
func (r *reader) references() {
	for _, n := range r.named {
		for i, id := range n.who.Members {
			if r.members[id] == nil {
				r.warn(fmt.Sprintf("%s.members[%d]", n.path, i), "There is no such member: the entry is ignored.")
			}
		}
		for i, id := range n.who.Tokens {
			switch r.tokens[id] {
			case "":
				r.warn(fmt.Sprintf("%s.tokens[%d]", n.path, i), "There is no such token: the entry is ignored.")
			case personal:
				r.warn(fmt.Sprintf("%s.tokens[%d]", n.path, i), "This is a personal token, which has its owner's permissions: the entry is ignored.")
			}
		}
	}
}

// resourceTypes returns the types that a resource can have.
func resourceTypes() []string {
	var out []string
	c := access.BuiltIn()
	for _, s := range c.Sections() {
		for _, row := range c.Types(s) {
			out = append(out, row.Type)
		}
	}
	return out
}
