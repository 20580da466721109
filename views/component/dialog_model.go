package component

import "strings"

// DialogModel is a section of a page that the script turns into a modal dialog. Without script it
// stays in the page, above the list that it belongs to.
type DialogModel struct {
	ID          string // unique in the page
	Title       string
	Description string
	CloseHref   string // target of Cancel, Esc and the close button
	Wide        bool
	Read        bool // for reading: the title takes the focus, not a control
}

// AlertDialogModel asks for confirmation before something is deleted or changed.
type AlertDialogModel struct {
	ID          string
	Title       string // names the object: "Delete token ci-probe?"
	Consequence string
	Details     []string // further facts: "Last used 3 hours ago."
	Offers      []Offer  // what can be done first about each thing that the act ends
	Action      string   // the form posts here
	Hidden      []HiddenField
	Confirm     string // "Yes, delete" when empty
	Harmless    bool   // the button that confirms is not red
	CancelHref  string
	Error       string // why the last attempt was refused
}

// Offer is a text with a link. Context completes the link for screen readers.
type Offer struct {
	Text    string
	Link    Link
	Context string
}

func (m AlertDialogModel) variant() string {
	if m.Harmless {
		return Primary
	}
	return Danger
}

func (m AlertDialogModel) confirm() string {
	if m.Confirm == "" {
		return "Yes, delete"
	}
	return m.Confirm
}

// RevealModel is a new secret, shown in one response only. That response must be no-store.
type RevealModel struct {
	ID        string
	Title     string // "Copy your new token"
	Label     string // "Token" when empty
	Value     string // the secret
	Warning   string // the default sentence when empty
	Curl      string // a command to try the secret; may be empty
	CloseHref string
	Facts     []Definition // name, workspace, expiry
}

func (m RevealModel) label() string {
	if m.Label == "" {
		return "Token"
	}
	return m.Label
}

func (m RevealModel) warning() string {
	if m.Warning == "" {
		return "Make sure to copy this token now. You won't be able to see it again."
	}
	return m.Warning
}

// CodeModel is a text to copy, in one line or several.
type CodeModel struct {
	ID    string
	Label string
	Text  string
	// Copy labels the button; without it, "Copy" for several lines and "Copy line" for one.
	Copy string
	// Secret removes the text from the page when the visitor leaves it.
	Secret bool
}

func (m CodeModel) copyLabel() string {
	switch {
	case m.Copy != "":
		return m.Copy
	case strings.Contains(m.Text, "\n"):
		return "Copy"
	}
	return "Copy line"
}

// FormDialogModel is a dialog with a form.
type FormDialogModel struct {
	Dialog  DialogModel
	Action  string // the form posts here
	Errors  ErrorSummaryModel
	Notice  *NoticeModel
	Hidden  []HiddenField
	Fields  []FormField
	Details []string // what it is about, one by one
	Submit  ButtonModel
	Back    *ButtonModel // to the previous step
}

// ConfirmModel asks for confirmation. Typed is a field to fill in first, or nil.
type ConfirmModel struct {
	Alert AlertDialogModel
	Typed *FieldModel
}
