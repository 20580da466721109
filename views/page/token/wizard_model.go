package token

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// Wizard is one step of making a workspace service access token. Hidden carries the answers of the
// other step.
type Wizard struct {
	Shell   layout.Shell
	Header  component.PageHeaderModel
	Stepper component.StepperModel
	Action  string
	Errors  component.ErrorSummaryModel
	Hidden  []component.HiddenField
	Notice  *component.NoticeModel

	First  *WizardBasics
	Second *WizardPolicy
}

// WizardBasics is the first step.
type WizardBasics struct {
	Name          component.FieldModel
	Description   component.FieldModel
	Workspace     *component.SelectModel // nil if there is only one
	WorkspaceFact []component.Definition // the only workspace
	Expiration    component.ExpiryModel
	More          More
	CancelHref    string
}

// WizardPolicy is the second step.
type WizardPolicy struct {
	Facts   []component.Definition // the first step's answers
	Policy  component.PolicyModel
	Warning component.NoticeModel
}
