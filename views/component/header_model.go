package component

// PageHeaderModel heads a page: its h1, one sentence, and the one primary action.
type PageHeaderModel struct {
	Title       string
	Description string
	Back        *Link        // leads one level up
	Action      *ButtonModel // the view's primary action
	More        []ButtonModel
}

// CardModel frames a section with its own heading.
type CardModel struct {
	ID          string // anchors and labels the section; required with Title
	Title       string
	Description string
	Action      *ButtonModel
	Flush       bool // content reaches the edges: tables and lists
	Danger      bool // holds destructive settings
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

// kindWord says the colour in words for those who do not see it.
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

// EmptyModel fills the place of a list that has nothing in it yet.
type EmptyModel struct {
	Icon   string
	Title  string
	Text   string // what the thing is for
	Hint   string // which other kind to use when
	Action *ButtonModel
	Links  []Link
	Inside bool // already inside a card: no frame of its own
}
