package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
)

// Bounds of what is read from a body.
const (
	maxBody     = 1 << 20 // bytes
	maxDepth    = 64      // objects and lists inside each other
	maxProblems = 20      // that one answer names
	maxPath     = 200     // characters of a path in an answer
)

// object is a JSON object of a request. Its members are taken by name, each with the type
// that it must have; what was not taken in the end is unknown. Problems gather over the
// whole body and come out of [object.err].
type object struct {
	path     string // "" for the body, otherwise ending in "."
	members  map[string]json.RawMessage
	taken    map[string]bool
	problems *fault.Problems
	inner    []*object // objects in lists, for what they leave untaken
}

// readObject reads a body, which must be one JSON object: valid UTF-8, without repeated
// names, not too deep and not too large. Invalid or TooLarge otherwise.
func readObject(c echo.Context) (*object, error) {
	data, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, fault.NewTooLarge("The body is larger than 1 MiB.")
	}
	if err != nil {
		f := fault.NewInvalid("The body could not be read.")
		f.Cause = err
		return nil, f
	}
	return parseObject(data)
}

func parseObject(data []byte) (*object, error) {
	if err := checkJSON(data); err != nil {
		return nil, err
	}
	o := &object{taken: map[string]bool{}, problems: &fault.Problems{}}
	if err := json.Unmarshal(data, &o.members); err != nil || o.members == nil {
		return nil, fault.NewInvalid("The body must be a JSON object.")
	}
	return o, nil
}

// checkJSON walks the whole text once. The decoder of the standard library lets repeated
// names and invalid UTF-8 pass; both are ways to make two readers see two things.
func checkJSON(data []byte) error {
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return fault.NewInvalid("The body must be a JSON object.")
	case !utf8.Valid(data):
		return fault.NewInvalid("The body is not valid UTF-8.")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	w := walker{}
	for {
		token, err := d.Token()
		if err == io.EOF && len(w.open) == 0 {
			break
		}
		if err != nil {
			return malformed(d.InputOffset(), data)
		}
		if problem := w.step(token); problem != nil {
			return problem
		}
	}
	if !json.Valid(data) { // several values in a row
		return malformed(d.InputOffset(), data)
	}
	return nil
}

func malformed(offset int64, data []byte) error {
	line := 1 + bytes.Count(data[:min(int(offset), len(data))], []byte("\n"))
	return fault.NewInvalid("The body is not valid JSON: there is a mistake in line " + strconv.Itoa(line) + ".")
}

// walker follows the tokens of a JSON text and knows where it is.
type walker struct{ open []level }

// level is an object or a list that is not closed yet.
type level struct {
	names map[string]bool // nil for a list
	name  string          // of the member that is being read
	value bool            // a name was read, its value comes next
	index int
}

// step takes the next token; the error is Invalid.
func (w *walker) step(token json.Token) error {
	if top := w.top(); top != nil && top.names != nil && !top.value {
		if name, ok := token.(string); ok {
			return w.name(top, name)
		}
	}
	switch token {
	case json.Delim('{'), json.Delim('['):
		if len(w.open) == maxDepth {
			return fault.NewInvalid("The body is nested too deeply.",
				fault.Field{Path: w.path(), Message: "At most " + strconv.Itoa(maxDepth) + " levels are read."})
		}
		l := level{}
		if token == json.Delim('{') {
			l.names = map[string]bool{}
		}
		w.open = append(w.open, l)
		return nil
	case json.Delim('}'), json.Delim(']'):
		w.open = w.open[:len(w.open)-1]
	}
	if top := w.top(); top != nil {
		top.value = false
		top.index++
	}
	return nil
}

func (w *walker) name(top *level, name string) error {
	top.name, top.value = name, true
	if top.names[name] {
		return fault.NewInvalid("The body has a name twice in one object.",
			fault.Field{Path: w.path(), Message: "This name is there twice."})
	}
	top.names[name] = true
	return nil
}

func (w *walker) top() *level {
	if len(w.open) == 0 {
		return nil
	}
	return &w.open[len(w.open)-1]
}

// path is where the walker is: "config.hosts[2].name".
func (w *walker) path() string {
	var b strings.Builder
	for _, l := range w.open {
		switch {
		case l.names == nil:
			b.WriteString("[" + strconv.Itoa(l.index) + "]")
		case b.Len() > 0:
			b.WriteString("." + l.name)
		default:
			b.WriteString(l.name)
		}
	}
	return plaintext.Shorten(b.String(), maxPath)
}

func (o *object) wrong(key, message string) {
	o.problems.Add(plaintext.Shorten(o.path+key, maxPath), message)
}

// take returns a member's raw text and whether it is there.
func (o *object) take(key string) (json.RawMessage, bool) {
	o.taken[key] = true
	raw, ok := o.members[key]
	return raw, ok
}

// said is take for a member whose null says nothing: clients write it for what they leave out.
func (o *object) said(key string) (json.RawMessage, bool) {
	raw, ok := o.take(key)
	return raw, ok && string(raw) != "null"
}

// text takes a string; nil when it is not there.
func (o *object) text(key string) *string {
	raw, ok := o.said(key)
	if !ok {
		return nil
	}
	var s string
	switch {
	case raw[0] != '"' || json.Unmarshal(raw, &s) != nil:
		o.wrong(key, "This must be text.")
	case halfCharacter(s, raw):
		o.wrong(key, "This is not valid text.")
	}
	return &s
}

// halfCharacter reports an escape that stands for half a character, which decodes to the
// replacement character: it would not come back as it came.
func halfCharacter(s string, raw json.RawMessage) bool {
	return strings.Count(s, "\ufffd") > strings.Count(string(raw), "\ufffd")+strings.Count(strings.ToLower(string(raw)), `\ufffd`)
}

// flag takes a boolean; nil when it is not there.
func (o *object) flag(key string) *bool {
	raw, ok := o.said(key)
	if !ok {
		return nil
	}
	b := string(raw) == "true"
	if !b && string(raw) != "false" {
		o.wrong(key, "This must be true or false.")
	}
	return &b
}

// whole takes a whole number; nil when it is not there.
func (o *object) whole(key string) *int64 {
	raw, ok := o.said(key)
	if !ok {
		return nil
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil {
		o.wrong(key, "This must be a whole number.")
	}
	return &n
}

// raw takes any JSON as the text that came; nil when it is not there.
func (o *object) raw(key string) *string {
	raw, ok := o.take(key)
	if !ok {
		return nil
	}
	text := string(raw)
	return &text
}

// list takes a list of objects; none when it is not there.
func (o *object) list(key string) []*object {
	raw, ok := o.said(key)
	if !ok {
		return nil
	}
	var items []json.RawMessage
	if raw[0] != '[' || json.Unmarshal(raw, &items) != nil {
		o.wrong(key, "This must be a list of objects.")
		return nil
	}
	list := make([]*object, len(items))
	for i, item := range items {
		at := key + "[" + strconv.Itoa(i) + "]"
		list[i] = &object{path: o.path + at + ".", taken: map[string]bool{}, problems: o.problems}
		if item[0] != '{' || json.Unmarshal(item, &list[i].members) != nil {
			o.wrong(at, "This must be an object.")
		}
	}
	o.inner = append(o.inner, list...)
	return list
}

// ignore takes members that clients send back as they read them and that only the server
// sets, whatever is in them.
func (o *object) ignore(keys ...string) {
	for _, key := range keys {
		o.taken[key] = true
	}
}

// err is every problem so far, members that nobody took among them; Invalid.
func (o *object) err() error {
	o.untaken()
	err := o.problems.Err("The body has mistakes.")
	if f := fault.Of(err); f != nil && len(f.Fields) > maxProblems {
		f.Fields = f.Fields[:maxProblems]
	}
	return err
}

func (o *object) untaken() {
	for _, key := range slices.Sorted(maps.Keys(o.members)) {
		if !o.taken[key] {
			o.wrong(key, "There is no such field.")
		}
	}
	for _, inner := range o.inner {
		inner.untaken()
	}
}
