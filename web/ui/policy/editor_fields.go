package policy

import (
	"maps"
	"slices"

	"latchkey/internal/access"
	"latchkey/views/component"
)

// Fields returns the fields that the editor's form sends for p, for a page that carries a policy to the
// editor.
func (e Editor) Fields(p access.Policy) []component.HiddenField {
	form, out := e.Form(p), []component.HiddenField{}
	for _, permission := range slices.Sorted(maps.Keys(form)) {
		out = append(out, e.hiddenChoice(permission, form[permission])...)
	}
	return out
}
