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
	Action string
	Errors component.ErrorSummaryModel
	Hidden []component.HiddenField
	Policy component.PolicyModel
	Locked bool // read-only
	Save   component.ButtonModel
	Cancel string
	Remove *component.ButtonModel
}
