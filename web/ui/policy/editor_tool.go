package policy

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
	"latchkey/internal/policy"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

// The fields of the tools above the editor, and the values of their buttons.
const (
	fieldPreset     = "preset"
	fieldCopyFind   = "copy_find"
	fieldPresetName = "preset_name"
	fieldShow       = "show"

	stepPreset     = "preset"
	stepFind       = "find"
	stepSavePreset = "save_preset"
	stepCopy       = "copy:"   // and the kind and the id of the source
	stepColumn     = "column:" // and the index of the column
	stepRow        = "row:"    // and the section and the type

	builtIn = "built-in:" // begins the value of a preset of the catalogue
)

// Tools is the state of the tools above an editor in one request.
type Tools struct {
	presets   []policy.Preset
	preset    string // the chosen one
	find      string
	searched  bool
	found     []policy.Source
	more      bool
	show      string // the type whose rows are shown; "" for all
	name      string // of the preset to save
	nameError string
	message   string
	status    int // of a refusal, or 0
}

// Status returns the status of a page that shows the tools.
func (t *Tools) Status() int { return cmp.Or(t.status, http.StatusOK) }

// OpenTools returns the tools of an editor whose form was sent, or is new if form is nil.
func (h *Handlers) OpenTools(c echo.Context, form url.Values) (*Tools, error) {
	presets, err := h.presets.List(c.Request().Context(), kit.VisitOf(c).Standing)
	t := &Tools{presets: presets, preset: form.Get(fieldPreset), show: form.Get(fieldShow),
		find: plaintext.Clip(kit.Search(form.Get(fieldCopyFind)), 64), name: plaintext.Clean(form.Get(fieldPresetName))}
	return t, err
}

// Press does what a button of the tools asks for, and returns the form to show. It saves no policy. For
// other buttons, such as that of the filter, it does nothing. workspace is that of the edited policy.
func (h *Handlers) Press(c echo.Context, t *Tools, e Editor, f Form, workspace, step string) (Form, error) {
	kind, what, _ := strings.Cut(step, ":")
	switch {
	case step == stepPreset && t.preset == "" && t.find != "", step == stepFind: // Enter presses the first button of a form
		return f, h.find(c, t)
	case step == stepPreset:
		return t.usePreset(e, f), nil
	case step == stepSavePreset:
		return f, h.savePreset(c, t, e, f)
	case kind+":" == stepCopy:
		return h.copy(c, t, e, f, workspace, what)
	case kind+":" == stepColumn, kind+":" == stepRow:
		return e.toggle(f, e.toggled(step, t.show)), nil
	}
	return f, nil
}

func (h *Handlers) find(c echo.Context, t *Tools) error {
	var err error
	t.searched = true
	t.found, t.more, err = h.policies.FindSources(c.Request().Context(), kit.VisitOf(c).Standing, t.find)
	return err
}

// usePreset fills the form in with the chosen preset.
func (t *Tools) usePreset(e Editor, f Form) Form {
	value := t.preset
	t.preset = "" // so that choosing it again applies it again
	if name, ok := strings.CutPrefix(value, builtIn); ok {
		for _, p := range e.catalogue.Presets() {
			if p.Name == name {
				t.message = "Preset " + p.Name + " applied. Nothing is saved yet."
				return e.fill(f, e.Form(p.Grant))
			}
		}
	}
	for _, p := range t.presets {
		if p.ID == value {
			from := e.presetForm(p)
			t.message = "Preset " + p.Name + " applied. Nothing is saved yet." + e.chooseAgain(from)
			return e.fill(f, from)
		}
	}
	if t.message = "Choose a preset first."; value != "" {
		t.message, t.status = "That preset was not found.", http.StatusNotFound
	}
	return f
}

// savePreset saves what the form grants as a preset.
func (h *Handlers) savePreset(c echo.Context, t *Tools, e Editor, f Form) error {
	p, err := h.presets.Save(c.Request().Context(), kit.VisitOf(c).By, t.name, e.extents(f))
	switch wrong := fault.Of(err); {
	case err == nil:
		t.name, t.message = "", "Preset "+p.Name+" was saved. The policy is not saved yet."
		t.presets = append(t.presets, p)
		slices.SortFunc(t.presets, func(a, b policy.Preset) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
		return nil
	case wrong.Kind == fault.Invalid && len(wrong.Fields) > 0:
		t.nameError = wrong.Fields[0].Message
	case wrong.Kind == fault.Invalid, wrong.Kind == fault.Conflict, fault.Is(err, fault.Denied):
		t.nameError = wrong.Message
	default:
		return err
	}
	t.status = respond.Status(fault.Of(err).Kind)
	return nil
}

// copy fills the form in with what a source grants. What it says of a source that the visitor may not
// see is what it says of one that does not exist.
func (h *Handlers) copy(c echo.Context, t *Tools, e Editor, f Form, workspace, what string) (Form, error) {
	kind, id, _ := strings.Cut(what, ":")
	source := policy.SourceRef{Kind: policy.SourceKind(kind), ID: id}
	got, err := h.policies.Copy(c.Request().Context(), kit.VisitOf(c).Standing, source, workspace)
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Invalid) {
		t.message, t.status = fault.Of(err).Message, respond.Status(fault.Of(err).Kind)
		return f, nil
	}
	if err != nil {
		return f, err
	}
	from, name := e.Form(got.Policy), got.Name
	if got.Workspace.ID != workspace {
		from = e.elsewhere(got.Policy)
		name += " (" + got.Workspace.Name + ")"
	}
	t.message = "Copied from " + name + ". Nothing is saved yet." + e.chooseAgain(from)
	return e.fill(f, from), nil
}

// offers reports whether the editor offers to change a permission: it is not inherited in full, and the
// plan includes it.
func (e Editor) offers(permission access.Permission) bool {
	_, known := e.catalogue.Lookup(permission)
	return known && !e.given[permission].Unlimited() && e.refusal(e.catalogue.SectionOf(permission)) == ""
}

// fill returns f with the choices of from wherever the editor offers to change them. The other choices
// stay: what is inherited, and what the plan does not include.
func (e Editor) fill(f, from Form) Form {
	out := maps.Clone(f)
	for _, permission := range e.catalogue.Permissions() {
		if e.offers(permission) {
			out[permission] = from[permission]
		}
	}
	return out
}

// elsewhere returns the form for a policy of another workspace. The resources of a limited permission
// have to be chosen again.
func (e Editor) elsewhere(p access.Policy) Form {
	f := Form{}
	for permission, reach := range e.catalogue.Known(p) {
		f[permission] = choice{granted: true, selected: !reach.Unlimited(), future: !reach.Unlimited() && reach.All}
	}
	return f
}

// presetForm returns the form for a preset, which names no resources. It leaves out what the catalogue
// no longer has, or no longer limits.
func (e Editor) presetForm(p policy.Preset) Form {
	f := Form{}
	for permission, extent := range p.Grants {
		entry, known := e.catalogue.Lookup(permission)
		if known && (entry.Limitable || extent == policy.AllResources) {
			f[permission] = choice{granted: true, selected: extent != policy.AllResources, future: extent == policy.ChosenAndFuture}
		}
	}
	return f
}

// extents returns what the form grants, as a preset keeps it.
func (e Editor) extents(f Form) map[access.Permission]policy.Extent {
	out := map[access.Permission]policy.Extent{}
	for permission, c := range f {
		switch {
		case !c.granted || !e.offers(permission):
		case c.selected && c.future:
			out[permission] = policy.ChosenAndFuture
		case c.selected:
			out[permission] = policy.ChosenResources
		default:
			out[permission] = policy.AllResources
		}
	}
	return out
}

// chooseAgain names the permissions of a form for which resources have to be chosen.
func (e Editor) chooseAgain(f Form) string {
	var labels []string
	_, missing := e.Policy(f)
	for _, problem := range missing {
		if permission := access.Permission(problem.Path); e.offers(permission) {
			labels = append(labels, e.catalogue.Describe(permission))
		}
	}
	if len(labels) == 0 {
		return ""
	}
	return " Choose the resources for " + kit.Enumerate(labels) + "."
}

// toggled returns the permissions that a button of a row or a column is about: those that the editor
// offers and the filter shows.
func (e Editor) toggled(step, show string) []access.Permission {
	var out []access.Permission
	for _, section := range e.catalogue.Sections() {
		for _, row := range e.catalogue.Types(section) {
			for _, entry := range row.Entries {
				inRow := step == rowStep(section, row.Type)
				inColumn := section == access.SectionResources && step == columnStep(columnOf(entry)) && (show == "" || show == row.Type)
				if (inRow || inColumn) && e.offers(entry.Permission) {
					out = append(out, entry.Permission)
				}
			}
		}
	}
	return out
}

// toggle checks the permissions, or clears them if all are checked. Those that are checked already keep
// their resources.
func (e Editor) toggle(f Form, permissions []access.Permission) Form {
	out, on := maps.Clone(f), e.allChecked(f, permissions)
	for _, permission := range permissions {
		c := out[permission]
		if !c.granted {
			c = choice{find: c.find}
		}
		c.granted = !on
		out[permission] = c
	}
	return out
}

func (e Editor) allChecked(f Form, permissions []access.Permission) bool {
	return !slices.ContainsFunc(permissions, func(p access.Permission) bool { return !f[p].granted })
}
