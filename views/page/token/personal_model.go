package token

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// PersonalList is the page of a member's own tokens.
type PersonalList struct {
	Shell  layout.Shell
	Header component.PageHeaderModel
	Tokens Personal
}

// Personal is the section "Personal Access Tokens".
type Personal struct {
	Purpose component.NoticeModel  // what they are for, and what to use instead
	Refusal *component.NoticeModel // why no token can be made
	Card    component.CardModel
	List    List
}
