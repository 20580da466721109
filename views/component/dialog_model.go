package component

// DialogModel is a page section that the script turns into a modal dialog.
// Without script it stands in the page, above what it belongs to.
type DialogModel struct {
	ID          string // unique in the page
	Title       string
	Description string
	CloseHref   string // where Cancel, Esc and the close button lead
	Wide        bool
	Read        bool // it is there to be read: its title takes the focus, not what comes further down
}

// AlertDialogModel asks before something is destroyed.
type AlertDialogModel struct {
	ID          string
	Title       string // names what goes: "Delete token ci-probe?"
	Consequence string
	Details     []string // further facts: "Last used 3 hours ago."
	Action      string   // the form posts here
	Hidden      []HiddenField
	Confirm     string // "Yes, delete" when empty
	CancelHref  string
	Error       string // why the last attempt was refused
}

func (m AlertDialogModel) confirm() string {
	if m.Confirm == "" {
		return "Yes, delete"
	}
	return m.Confirm
}

// RevealModel shows a new secret, once. The response that carries it must be no-store.
type RevealModel struct {
	ID        string
	Title     string // "Copy your new token"
	Label     string // "Token" when empty
	Value     string // the secret
	Warning   string // the standard sentence when empty
	Curl      string // a line to try it; may be empty
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
	// Secret keeps the text out of the page once it is left.
	Secret bool
}

// FormDialogModel is a dialog with a form of its own.
type FormDialogModel struct {
	Dialog DialogModel
	Action string // the form posts here
	Errors ErrorSummaryModel
	Notice *NoticeModel
	Facts  []Definition
	Hidden []HiddenField
	Fields []FormField
	Submit ButtonModel
	Back   *ButtonModel // to the step before
}

// ConfirmModel asks before something is destroyed; Typed is what must be typed first.
type ConfirmModel struct {
	Alert AlertDialogModel
	Typed *FieldModel
}
