package policy

import (
	"net/url"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/plaintext"
	"latchkey/internal/policy"
	page "latchkey/views/page/policy"
	"latchkey/web/ui/kit"
)

const (
	fieldPermission = "permission"
	fieldResource   = "resource"
)

// wholeOrganization is the value of the field "Workspace" for a question about no workspace.
const wholeOrganization = "organization"

// explanation is the state of the page: the question in the URL and its answer.
type explanation struct {
	query    url.Values
	placed   bool // whether a workspace, or the whole organization, is chosen
	subjects policy.Subjects
	chosen   string // the name of the member or token; "" while none is chosen
	errors   kit.FieldErrors
	answer   *policy.Explanation
}

// explainPage shows whether a member or token may do something, and which rule decides. The question
// is in the URL, so that it can be shared.
func (h *Handlers) explainPage(c echo.Context) error {
	v := kit.VisitOf(c)
	x, err := h.explain(c, v)
	if err != nil {
		return err
	}
	m := h.explainView(x, v)
	m.Frame = h.site.Frame(c, v, kit.ExplainTitle)
	return h.site.HTML(c, kit.StatusOf(x.errors), page.ExplainPage(m))
}

// explain reads the question, and answers it if it is complete. The workspace comes first, then the
// member or token, then the action. A link with an action but without a workspace is about the whole
// organization.
func (h *Handlers) explain(c echo.Context, v kit.Visit) (explanation, error) {
	x := explanation{query: c.QueryParams()}
	ctx, place := c.Request().Context(), x.query.Get(kit.FieldWorkspace)
	q := policy.Question{Member: x.query.Get(kit.FieldMember), Token: x.query.Get(kit.FieldToken),
		Permission: access.Permission(x.query.Get(fieldPermission))}
	if x.placed = place != "" || q.Permission != ""; place != wholeOrganization {
		q.Workspace = place
	}
	var err error
	find, subject := kit.Search(x.query.Get("q")), q.Member != "" || q.Token != ""
	if subject {
		if x.chosen, err = h.subjectName(c, v, q); err != nil {
			return x, err
		}
	} else if x.subjects, err = h.policies.FindSubjects(ctx, v.Standing, find); err != nil {
		return x, err
	}
	switch {
	case !x.placed && x.query.Has(kit.FieldWorkspace):
		x.errors = kit.FieldErrors{kit.FieldWorkspace: "Choose a workspace, or the whole organization."}
	case !subject && find != "" && len(x.subjects.Members)+len(x.subjects.Tokens) == 0:
		x.errors = kit.FieldErrors{"q": "No member or token matches."}
	}
	if !x.placed || !subject || q.Permission == "" || x.errors != nil {
		return x, nil
	}
	if q.Resource, x.errors, err = h.askedResource(c, v, q); err != nil || x.errors != nil {
		return x, err
	}
	answer, err := h.policies.Explain(ctx, v.Standing, q)
	x.answer = &answer
	return x, err
}

// subjectName returns the name of the member or token in the URL. It returns NotFound if there is none.
func (h *Handlers) subjectName(c echo.Context, v kit.Visit, q policy.Question) (string, error) {
	if q.Member != "" {
		members, err := h.members.ByID(c.Request().Context(), v.Standing, []string{q.Member})
		if err != nil {
			return "", err
		}
		return members[0].Name + " (" + members[0].Email + ")", nil
	}
	t, err := h.tokens.Get(c.Request().Context(), v.Standing, q.Token)
	return t.Name + " (" + t.Hint + ", " + kit.LowerFirst(t.Kind.Label()) + ")", err
}

// askedResource returns the id of the resource whose name or id was typed, in the chosen workspace. It
// returns "" if nothing was typed. If no resource matches, or several do, that is a problem of the
// field.
func (h *Handlers) askedResource(c echo.Context, v kit.Visit, q policy.Question) (string, kit.FieldErrors, error) {
	typed := kit.Search(c.QueryParam(fieldResource))
	if typed == "" {
		return "", nil, nil
	}
	if q.Workspace == "" {
		return "", kit.FieldErrors{kit.FieldWorkspace: "Choose the workspace that the resource is in."}, nil
	}
	resources, err := h.policies.Resources(c.Request().Context(), v.Standing, q.Workspace)
	if err != nil {
		return "", nil, err
	}
	var found []policy.Resource
	for _, r := range resources {
		if r.ID == typed {
			return r.ID, nil, nil
		}
		if plaintext.SameName(r.Name, typed) && r.Type == q.Permission.Type() {
			found = append(found, r)
		}
	}
	switch len(found) {
	case 0:
		return "", kit.FieldErrors{fieldResource: "The workspace has no resource of this type with that name or ID."}, nil
	case 1:
		return found[0].ID, nil, nil
	}
	return "", kit.FieldErrors{fieldResource: "Several resources have this name. Enter the ID."}, nil
}
