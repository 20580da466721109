package page

import "latchkey/views/component"

// FormDialog is a dialog with a form of its own.
type FormDialog struct {
	Dialog component.DialogModel
	Action string // the form posts here
	Errors component.ErrorSummaryModel
	Notice *component.NoticeModel
	Facts  []component.Definition
	Hidden []component.HiddenField
	Fields []FormField
	Submit component.ButtonModel
	Back   *component.ButtonModel // to the step before
}

// FormField is one field of a form; exactly one of its parts is set.
type FormField struct {
	Text   *component.FieldModel
	Area   *component.FieldModel
	Secret *component.FieldModel // a password
	Select *component.SelectModel
	Boxes  *component.ChoiceGroupModel // any number
	Radios *component.ChoiceGroupModel // exactly one
}

// Confirm asks before something is destroyed; Typed is what must be typed first.
type Confirm struct {
	Alert component.AlertDialogModel
	Typed *component.FieldModel
}

// AccessDialogs are the dialogs that may stand above a page of administration, one at a time.
type AccessDialogs struct {
	Form    *FormDialog
	Confirm *Confirm
	Links   *LinksDialog
}

// LinksDialog shows the links of new invitations, once.
type LinksDialog struct {
	Dialog  component.DialogModel
	Notices []component.NoticeModel
	Links   []component.CodeModel
}
