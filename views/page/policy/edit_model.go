package policy

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// Edit is the page that edits the policy of a workspace, group or member.
type Edit struct {
	Shell  layout.Shell
	Header component.PageHeaderModel
	Notice *component.NoticeModel
	Facts  []component.Definition
	// Conflict says what somebody else and the visitor changed, if both did.
	Conflict *Conflict
	Action   string
	Errors   component.ErrorSummaryModel
	Hidden   []component.HiddenField
	Policy   component.PolicyModel
	Locked   bool // read-only
	Save     component.ButtonModel
	Cancel   string
	Remove   *component.ButtonModel
}

// Conflict is two changes of one policy that began at the same revision.
type Conflict struct {
	Notice       component.NoticeModel
	Theirs, Mine []string // what each changed, in words
	Apply        component.ButtonModel
}
