package signin

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// Setup is the first-run page.
type Setup struct {
	Page         layout.Page
	Code         string // secret of the set-up link, carried by the form
	Errors       component.ErrorSummaryModel
	Organization component.FieldModel
	Workspace    component.FieldModel
	Environment  component.SelectModel
	Name         component.FieldModel
	Email        component.FieldModel
	Password     component.FieldModel
}
