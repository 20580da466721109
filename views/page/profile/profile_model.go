// Package profile renders the page "Your Profile".
package profile

import (
	"latchkey/views/component"
	"latchkey/views/layout"
	"latchkey/views/page/policy"
	"latchkey/views/page/token"
)

// Profile is the page "Your Profile".
type Profile struct {
	Shell    layout.Shell
	Header   component.PageHeaderModel
	Account  Account
	Tokens   token.Personal
	Access   policy.AccessList
	Sessions component.SessionsModel
}

// Account is the section "Account".
type Account struct {
	Card  component.CardModel
	Facts []component.Definition
	Edit  []component.ButtonModel
}
