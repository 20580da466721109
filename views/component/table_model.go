package component

// TableModel is the frame of a table: its name and its columns. The rows are the children of Table,
// made of RowHead, Cell and CellActions. At phone width, every row becomes a card.
type TableModel struct {
	ID      string // target of a live filter ("#tokens"); may be empty
	Caption string // names the table for screen readers
	Columns []Column
}

// Column is the head of one column.
type Column struct {
	Label       string
	SortHref    string // address of the list sorted by this column; empty: not sortable
	Sorted      string // "ascending" or "descending" if the table is sorted by this column
	End         bool   // right-aligned: numbers and actions
	LabelHidden bool   // the label is for screen readers only
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

// Tones of badges and states. A text always accompanies the tone.
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

// TimeModel is a moment that the caller has formatted.
type TimeModel struct {
	Machine  string // RFC 3339, for <time datetime>; empty: no moment, only Text ("Never")
	Text     string // visible text: "3 days ago"
	Absolute string // on hover and for screen readers: "4 March 2026, 10:21 UTC"
}

func tone(s string) string {
	if s == "" {
		return Neutral
	}
	return s
}

// BulkModel is the form for the selected rows of a table. Their boxes are rendered by SelectRow.
type BulkModel struct {
	ID    string
	Label string // "With the selected members"
	Name  string // of the boxes
	// All is the text of a box that selects the rows of all pages, which are Total; empty: there is only one page.
	All     string
	Total   string
	State   []HiddenField // of the list, for what the buttons lead to
	Buttons []ButtonModel
}

// AroundModel is the search above a table and the links to other pages below it.
type AroundModel struct {
	Filter *FilterModel // nil for a short list
	None   string       // shown instead of the table if nothing matches
	Pages  *PaginationModel
}
