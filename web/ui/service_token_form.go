package ui

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/fault"
	"latchkey/internal/token"
	"latchkey/views/component"
	"latchkey/web/respond"
)

// The buttons of the wizard that are told apart; the others show the second step again.
const (
	fieldStep    = "step"
	stepBack     = "back"
	stepGenerate = "generate"

	// fieldDrawn names the workspace that the policy in the form was drawn up for.
	fieldDrawn = "drawn"
)

// wizard is the state of the two steps, all of which is in the form.
type wizard struct {
	tokenForm
	step     string
	drawn    string
	carried  []component.HiddenField // the second step's fields, as they came
	policy   policyForm
	problems []fault.Field // of the policy
	moved    []access.Permission
}

func newWizard(workspaces []account.Workspace) wizard {
	w := wizard{tokenForm: newTokenForm()}
	w.onlyWorkspace(workspaces)
	return w
}

// onlyWorkspace answers the question that is not asked when there is one workspace.
func (w *wizard) onlyWorkspace(workspaces []account.Workspace) {
	if len(workspaces) == 1 && w.workspace == "" {
		w.workspace = workspaces[0].ID
	}
}

// parseWizard reads the form of either step, but for the policy, whose reading needs the
// workspace: see readPolicy.
func parseWizard(form url.Values, workspaces []account.Workspace) wizard {
	w := wizard{tokenForm: parseTokenForm(form), step: form.Get(fieldStep), drawn: form.Get(fieldDrawn)}
	w.onlyWorkspace(workspaces)
	for _, name := range slices.Sorted(maps.Keys(form)) {
		if !isPolicyField(name) {
			continue
		}
		for _, value := range form[name] {
			w.carried = append(w.carried, component.HiddenField{Name: name, Value: value})
		}
	}
	return w
}

// isPolicyField reports whether a field of that name is the policy editor's, searches aside.
func isPolicyField(name string) bool {
	part, _, limit := strings.Cut(name, ".")
	return name == fieldGrant || limit && part != fieldFind && slices.Contains(limitFields[:], part)
}

// basics checks the first step; nil when there is nothing wrong with it. Whether the name is
// free is known when the token is made.
func (w wizard) basics(workspaces []account.Workspace, now time.Time) fieldErrors {
	var p fault.Problems
	if _, err := account.CleanName(w.name); err != nil {
		p.Add(fieldName, fault.Of(err).Message)
	}
	if _, ok := w.place(workspaces); !ok {
		p.Add(fieldWorkspace, "Choose one of the workspaces.")
	}
	_, problems := token.ParseExpiration(w.expiration, w.date, now)
	p.AddAll(problems)
	fields, _ := invalid(p.Err(""))
	return fields
}

// place is the chosen workspace; false when it is none of those given.
func (w wizard) place(workspaces []account.Workspace) (account.Workspace, bool) {
	for _, workspace := range workspaces {
		if workspace.ID == w.workspace {
			return workspace, true
		}
	}
	return account.Workspace{}, false
}

// readPolicy reads the second step's fields. When another workspace was chosen since they
// were filled in, its resources have to be chosen anew: moved lists the permissions.
func (w *wizard) readPolicy(e policyEditor, form url.Values) {
	elsewhere := w.drawn != "" && w.drawn != w.workspace
	if elsewhere {
		form = maps.Clone(form)
		maps.DeleteFunc(form, func(name string, _ []string) bool {
			return strings.HasPrefix(name, fieldOnly+".") || strings.HasPrefix(name, fieldEvery+".") || strings.HasPrefix(name, fieldFind+".")
		})
	}
	w.policy, w.problems = e.parsePolicy(form)
	if elsewhere {
		w.policy, w.moved = w.policy.withoutLimits()
	}
}

// status is that of a page that shows the second step.
func (w wizard) status() int {
	if len(w.problems) > 0 {
		return respond.Status(fault.Invalid)
	}
	return http.StatusOK
}

// within is the part of the errors with these paths.
func (e fieldErrors) within(paths []string) fieldErrors {
	out := fieldErrors{}
	for _, path := range paths {
		if text, ok := e[path]; ok {
			out[path] = text
		}
	}
	return out
}

// list is the errors in the order of their paths.
func (e fieldErrors) list() []fault.Field {
	var out []fault.Field
	for _, path := range slices.Sorted(maps.Keys(e)) {
		out = append(out, fault.Field{Path: path, Message: e[path]})
	}
	return out
}
