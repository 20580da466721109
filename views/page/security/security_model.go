package security

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// Security is the page "Security" of the reader.
type Security struct {
	Shell   layout.Shell
	Header  component.PageHeaderModel
	Factors component.CardModel
	Empty   *component.EmptyModel // instead of the table
	Table   component.TableModel
	Rows    []Factor
	Add     []component.ButtonModel // below the table
	Off     string                  // why there are no passkeys, or empty
	Codes   *component.CardModel    // nil without a second factor
	Left    string                  // how many recovery codes are left, in words
	Few     *component.NoticeModel
	Renew   component.ButtonModel
}

// Factor is a row of the table of second factors.
type Factor struct {
	Name, Kind string
	Made, Used component.TimeModel
	Rename     component.ButtonModel
	Remove     component.ButtonModel
}

// Create is the dialog in which the browser creates a passkey.
type Create struct {
	Dialog component.DialogModel
	Errors component.ErrorSummaryModel
	Form   component.PasskeyModel
}

// SetUp is the dialog that sets up an authenticator app.
type SetUp struct {
	Dialog component.DialogModel
	QR     string // a picture as a data URI
	Key    component.CodeModel
	Action string
	Errors component.ErrorSummaryModel
	Code   component.FieldModel
}

// Codes is the dialog that shows new recovery codes, once.
type Codes struct {
	Dialog component.DialogModel
	Notice component.NoticeModel
	Text   component.CodeModel
}
