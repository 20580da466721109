package component

// SessionsModel is a section with the browsers in which somebody is signed in.
type SessionsModel struct {
	Card  CardModel
	List  []SessionRow
	End   string       // label of the button that ends one
	All   *ButtonModel // below the list; nil if there is nothing that it could end
	Empty *EmptyModel  // instead of an empty list
	// AllHref is where the form of the button All posts to. It is empty if All is a link.
	AllHref string
}

// SessionRow is one signed-in browser.
type SessionRow struct {
	Device   string // "Firefox on Linux"
	IP       string
	Current  bool
	Started  TimeModel
	LastSeen TimeModel
	EndHref  string // where the form that ends it posts to; empty if this list does not end it
}
