package policy

import (
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/policy"
	page "latchkey/views/page/policy"
	"latchkey/web/ui/kit"
)

const (
	fieldPermission = "permission"
	fieldResource   = "resource"
	fieldSubject    = "subject"
)

// explanation is one showing of the page: the question in the address, and its answer.
type explanation struct {
	query    url.Values
	subjects policy.Subjects
	chosen   string // who the question is about, in words; "" while nobody is chosen
	errors   kit.FieldErrors
	answer   *policy.Explanation
}

// explainPage answers whether a member or token may do something, and which rule decides. The
// question is in the address: it changes nothing, and can be handed on.
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

// explain reads the question as far as it has been asked, and answers it when all of it is
// there.
func (h *Handlers) explain(c echo.Context, v kit.Visit) (explanation, error) {
	x := explanation{query: c.QueryParams()}
	ctx := c.Request().Context()
	q := policy.Question{Member: x.query.Get(kit.FieldMember), Token: x.query.Get(kit.FieldToken),
		Permission: access.Permission(x.query.Get(fieldPermission)), Workspace: x.query.Get(kit.FieldWorkspace)}
	var err error
	if q.Member == "" && q.Token == "" {
		x.subjects, err = h.policies.FindSubjects(ctx, v.Standing, x.query.Get("q"))
		if err == nil && x.query.Get("q") != "" && len(x.subjects.Members)+len(x.subjects.Tokens) == 0 {
			x.errors = kit.FieldErrors{fieldSubject: "No member and no token matches."}
		}
		return x, err
	}
	if x.chosen, err = h.subjectName(c, v, q); err != nil || q.Permission == "" {
		return x, err
	}
	if q.Resource, x.errors, err = h.askedResource(c, v, q); err != nil || x.errors != nil {
		return x, err
	}
	answer, err := h.policies.Explain(ctx, v.Standing, q)
	if err != nil {
		return x, err
	}
	x.answer = &answer
	return x, nil
}

// subjectName names the member or token that the address says; NotFound when there is none.
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

// askedResource finds the resource that was typed, by its name or id, in the workspace that
// was chosen; "" when none was. What is not one resource is a problem of its field.
func (h *Handlers) askedResource(c echo.Context, v kit.Visit, q policy.Question) (string, kit.FieldErrors, error) {
	typed := strings.TrimSpace(c.QueryParam(fieldResource))
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
		if strings.EqualFold(r.Name, typed) && r.Type == q.Permission.Type() {
			found = append(found, r)
		}
	}
	switch len(found) {
	case 0:
		return "", kit.FieldErrors{fieldResource: "There is no such resource of this type in the workspace."}, nil
	case 1:
		return found[0].ID, nil, nil
	}
	return "", kit.FieldErrors{fieldResource: "Several resources have this name. Give the id."}, nil
}
