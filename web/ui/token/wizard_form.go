package token

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/internal/actor"
	"latchkey/internal/fault"
	"latchkey/internal/plaintext"
	"latchkey/internal/token"
	"latchkey/views/component"
	"latchkey/web/respond"
	"latchkey/web/ui/kit"
	policyui "latchkey/web/ui/policy"
)

const (
	// stepGenerate is the button "Generate". Besides it, only [kit.StepBack] has a meaning: any other
	// button shows the second step again.
	stepGenerate = "generate"

	// fieldPolicyWorkspace holds the workspace for which the policy in the form was chosen.
	fieldPolicyWorkspace = "drawn"
)

// wizard is the state of the two steps. The form carries all of it.
type wizard struct {
	tokenForm
	step            string                  // the pressed button
	policyWorkspace string                  // the workspace for which the policy was chosen
	carried         []component.HiddenField // the fields of the second step, as they were sent
	policy          policyui.Form
	tools           *policyui.Tools     // above the editor
	problems        []fault.Field       // of the policy
	moved           []access.Permission // whose resources have to be chosen again
	back            string              // where it leads back to; "": the list of workspace tokens
}

// list returns where the wizard leads back to.
func (w wizard) list() string { return cmp.Or(w.back, kit.ServiceTokenList(token.Workspace)) }

func newWizard(workspaces []account.Workspace, life token.Lifetime) wizard {
	w := wizard{tokenForm: newForm(life)}
	w.onlyWorkspace(workspaces)
	return w
}

// onlyWorkspace chooses the workspace if there is only one: the form does not ask for it then.
func (w *wizard) onlyWorkspace(workspaces []account.Workspace) {
	if len(workspaces) == 1 && w.workspace == "" {
		w.workspace = workspaces[0].ID
	}
}

// parseWizard reads the form of either step, except for the policy: readPolicy does that once the
// workspace is known.
func parseWizard(form url.Values, workspaces []account.Workspace) wizard {
	w := wizard{tokenForm: parseForm(form), step: form.Get(kit.FieldStep), policyWorkspace: form.Get(fieldPolicyWorkspace),
		back: returnTo(form.Get(paramReturn))}
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

// basics checks the first step. It returns nil if there are no mistakes. Whether the name is free is
// only checked when the token is made.
func (w wizard) basics(workspaces []account.Workspace, l limits, now time.Time) kit.FieldErrors {
	var p fault.Problems
	if _, err := plaintext.Name(w.name); err != nil {
		p.Add(kit.FieldName, fault.Of(err).Message)
	}
	if _, err := plaintext.TokenDescription(w.description); err != nil {
		p.Add(fieldDescription, fault.Of(err).Message)
	}
	if _, ok := w.chosenWorkspace(workspaces); !ok {
		p.Add(kit.FieldWorkspace, "Choose a workspace.")
	}
	if r, err := actor.ParseRanges(w.addresses); err != nil {
		p.Add(fieldAddresses, fault.Of(err).Message)
	} else if text := l.RefusesAddresses(l.kind, r); text != "" {
		p.Add(fieldAddresses, text)
	}
	_, problems := parseExpiration(w.expiration, w.date, now)
	p.AddAll(problems)
	if text := l.refusesEnd(w.tokenForm, now); text != "" {
		p.Add(w.endField(), text)
	}
	fields, _ := kit.Invalid(p.Err(""))
	return fields
}

// chosenWorkspace returns the chosen workspace, and reports whether it is one of those given.
func (w wizard) chosenWorkspace(workspaces []account.Workspace) (account.Workspace, bool) {
	for _, workspace := range workspaces {
		if workspace.ID == w.workspace {
			return workspace, true
		}
	}
	return account.Workspace{}, false
}

// readPolicy reads the fields of the second step. If they were filled in for another workspace, it
// drops the choices of resources and lists their permissions in moved.
func (w *wizard) readPolicy(e policyui.Editor, form url.Values) {
	elsewhere := w.policyWorkspace != "" && w.policyWorkspace != w.workspace
	if elsewhere {
		form = policyui.WithoutResources(form)
	}
	w.policy, w.problems = e.Parse(form)
	if elsewhere {
		w.policy, w.moved = w.policy.WithoutLimits()
	}
}

// status returns the HTTP status of a page that shows the second step.
func (w wizard) status() int {
	if len(w.problems) > 0 {
		return respond.Status(fault.Invalid)
	}
	return w.tools.Status()
}
