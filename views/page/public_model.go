package page

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

// Setup is the first-run page.
type Setup struct {
	Page         layout.Page
	Code         string // secret of the set-up link, carried by the form
	Errors       component.ErrorSummaryModel
	Organization component.FieldModel
	Workspace    component.FieldModel
	Environment  component.SelectModel
	Name         component.FieldModel
	Email        component.FieldModel
	Password     component.FieldModel
}

// Problem is an error page.
type Problem struct {
	Title     string
	Text      string
	RequestID string // for a report; shown when something is wrong on our side
	Link      component.Link
}
