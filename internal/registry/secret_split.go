package registry

import (
	"encoding/json"
	"fmt"
	"strings"

	"latchkey/internal/plaintext"
)

// Path is where a value stands in a configuration: the names and indexes on the way to it, as a
// JSON list. ["hosts",0,"password"] is config.hosts[0].password.
type Path string

func pathOf(steps []any) Path {
	if steps == nil {
		steps = []any{}
	}
	text, err := json.Marshal(steps)
	if err != nil { // never happens: strings and numbers always marshal
		return ""
	}
	return Path(text)
}

// steps returns the names (string) and indexes (int) of the path.
func (p Path) steps() []any {
	var list []any
	if err := json.Unmarshal([]byte(p), &list); err != nil {
		return nil
	}
	for i, step := range list {
		if n, ok := step.(float64); ok {
			list[i] = int(n)
		}
	}
	return list
}

// maxPathShown is the maximum number of characters of a path that people see.
const maxPathShown = 80

// String returns the path for people: hosts[0].password.
func (p Path) String() string {
	var b strings.Builder
	for _, step := range p.steps() {
		switch step := step.(type) {
		case int:
			fmt.Fprintf(&b, "[%d]", step)
		case string:
			if b.Len() > 0 {
				b.WriteString(".")
			}
			b.WriteString(step)
		}
	}
	return plaintext.Shorten(plaintext.Visible(b.String()), maxPathShown)
}

// divided is a configuration whose secrets have been taken out.
type divided struct {
	public  string          // the text without the members that hold secrets, otherwise as it came
	secrets map[Path]string // JSON text by path
	said    map[Path]bool   // every path of a secret that the configuration names, also null and ""
}

// divide takes the secrets out of a configuration, which must be valid JSON: every member with a
// secret name, at any depth, with all that is in it. null and the empty text are no secrets, but
// are taken out as well, so that an answer does not tell whether one is set.
func (n SecretNames) divide(config string) divided {
	d := divider{names: n, text: config, out: divided{secrets: map[Path]string{}, said: map[Path]bool{}}}
	d.out.public = d.value() + d.text[d.at:]
	return d.out
}

// divider reads a JSON text from left to right.
type divider struct {
	names SecretNames
	text  string
	at    int
	steps []any
	out   divided
}

// blank skips white space and returns it.
func (d *divider) blank() string {
	from := d.at
	for d.at < len(d.text) && strings.IndexByte(" \t\r\n", d.text[d.at]) >= 0 {
		d.at++
	}
	return d.text[from:d.at]
}

// next returns the next byte, or 0 at the end.
func (d *divider) next() byte {
	if d.at < len(d.text) {
		return d.text[d.at]
	}
	return 0
}

// value reads a value with the white space before it and returns it without its secrets.
func (d *divider) value() string {
	before := d.blank()
	switch d.next() {
	case '{':
		return before + d.list('}', d.member)
	case '[':
		return before + d.list(']', d.element)
	}
	return before + d.scalar()
}

// list reads an object or a list. item reads one item and reports whether it stays.
func (d *divider) list(end byte, item func(i int) (string, bool)) string {
	open := d.text[d.at : d.at+1]
	d.at++
	var kept []string
	for i := 0; d.at < len(d.text); i++ {
		space := d.blank()
		if d.next() == end { // an empty one: otherwise the items end at the comma's case below
			d.at++
			return open + space + string(end)
		}
		text, stays := item(i)
		text = space + text + d.blank()
		if stays {
			kept = append(kept, text)
		}
		last := d.next() == end
		d.at = min(d.at+1, len(d.text)) // the comma, or the end
		if last {
			break
		}
	}
	return open + strings.Join(kept, ",") + string(end)
}

func (d *divider) element(i int) (string, bool) {
	d.steps = append(d.steps, i)
	defer func() { d.steps = d.steps[:len(d.steps)-1] }()
	return d.value(), true
}

func (d *divider) member(int) (string, bool) {
	from := d.at
	var name string
	if err := json.Unmarshal([]byte(d.scalar()), &name); err != nil {
		name = ""
	}
	d.blank()
	d.at = min(d.at+1, len(d.text)) // the colon
	head := d.text[from:d.at]
	d.steps = append(d.steps, name)
	defer func() { d.steps = d.steps[:len(d.steps)-1] }()
	if !d.names.Has(name) {
		return head + d.value(), true
	}
	path, inner := pathOf(d.steps), divider{text: d.text, at: d.at} // knows no names, so it takes all
	value := strings.TrimSpace(inner.value())
	d.at = inner.at
	d.out.said[path] = true
	if value != "null" && value != `""` {
		d.out.secrets[path] = value
	}
	return "", false
}

// scalar reads a text, a number or a word.
func (d *divider) scalar() string {
	from := d.at
	if d.next() == '"' {
		for d.at++; d.at < len(d.text) && d.text[d.at] != '"'; d.at++ {
			if d.text[d.at] == '\\' {
				d.at++
			}
		}
		d.at = min(d.at+1, len(d.text))
		return d.text[from:d.at]
	}
	for d.at < len(d.text) && strings.IndexByte(" \t\r\n,]}:", d.text[d.at]) < 0 {
		d.at++
	}
	return d.text[from:d.at]
}
