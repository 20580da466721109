package home

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// OwnAccess is "Access Management" for a member who may manage nothing: their own access and whom to ask.
type OwnAccess struct {
	Shell  layout.Shell
	Header component.PageHeaderModel
	Card   component.CardModel
	Facts  []component.Definition
	Notice component.NoticeModel
}
