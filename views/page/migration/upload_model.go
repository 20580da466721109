package migration

import "latchkey/views/component"

// Upload is the form that takes the file.
type Upload struct {
	Card   component.CardModel
	Action string
	Errors component.ErrorSummaryModel
	File   component.FieldModel
	Bar    component.ProgressModel // shown while the file is sent
	Broken component.NoticeModel   // shown if the upload was interrupted
	Submit component.ButtonModel
}

// Work is a running step. A script polls its progress.
type Work struct {
	Card component.CardModel
	Poll string // address of the progress, which has no content once the step has ended
	Then string // where the script goes then
	Bar  component.ProgressModel
	Text string
	Lost component.NoticeModel // shown while the server does not answer
	Look component.ButtonModel
}

// Import is the form that asks how to import the uploaded file.
type Import struct {
	Card     component.CardModel
	Facts    []component.Definition
	Action   string
	Errors   component.ErrorSummaryModel
	Strategy component.ChoiceGroupModel
	Submit   component.ButtonModel
}
