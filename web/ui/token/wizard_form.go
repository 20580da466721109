package token

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
	"latchkey/views/component"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
	policyui "latchkey/web/ui/policy"
)

// The buttons of the wizard that are told apart; the others show the second step again.
const (
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
	policy   policyui.Form
	problems []fault.Field // of the policy
	moved    []access.Permission
}

func newWizard(workspaces []account.Workspace) wizard {
	w := wizard{tokenForm: newForm()}
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
	w := wizard{tokenForm: parseForm(form), step: form.Get(kit.FieldStep), drawn: form.Get(fieldDrawn)}
	w.onlyWorkspace(workspaces)
	for _, name := range slices.Sorted(maps.Keys(form)) {
		if !policyui.IsField(name) {
			continue
		}
		for _, value := range form[name] {
			w.carried = append(w.carried, component.HiddenField{Name: name, Value: value})
		}
	}
	return w
}

// basics checks the first step; nil when there is nothing wrong with it. Whether the name is
// free is known when the token is made.
func (w wizard) basics(workspaces []account.Workspace, now time.Time) kit.FieldErrors {
	var p fault.Problems
	if _, err := plaintext.Name(w.name); err != nil {
		p.Add(kit.FieldName, fault.Of(err).Message)
	}
	if _, ok := w.place(workspaces); !ok {
		p.Add(kit.FieldWorkspace, "Choose one of the workspaces.")
	}
	_, problems := parseExpiration(w.expiration, w.date, now)
	p.AddAll(problems)
	fields, _ := kit.Invalid(p.Err(""))
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
func (w *wizard) readPolicy(e policyui.Editor, form url.Values) {
	elsewhere := w.drawn != "" && w.drawn != w.workspace
	if elsewhere {
		form = policyui.WithoutResources(form)
	}
	w.policy, w.problems = e.Parse(form)
	if elsewhere {
		w.policy, w.moved = w.policy.WithoutLimits()
	}
}

// status is that of a page that shows the second step.
func (w wizard) status() int {
	if len(w.problems) > 0 {
		return respond.Status(fault.Invalid)
	}
	return http.StatusOK
}
