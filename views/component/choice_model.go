package component

// Choice is one radio or checkbox of a group.
type Choice struct {
	ID, Value string
	Label     string
	Help      string
	Checked   bool
	Disabled  bool
	Reason    string // why it is disabled
}

// ChoiceGroupModel is a group of radios or checkboxes under one legend.
type ChoiceGroupModel struct {
	ID, Name string
	Legend   string
	Help     string
	Error    string
	Choices  []Choice
	Boxes    bool   // frame every choice, for few and important ones
	Filter   string // label of a live filter above a long list; empty: no filter
}
