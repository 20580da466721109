package component

// PasskeyModel is a form that a script sends with the answer of a passkey. The script asks for the options at
// Action and "/options".
type PasskeyModel struct {
	Kind    string // "create" a passkey, or "get" the answer of one
	Action  string // the form posts here
	Field   string // in which the answer is sent
	Hidden  []HiddenField
	Button  ButtonModel
	Without string // what to do without script, instead of turning it on
}

func (m PasskeyModel) without() string {
	text := "Passkeys need JavaScript, which is off in this browser."
	if m.Without != "" {
		text += " " + m.Without
	}
	return text
}
