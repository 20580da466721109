package token

import (
	"latchkey/views/component"
	"latchkey/views/layout"
	"latchkey/views/page/audit"
)

// Services is the list of one kind of service access token.
type Services struct {
	Frame   layout.Tabbed
	SubTabs component.TabsModel
	Refusal *component.NoticeModel // why no token can be made
	Card    component.CardModel
	List    List
}

// Service is the page of one service access token.
type Service struct {
	Shell  layout.Shell
	Header component.PageHeaderModel
	Card   component.CardModel
	Row    Row
	Uses   []Use
	Notice component.NoticeModel
	Policy *component.PolicyModel // for workspace tokens only
	Trail  *audit.Trail           // nil without the audit log
}

// Use is an address from which a token was used, and when.
type Use struct {
	Address string
	When    component.TimeModel
}
