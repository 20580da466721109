package token

import (
	"latchkey/views/component"
	"latchkey/views/layout"
	"latchkey/views/page/audit"
)

// Token is the page of one token.
type Token struct {
	Shell       layout.Shell
	Header      component.PageHeaderModel
	Acts        []component.ButtonModel
	Facts       component.CardModel
	Kind        string
	Owner       string // of a personal token
	SeenBy      string // who may see the page
	Scope       string // of a personal token
	Description string
	Why         string // it is suspended, in a sentence; or empty
	Reason      string // for which somebody suspended it
	Row         Row
	Uses        []Use
	Warnings    []component.Definition // who is warned that it expires, and who was
	Grants      Grants
	Addresses   Addresses
	Usage       Usage
	Secrets     Secrets
	Trail       *audit.Trail // nil without the audit log
}

// Grants is what a token may do.
type Grants struct {
	Card  component.CardModel
	Lines []string               // what it may do, in words
	All   *component.PolicyModel // every permission, granted or not; nil if there is nothing to list
}

// Usage is how often a token was used on the last days.
type Usage struct {
	Card  component.CardModel
	Text  string               // the totals in words
	Bars  *audit.Bars          // nil if the token was not used
	Table component.TableModel // the same numbers
	Days  []UsageDay           // newest first
}

// UsageDay is a row of the table.
type UsageDay struct {
	Day, Requests, Refusals string
}

// Use is an address from which a token was used, and when.
type Use struct {
	Address string
	When    component.TimeModel
}
