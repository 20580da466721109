// Package signin renders the pages for people who are not signed in: set-up and sign-in.
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
	Next     string // path to open after signing in
	Passkey  *component.PasskeyModel
	// Providers are the links that begin a sign-in by an identity provider.
	Providers []component.ButtonModel
	SSO       string // path of the page that finds the provider of an address; empty if none lists domains
	Forgot    string // path of the page "Forgot password?"; empty without a mail server
	Demo      *DemoAccounts
}

// DemoAccounts lists accounts of the demonstration to sign in with by one click.
type DemoAccounts struct {
	Password string
	Accounts []DemoAccount
}

// DemoAccount is one account of the demonstration.
type DemoAccount struct {
	Email string
	Note  string
}
