package legacy

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// kind is what a JSON value is.
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
	return [...]string{"null", "a text", "a number", "true or false", "a list", "an object"}[k]
}

// node is one JSON value, whatever it is.
type node struct {
	kind    kind
	text    string // text, number
	truth   bool
	items   []node
	members []member // in order, repeated ones included
}

type member struct {
	key   string
	value node
}

// maxDepth is deeper than any honest export goes.
const maxDepth = 24

var errDepth = errors.New("lists and objects are nested too deeply")

// readNode reads the value that begins with the next token.
func readNode(d *json.Decoder, depth int) (node, error) {
	t, err := d.Token()
	if err != nil {
		return node{}, err
	}
	return nodeOf(d, t, depth)
}

func nodeOf(d *json.Decoder, t json.Token, depth int) (node, error) {
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
			return readList(d, depth+1)
		}
		return readObject(d, depth+1)
	}
	return node{}, nil
}

func readList(d *json.Decoder, depth int) (node, error) {
	n := node{kind: list}
	for d.More() {
		item, err := readNode(d, depth)
		if err != nil {
			return n, err
		}
		n.items = append(n.items, item)
	}
	_, err := d.Token()
	return n, err
}

func readObject(d *json.Decoder, depth int) (node, error) {
	n := node{kind: object}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return n, err
		}
		value, err := readNode(d, depth)
		if err != nil {
			return n, err
		}
		n.members = append(n.members, member{fmt.Sprint(key), value})
	}
	_, err := d.Token()
	return n, err
}

// skip reads past the next value, however large.
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
		if depth == 0 {
			return nil
		}
	}
}

// syntaxError says where well-formed JSON ends.
func syntaxError(err error, offset int64) string {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "The file ends in the middle of it."
	case errors.Is(err, errDepth):
		return "Lists and objects are nested too deeply here."
	}
	return "This is not well-formed JSON, near byte " + strconv.FormatInt(offset, 10) + "."
}
