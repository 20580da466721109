package component

// PageHeaderModel is the header of a page: its h1, a sentence and the primary action.
type PageHeaderModel struct {
	Title       string
	Description string
	Back        *Link        // one level up
	Action      *ButtonModel // the primary action
	More        []ButtonModel
	Help        string // address of the help topic about the page
}

// CardModel is the frame and heading of a section.
type CardModel struct {
	ID          string // required with Title, which labels the section
	Title       string
	Description string
	Action      *ButtonModel
	Flush       bool // no padding: for tables and lists
	Danger      bool // for settings that delete or revoke
}

// NoticeModel is a message that stays on the page.
type NoticeModel struct {
	Kind  string // "info", "warning", "danger", "success"
	Title string
	Text  string
	Links []Link
	// Live announces the notice to screen readers when it appears.
	Live bool
}

func (m NoticeModel) kind() string {
	switch m.Kind {
	case "warning", "danger", "success":
		return m.Kind
	}
	return "info"
}

func (m NoticeModel) icon() string {
	switch m.Kind {
	case "warning":
		return "triangle-alert"
	case "danger":
		return "octagon-alert"
	case "success":
		return "circle-check"
	}
	return "info"
}

// kindWord returns the kind in words, for readers who do not see the colour.
func (m NoticeModel) kindWord() string {
	switch m.Kind {
	case "warning":
		return "Warning:"
	case "danger":
		return "Problem:"
	case "success":
		return "Done:"
	}
	return "Note:"
}

// EmptyModel is shown instead of a list without entries.
type EmptyModel struct {
	Icon   string
	Title  string
	Text   string // what the entries are for
	Hint   string // when to use another kind
	Action *ButtonModel
	Links  []Link
	Inside bool // inside a card: no frame
}
