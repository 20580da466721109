package legacy

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// kind is the kind of a JSON value.
type kind uint8

const (
	null kind = iota
	text
	number
	boolean
	list
	object
)

func (k kind) String() string {
	return [...]string{"null", "a string", "a number", "true or false", "a list", "an object"}[k]
}

// node is one JSON value of any kind.
type node struct {
	kind    kind
	text    string // string, number
	truth   bool
	items   []node
	members []member // in order, including repeated ones
}

type member struct {
	key   string
	value node
}

// Limits that no real export exceeds: the nesting of values, their number in one element of a
// section, and the bytes of one string. They protect against files that exhaust the memory.
const (
	maxDepth  = 24
	maxValues = 200_000
	maxToken  = 1 << 20
)

var (
	errDepth = errors.New("lists and objects are nested too deeply")
	errMany  = errors.New("one element has too many values")
	errLong  = errors.New("one string is too long")
)

// nodes reads one element: a value with everything in it.
type nodes struct {
	json *json.Decoder
	left int // values that may still come
}

// readNode reads the value that begins with the next token.
func readNode(d *json.Decoder) (node, error) {
	n := nodes{json: d, left: maxValues}
	return n.next(1)
}

func (n *nodes) next(depth int) (node, error) {
	t, err := n.json.Token()
	if err != nil {
		return node{}, err
	}
	if n.left--; n.left < 0 {
		return node{}, errMany
	}
	switch t := t.(type) {
	case string:
		return node{kind: text, text: t}, nil
	case json.Number:
		return node{kind: number, text: t.String()}, nil
	case bool:
		return node{kind: boolean, truth: t}, nil
	case json.Delim:
		if depth == maxDepth {
			return node{}, errDepth
		}
		if t == '[' {
			return n.list(depth + 1)
		}
		return n.object(depth + 1)
	}
	return node{}, nil
}

func (n *nodes) list(depth int) (node, error) {
	out := node{kind: list}
	for n.json.More() {
		item, err := n.next(depth)
		if err != nil {
			return out, err
		}
		out.items = append(out.items, item)
	}
	_, err := n.json.Token()
	return out, err
}

func (n *nodes) object(depth int) (node, error) {
	out := node{kind: object}
	for n.json.More() {
		key, err := n.json.Token()
		if err != nil {
			return out, err
		}
		value, err := n.next(depth)
		if err != nil {
			return out, err
		}
		out.members = append(out.members, member{fmt.Sprint(key), value})
	}
	_, err := n.json.Token()
	return out, err
}

// source is the file. It fails if the decoder has read much more than it has decoded: then it
// is buffering an endless string.
type source struct {
	from  io.Reader
	taken int64
	read  func() int64 // position of the decoder
}

func (s *source) Read(p []byte) (int, error) {
	if s.taken-s.read() > maxToken {
		return 0, errLong
	}
	n, err := s.from.Read(p)
	s.taken += int64(n)
	return n, err
}

// skipMark returns a reader without the byte order mark that some programs write before UTF-8.
func skipMark(from io.Reader) io.Reader {
	b := bufio.NewReader(from)
	if start, _ := b.Peek(3); string(start) == "\uFEFF" {
		_, _ = b.Discard(3)
	}
	return b
}

// deepest is the maximum nesting of a skipped value.
const deepest = 10_000

// skip skips the next value with everything in it.
func skip(d *json.Decoder) error {
	for depth := 0; ; {
		t, err := d.Token()
		if err != nil {
			return err
		}
		switch t {
		case json.Delim('['), json.Delim('{'):
			depth++
		case json.Delim(']'), json.Delim('}'):
			depth--
		}
		if depth > deepest {
			return errDepth
		}
		if depth == 0 {
			return nil
		}
	}
}

// syntaxError describes where the JSON is malformed.
func syntaxError(err error, offset int64) string {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "The file ends in the middle of this."
	case errors.Is(err, errDepth):
		return "Lists and objects are nested too deeply here."
	case errors.Is(err, errMany):
		return "This contains too many values."
	case errors.Is(err, errLong):
		return "A string here is too long."
	}
	return "This is not well-formed JSON in UTF-8, near byte " + strconv.FormatInt(offset, 10) + "."
}
