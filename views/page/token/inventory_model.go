package token

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// Inventory is the tab "Tokens".
type Inventory struct {
	Frame  layout.Tabbed
	Card   component.CardModel
	Filter component.FilterModel
	More   []component.FormField // further fields of the filter, folded
	Open   bool                  // whether one of them is set
	Grants string                // says what the filter "Grants" means
	Errors component.ErrorSummaryModel
	Notice *component.NoticeModel // about what the list does not show
	List   List
}
