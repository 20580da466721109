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
	Boxes    bool   // every choice in a box of its own (few, important choices)
	Filter   string // label of a live filter above a long list; empty: none
}

// CheckboxModel is a single checkbox.
type CheckboxModel struct {
	ID, Name, Value string
	Label           string
	Help            string
	Error           string
	Checked         bool
	Disabled        bool
	Reason          string
}
