package component

// TableModel is a table's frame: its name and its columns. The rows are the children:
// <tr> elements made of RowHead, Cell and CellActions. At phone width every row becomes a card.
type TableModel struct {
	ID      string // target of a live filter ("#tokens"); may be empty
	Caption string // names the table for screen readers
	Columns []Column
}

// Column heads one column.
type Column struct {
	Label       string
	SortHref    string // makes the head a link that sorts
	Sorted      string // "ascending" or "descending" when this column sorts the table
	End         bool   // right-aligned: numbers and actions
	LabelHidden bool   // label for screen readers only: actions
}

func (c Column) sortIcon() string {
	switch c.Sorted {
	case "ascending":
		return "arrow-up"
	case "descending":
		return "arrow-down"
	}
	return "chevrons-up-down"
}

// Tones of badges and states. A tone always comes with a text.
const (
	Neutral = "neutral"
	Good    = "success"
	Warn    = "warning"
	Bad     = "danger"
	Info    = "info"
)

// BadgeModel is a small label.
type BadgeModel struct {
	Text string
	Tone string // Neutral when empty
	Icon string
}

// StateModel is a dot and a text: "Active", "Expires soon", "Expired", "Suspended".
type StateModel struct {
	Text  string
	Tone  string // Neutral when empty
	Title string // longer explanation on hover
}

// TimeModel is a moment, formatted by the caller.
type TimeModel struct {
	Machine  string // RFC 3339, for <time datetime>; empty: only Text is shown ("Never")
	Text     string // what is shown: "3 days ago"
	Absolute string // on hover and for screen readers: "4 March 2026, 10:21 UTC"
}

func tone(s string) string {
	if s == "" {
		return Neutral
	}
	return s
}

// AroundModel is what stands around the table of a list that is searched and cut into pages.
type AroundModel struct {
	Filter *FilterModel // nil for a short list
	None   string       // instead of the table, when nothing matches
	Pages  *PaginationModel
}
