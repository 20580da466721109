package policy

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
	"latchkey/views/component"
	page "latchkey/views/page/policy"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
)

// stepApply is the button "Apply mine on top".
const stepApply = "apply"

// refused shows the form again with the reason why it was not saved.
func (h *Handlers) refused(c echo.Context, p edit, err error) error {
	if fault.Is(err, fault.Conflict) {
		return h.conflict(c, p, err)
	}
	if p.errors, err = kit.Invalid(err); err != nil {
		return err
	}
	return h.render(c, kit.StatusOf(p.errors), p, nil)
}

// conflict shows the form again after somebody else changed the policy. If it is known what, the form
// keeps the revision that it began with: saving it is refused until one of the two is chosen, to apply
// it on top or to discard it. Otherwise the form is based on the stored policy now, so that saving it
// again replaces that knowingly.
func (h *Handlers) conflict(c echo.Context, p edit, err error) error {
	again, loadErr := h.load(c, p.Spot)
	if loadErr != nil {
		return loadErr
	}
	again.form, again.sent = p.form, p.sent
	notice := component.NoticeModel{Kind: "warning", Title: "This policy changed while you were editing",
		Text: fault.Of(err).Message, Live: true, Links: []component.Link{{Label: "Discard my changes and reload", Href: p.At}}}
	var other *policy.Collision
	if errors.As(err, &other) && other.Known && again.view.Exists {
		mine, _ := again.body()
		again.seen = p.seen
		again.clash = &page.Conflict{Notice: notice, Theirs: again.changed(other.Seen, other.Current.Body), Mine: again.changed(other.Seen, mine),
			Apply: component.ButtonModel{Label: "Apply mine on top", Name: kit.FieldStep, Value: stepApply, NoValidate: true}}
	} else {
		again.notice = &notice
	}
	return h.render(c, respond.Status(fault.Conflict), again, nil)
}

// changed describes what one changed. It compares what the editor can show, so resources that are gone
// are no change.
func (p edit) changed(before, after access.Policy) []string {
	was, _ := p.editor.Policy(p.editor.Form(before))
	is, _ := p.editor.Policy(p.editor.Form(after))
	change := access.Difference(was, is)
	lines := p.changeLines(change)
	if len(lines) == 0 {
		return []string{"Nothing."}
	}
	return lines
}

// apply shows what the form changed on top of the policy as it is now. Saving it then is decided against
// that revision.
func (h *Handlers) apply(c echo.Context, p edit) error {
	mine, missing := p.body()
	if p.errors = kit.ErrorsOf(missing); p.errors != nil {
		return h.render(c, kit.StatusOf(p.errors), p, nil)
	}
	view, merged, err := h.policies.Rebase(c.Request().Context(), kit.VisitOf(c).Standing, p.Place, p.seen, mine)
	if fault.Is(err, fault.Conflict) {
		return h.conflict(c, p, err)
	}
	if err != nil {
		return err
	}
	e := NewEditor(h.site.Catalogue(), view.Plan, view.Resources, view.Inherited...)
	p.view, p.editor, p.form, p.seen = view, e, e.Form(merged), view.Revision()
	p.notice = &component.NoticeModel{Kind: "info", Title: "Your changes are on top of the current policy", Live: true,
		Text: "Check them and save. Nothing is saved yet."}
	return h.render(c, http.StatusOK, p, nil)
}
