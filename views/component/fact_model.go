package component

// Definition is a term with its text.
type Definition struct {
	Term string
	Text string
	Code bool // in a monospaced font
}

// Tile is one figure of Stats.
type Tile struct {
	Label string
	Value string
	Note  string // second line: "2 expire this week"
	Href  string // makes the tile a link
	Tone  string // colours the note; Neutral when empty
}

// ProgressModel is a progress bar with a text.
type ProgressModel struct {
	ID    string
	Label string
	Value int
	Max   int    // 0 if unknown
	Text  string // "7 of 10 members"
}
