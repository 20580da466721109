// Package signin shows the pages of people who are not signed in yet: first set-up and sign-in.
package signin

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// SignIn is the sign-in page.
type SignIn struct {
	Page     layout.Page
	Errors   component.ErrorSummaryModel
	Email    component.FieldModel
	Password component.FieldModel
	Next     string // path to go on to
	Demo     *DemoAccounts
}

// DemoAccounts lets a visitor of the demonstration sign in as somebody with one click.
type DemoAccounts struct {
	Password string
	Accounts []DemoAccount
}

// DemoAccount is one account of the demonstration.
type DemoAccount struct {
	Email string
	Note  string
}
