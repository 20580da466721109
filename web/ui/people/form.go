package people

import (
	"latchkey/internal/account"
	"latchkey/internal/plaintext"
	"latchkey/views/component"
	"latchkey/web/ui/kit"
)

// The fields of this area's forms. They are also the paths of problems in them.
const (
	fieldGroups      = "groups"
	fieldWorkspaces  = "workspaces"
	fieldDescription = "description"
	fieldEmails      = "emails"
	fieldRole        = "role"
	fieldPassword    = "password"
)

func workspaceChoices(list []account.Workspace) []component.Choice {
	out := make([]component.Choice, len(list))
	for i, w := range list {
		out[i] = component.Choice{Value: w.ID, Label: w.Name}
	}
	return out
}

// groupChoices returns a choice for each group. Groups whose members the identity provider manages
// are disabled.
func groupChoices(list []account.GroupRow) []component.Choice {
	out := make([]component.Choice, len(list))
	for i, g := range list {
		out[i] = component.Choice{Value: g.ID, Label: g.Name, Help: plaintext.Clip(g.Description, 80)}
		if g.Locked {
			out[i].Help, out[i].Disabled, out[i].Reason = "", true, "Its members are managed by the identity provider."
		}
	}
	return out
}

// memberFields returns hidden fields that name the chosen members.
func memberFields(members []account.Member) []component.HiddenField {
	out := make([]component.HiddenField, len(members))
	for i, m := range members {
		out[i] = component.HiddenField{Name: kit.FieldMember, Value: m.ID}
	}
	return out
}

// memberNames joins the names of members for a sentence, as [some] does.
func memberNames(members []account.Member) string {
	names := make([]string, 0, len(members))
	for _, m := range members {
		names = append(names, m.Name)
	}
	return some(names)
}

// some joins a few names for a sentence and counts the others.
func some(names []string) string {
	if len(names) > kit.MaxNames+1 {
		names = append(append([]string{}, names[:kit.MaxNames]...), kit.Count(len(names)-kit.MaxNames, "other", "others"))
	}
	return kit.Enumerate(names)
}
