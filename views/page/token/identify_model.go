package token

import (
	"latchkey/views/component"
	"latchkey/views/layout"
	"latchkey/views/page/audit"
)

// Identify is the page that shows which token a secret belongs to.
type Identify struct {
	Shell  layout.Shell
	Header component.PageHeaderModel
	Tabs   component.TabsModel
	Errors component.ErrorSummaryModel
	Action string
	Field  component.FieldModel
	Answer *component.NoticeModel
	Found  *Identified
}

// Identified is the description of the token.
type Identified struct {
	Card  component.CardModel
	State component.StateModel
	Facts []component.Definition
	Acts  []component.ButtonModel
	Trail *audit.Trail
}
