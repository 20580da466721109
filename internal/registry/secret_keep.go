package registry

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"latchkey/internal/fault"
)

// keeper finds out which stored secrets an update keeps: those that it leaves out, as long as the
// object that they belong to is still there.
//
// An object is the same one if its path is the same. In a list, an element is the same one if
// nothing else in it changed, wherever it moved to, or if it has the same position and the list
// the same length. Where neither tells, the update is refused instead of giving one element
// another's secrets, unless it sends them again.
type keeper struct {
	within map[Path][]Path // path of an object or a list before → the stored secrets in it
	said   map[Path]bool   // in the update
	kept   map[Path]Path   // path after the update → path before
	p      *fault.Problems
}

// keep returns the path after an update → the path before, of the secrets that it keeps.
func keep(p *fault.Problems, stored []Path, before string, update divided) map[Path]Path {
	k := keeper{within: map[Path][]Path{}, said: update.said, kept: map[Path]Path{}, p: p}
	for _, path := range stored {
		steps := path.steps()
		for n := range steps {
			prefix := pathOf(steps[:n])
			k.within[prefix] = append(k.within[prefix], path)
		}
	}
	if len(stored) > 0 {
		k.compare(tree(before), tree(update.public), nil, nil)
	}
	return k.kept
}

// tree returns a JSON text as maps, lists and texts; nil if it is none.
func tree(text string) any {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil
	}
	return v
}

// compare follows a value that was at from and is now at to.
func (k *keeper) compare(before, after any, from, to []any) {
	secrets := k.within[pathOf(from)]
	if len(secrets) == 0 {
		return
	}
	switch after := after.(type) {
	case map[string]any:
		if before, ok := before.(map[string]any); ok {
			k.object(before, after, secrets, from, to)
		}
	case []any:
		if before, ok := before.([]any); ok {
			k.list(before, after, secrets, from, to)
		}
	}
}

func (k *keeper) object(before, after map[string]any, secrets []Path, from, to []any) {
	for _, path := range secrets {
		steps := path.steps()
		name, ok := steps[len(from)].(string)
		if !ok || len(steps) != len(from)+1 {
			continue
		}
		target := pathOf(join(to, name))
		if _, public := after[name]; !public && !k.said[target] {
			k.kept[target] = path
		}
	}
	for name, value := range after {
		if old, ok := before[name]; ok {
			k.compare(old, value, join(from, name), join(to, name))
		}
	}
}

func (k *keeper) list(before, after []any, secrets []Path, from, to []any) {
	pairs := paired(before, after)
	var loose [][]any // of elements that are not found again: the way to each secret from there
	for _, path := range secrets {
		steps := path.steps()
		if j, ok := steps[len(from)].(int); ok && !slices.Contains(pairs, j) {
			loose = append(loose, steps[len(from)+1:])
		}
	}
	for i, j := range pairs {
		if j >= 0 {
			k.compare(before[j], after[i], join(from, j), join(to, i))
			continue
		}
		for _, rest := range loose {
			if !k.said[pathOf(join(join(to, i), rest...))] {
				k.p.Add(at(to), "It is not clear which element of this list keeps which secrets. Send the secrets of the list again.")
				return
			}
		}
	}
}

// paired returns, for each element after an update, the index that it had before; -1 if that is
// unknown or it is new.
func paired(before, after []any) []int {
	olds, news := texts(before), texts(after)
	pairs, used := slices.Repeat([]int{-1}, len(after)), make([]bool, len(before))
	take := func(i, j int) { pairs[i], used[j] = j, true }
	sameLength := len(before) == len(after)
	for i := range news {
		if sameLength && news[i] == olds[i] {
			take(i, i)
		}
	}
	was, is := places(olds, used), places(news, nil)
	for i, text := range news {
		if pairs[i] < 0 && len(was[text]) == 1 && len(is[text]) == 1 {
			take(i, was[text][0])
		}
	}
	for i := range news {
		if sameLength && pairs[i] < 0 && !used[i] {
			take(i, i)
		}
	}
	return pairs
}

// texts returns each element as text in which equal elements are equal.
func texts(list []any) []string {
	out := make([]string, len(list))
	for i, v := range list {
		text, err := json.Marshal(v) // sorts the names of objects
		if err == nil {
			out[i] = string(text)
		}
	}
	return out
}

// places returns the indexes of each text, without those that are used.
func places(list []string, used []bool) map[string][]int {
	at := map[string][]int{}
	for i, text := range list {
		if used == nil || !used[i] {
			at[text] = append(at[text], i)
		}
	}
	return at
}

// join returns the path with more steps, without changing the one given.
func join(path []any, steps ...any) []any { return append(slices.Clone(path), steps...) }

// at returns the path of a problem for the public API: config.hosts[0].
func at(steps []any) string {
	path := pathOf(steps).String()
	if path == "" || strings.HasPrefix(path, "[") {
		return fieldConfig + path
	}
	return fieldConfig + "." + path
}

const fieldConfig = "config"

// maxSecrets is the maximum number of secrets in one configuration.
const maxSecrets = 100

// checkSecrets refuses a configuration with too many secrets.
func checkSecrets(p *fault.Problems, n int) {
	if n > maxSecrets {
		p.Add(fieldConfig, "Use at most "+strconv.Itoa(maxSecrets)+" secrets in one configuration.")
	}
}
