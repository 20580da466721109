package token

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// Services is the list of one kind of service access token.
type Services struct {
	Frame   layout.Tabbed
	SubTabs component.TabsModel
	Refusal *component.NoticeModel // why no token can be made
	Card    component.CardModel
	List    List
}
