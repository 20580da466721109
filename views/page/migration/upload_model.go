package migration

import "latchkey/views/component"

// Upload asks for the file.
type Upload struct {
	Card   component.CardModel
	Action string
	Errors component.ErrorSummaryModel
	File   component.FieldModel
	Bar    component.ProgressModel // shown while the file is sent
	Broken component.NoticeModel   // what is said when sending broke off
	Submit component.ButtonModel
}

// Work is a step under way. With script it is asked for again and again.
type Work struct {
	Card component.CardModel
	Poll string // where to ask; it answers with no content when the step has ended
	Then string // where to go then
	Bar  component.ProgressModel
	Text string
	Lost component.NoticeModel // what is said while the server does not answer
	Look component.ButtonModel
}

// Import asks what is to become of the uploaded file.
type Import struct {
	Card     component.CardModel
	Facts    []component.Definition
	Action   string
	Errors   component.ErrorSummaryModel
	Strategy component.ChoiceGroupModel
	Submit   component.ButtonModel
}
