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

// Limits for reading a body.
const (
	maxBody     = 1 << 20 // bytes
	maxDepth    = 64      // nested objects and lists
	maxProblems = 20      // in one response
	maxPath     = 200     // characters of a path in a response
)

// object is a JSON object of a request. Callers take its members by name and type; members
// that nobody took are unknown. [object.err] returns the problems of the whole body.
type object struct {
	path     string // "" for the body, otherwise ending in "."
	members  map[string]json.RawMessage
	taken    map[string]bool
	problems *fault.Problems
	inner    []*object // objects in lists, to find their unknown members
}

// readObject reads a body, which must be one JSON object in valid UTF-8, without repeated
// names, not too deep and not too large. Otherwise the error is Invalid or TooLarge.
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

// checkJSON checks the whole text. The decoder of the standard library accepts repeated names
// and invalid UTF-8, which two readers can understand differently.
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
	if !json.Valid(data) { // there may be several values
		return malformed(d.InputOffset(), data)
	}
	return nil
}

func malformed(offset int64, data []byte) error {
	line := 1 + bytes.Count(data[:min(int(offset), len(data))], []byte("\n"))
	return fault.NewInvalid("The body is not valid JSON: see line " + strconv.Itoa(line) + ".")
}

// walker follows the tokens of a JSON text and tracks the path.
type walker struct{ open []level }

// level is an object or a list that is not closed yet.
type level struct {
	names map[string]bool // already seen; nil for a list
	name  string          // of the member that is being read
	value bool            // a name was read; its value comes next
	index int
}

// step processes the next token. The error is Invalid.
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
				fault.Field{Path: w.path(), Message: "At most " + strconv.Itoa(maxDepth) + " levels are allowed."})
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
		return fault.NewInvalid("The body repeats a name in one object.",
			fault.Field{Path: w.path(), Message: "This name is repeated."})
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

// path returns the position of the walker, such as "config.hosts[2].name".
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

// take returns the raw text of a member and whether it is present.
func (o *object) take(key string) (json.RawMessage, bool) {
	o.taken[key] = true
	raw, ok := o.members[key]
	return raw, ok
}

// said is take for a member whose null means absent, as some clients write it.
func (o *object) said(key string) (json.RawMessage, bool) {
	raw, ok := o.take(key)
	return raw, ok && string(raw) != "null"
}

// text takes a string. It returns nil if the member is absent.
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

// halfCharacter reports whether a string contains an escaped lone surrogate. It would decode
// to the replacement character, so the text would not be returned as it was sent.
func halfCharacter(s string, raw json.RawMessage) bool {
	return strings.Count(s, "\ufffd") > strings.Count(string(raw), "\ufffd")+strings.Count(strings.ToLower(string(raw)), `\ufffd`)
}

// flag takes a boolean. It returns nil if the member is absent.
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

// whole takes a whole number. It returns nil if the member is absent.
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

// raw takes any JSON as text. It returns nil if the member is absent.
func (o *object) raw(key string) *string {
	raw, ok := o.take(key)
	if !ok {
		return nil
	}
	text := string(raw)
	return &text
}

// list takes a list of objects. It returns none if the member is absent.
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

// ignore takes members that only the server sets and that clients send back as they read
// them, with any value.
func (o *object) ignore(keys ...string) {
	for _, key := range keys {
		o.taken[key] = true
	}
}

// err returns an Invalid fault with all problems, including unknown members, or nil.
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
			o.wrong(key, "This field is unknown.")
		}
	}
	for _, inner := range o.inner {
		inner.untaken()
	}
}
