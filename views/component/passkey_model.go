package component

// PasskeyModel is a form that a script sends with the answer of a passkey.
type PasskeyModel struct {
	Kind    string // "create" a passkey, or "get" the answer of one
	Action  string // the form posts here
	Options string // where the script asks for the options; empty: at Action and "/options"
	Field   string // in which the answer is sent
	Hidden  []HiddenField
	Button  ButtonModel
	Without string // what to do without script, instead of turning it on
}

func (m PasskeyModel) options() string {
	if m.Options != "" {
		return m.Options
	}
	return m.Action + "/options"
}

func (m PasskeyModel) without() string {
	text := "Passkeys need JavaScript, which is off in this browser."
	if m.Without != "" {
		text += " " + m.Without
	}
	return text
}
