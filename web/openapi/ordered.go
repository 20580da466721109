package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/goccy/go-yaml"
)

// ordered is a mapping that keeps its order.
type ordered []member

type member struct {
	key   string
	value any
}

func orderedOf(m yaml.MapSlice) ordered {
	out := make(ordered, len(m))
	for i, item := range m {
		out[i] = member{fmt.Sprint(item.Key), orderedValue(item.Value)}
	}
	return out
}

func orderedValue(v any) any {
	switch v := v.(type) {
	case yaml.MapSlice:
		return orderedOf(v)
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = orderedValue(v[i])
		}
		return list
	}
	return v
}

func (o ordered) find(key string) any {
	for _, m := range o {
		if m.key == key {
			return m.value
		}
	}
	return nil
}

// with returns o with another value for a member that it has.
func (o ordered) with(key string, value any) ordered {
	out := append(ordered{}, o...)
	for i := range out {
		if out[i].key == key {
			out[i].value = value
		}
	}
	return out
}

// join returns o with everything in part: mappings are merged, lists are concatenated. It
// returns an error if both have the same member.
func (o ordered) join(part ordered) (ordered, error) {
	out := append(ordered{}, o...)
	for _, add := range part {
		at := -1
		for i := range out {
			if out[i].key == add.key {
				at = i
			}
		}
		if at < 0 {
			out = append(out, add)
			continue
		}
		joined, err := joinValues(out[at].value, add.value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", add.key, err)
		}
		out[at].value = joined
	}
	return out, nil
}

func joinValues(a, b any) (any, error) {
	switch a := a.(type) {
	case ordered:
		if b, ok := b.(ordered); ok {
			return a.join(b)
		}
	case []any:
		if b, ok := b.([]any); ok {
			return append(append([]any{}, a...), b...), nil
		}
	}
	return nil, fmt.Errorf("defined twice")
}

// MarshalJSON writes the members in their order.
func (o ordered) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := json.Marshal(m.key)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.key, err)
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}
