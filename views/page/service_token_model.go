package page

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// AccessManagement frames the tabs of "Access Management".
type AccessManagement struct {
	Shell  layout.Shell
	Header component.PageHeaderModel
	Tabs   component.TabsModel
}

// OwnAccess is "Access Management" for a member: what is theirs, and whom to ask.
type OwnAccess struct {
	Shell  layout.Shell
	Header component.PageHeaderModel
	Card   component.CardModel
	Facts  []component.Definition
	Notice component.NoticeModel
}

// ServiceTokens is the list of one kind of service access token.
type ServiceTokens struct {
	Frame   AccessManagement
	SubTabs component.TabsModel
	Dialogs TokenDialogs
	Refusal *component.NoticeModel // why none can be made
	Card    component.CardModel
	List    TokenList
}

// ServiceTokenWizard is one step of making a workspace service access token. The other
// step's answers are among Hidden.
type ServiceTokenWizard struct {
	Shell   layout.Shell
	Header  component.PageHeaderModel
	Stepper component.StepperModel
	Action  string
	Errors  component.ErrorSummaryModel
	Hidden  []component.HiddenField
	Notice  *component.NoticeModel

	First  *ServiceTokenBasics
	Second *ServiceTokenPolicy
}

// ServiceTokenBasics is the first step.
type ServiceTokenBasics struct {
	Name          component.FieldModel
	Workspace     *component.SelectModel // nil when there is one
	WorkspaceFact []component.Definition // the one
	Expiration    component.ExpiryModel
	CancelHref    string
}

// ServiceTokenPolicy is the second step.
type ServiceTokenPolicy struct {
	Facts   []component.Definition // the first step's answers
	Policy  component.PolicyModel
	Warning component.NoticeModel
}

// ServiceToken is the page of one service access token.
type ServiceToken struct {
	Shell  layout.Shell
	Header component.PageHeaderModel
	Card   component.CardModel
	Row    TokenRow
	Uses   []TokenUse
	Notice component.NoticeModel
	Policy *component.PolicyModel // workspace tokens only
	Trail  *AuditTrail            // nil without the audit log
}

// TokenUse is an address that a token was used from.
type TokenUse struct {
	Address string
	When    component.TimeModel
}
