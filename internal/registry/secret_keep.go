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
// nothing else in it changed, wherever it moved to, or if it has the same position, the list the
// same length, and no other element had more in common with it. Where neither tells, the update is
// refused instead of giving one element another's secrets, unless it sends them again.
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
	holds := map[int]bool{} // indexes of the elements that have secrets
	for _, path := range secrets {
		if j, ok := path.steps()[len(from)].(int); ok {
			holds[j] = true
		}
	}
	pairs := paired(before, after, holds)
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
// unknown or it is new. It looks closer at the elements that hold secrets.
func paired(before, after []any, holds map[int]bool) []int {
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
	left := slices.Clone(used)
	for i := range news {
		if sameLength && pairs[i] < 0 && !left[i] && (!holds[i] || stays(before, after[i], i, left)) {
			take(i, i)
		}
	}
	return pairs
}

// stays reports whether an element at i has at least as much in common with the one that was there
// as with any other that is not used: two that were exchanged and changed are not the same ones.
func stays(before []any, element any, i int, used []bool) bool {
	common := alike(before[i], element)
	for j, other := range before {
		if j != i && !used[j] && alike(other, element) > common {
			return false
		}
	}
	return true
}

// alike returns how many texts, numbers and words two values have in the same places.
func alike(a, b any) int {
	n := 0
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if ok && len(b) < len(a) {
			a, b = b, a
		}
		for name, value := range a {
			if other, there := b[name]; there {
				n += alike(value, other)
			}
		}
	case []any:
		if b, ok := b.([]any); ok {
			for i := range min(len(a), len(b)) {
				n += alike(a[i], b[i])
			}
		}
	default:
		if a == b {
			return 1
		}
	}
	return n
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
