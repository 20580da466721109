package page

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// Profile is the page "Your Profile": one section after the other, and perhaps a dialog
// of one of them.
type Profile struct {
	Shell    layout.Shell
	Header   component.PageHeaderModel
	Dialogs  TokenDialogs
	Form     *FormDialog // name or password
	Account  ProfileAccount
	Tokens   PersonalTokens
	Access   AccessList
	Sessions ProfileSessions
}

// ProfileAccount is who the reader is.
type ProfileAccount struct {
	Card  component.CardModel
	Facts []component.Definition
	Edit  []component.ButtonModel
}

// PersonalTokens is the section "Personal Access Tokens".
type PersonalTokens struct {
	Purpose component.NoticeModel  // what they are for, and what to use instead
	Refusal *component.NoticeModel // why none can be made
	Card    component.CardModel
	List    TokenList
}
