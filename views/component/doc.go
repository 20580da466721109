// Package component is Latchkey's interface kit: templ components fed with plain structs
// of texts that are ready to show. A component displays; it formats no dates, checks no
// rights and loads nothing. Every component works without script; static/js only adds.
//
// The pattern is one function and one model per component:
//
//	@component.PageHeader(component.PageHeaderModel{
//		Title:  "Personal Access Tokens",
//		Action: &component.ButtonModel{Label: "Generate new token", Icon: "plus", Href: "/…/new", Dialog: true},
//	})
//
// Page parts: PageHeader (the only h1), Card with CardFooter, Notice, Empty, Tabs, SubTabs,
// Stepper, Stats, Definitions (or DefinitionList with DefinitionItem), Progress.
//
// Forms: TextField, PasswordField, DateField, TextArea, Select, ExpiryField, RadioGroup,
// CheckboxGroup, Checkbox, ErrorSummary, Hidden, Button, CancelLink, Actions. Put
// class="form" and data-once on the <form>; ids of fields are unique in the page. FormFields
// shows a list of fields, whatever their kinds.
//
//	<form class="form" method="post" action={ m.Action } data-once>
//		@component.ErrorSummary(m.Errors)
//		@component.TextField(m.Name)
//		@component.Actions() {
//			@component.CancelLink(m.CancelHref)
//			@component.Button(component.ButtonModel{Label: "Generate"})
//		}
//	</form>
//
// Lists: Filter, Table with Row, RowHead, Cell, CellEnd and CellActions, Stacked, State,
// Badge, Time, Due, Code, Menu, Pagination.
// Around puts a search before a table and the way to its other pages behind it.
//
//	@component.Table(m.Table) {
//		for _, t := range m.Tokens {
//			@component.Row() {
//				@component.RowHead("Name") { { t.Name } }
//				@component.Cell("State") { @component.State(t.State) }
//				@component.CellActions() { @component.Button(t.Delete) }
//			}
//		}
//	}
//
// Dialogs: Dialog, AlertDialog, RevealDialog, and made of them FormDialog, ConfirmDialog and
// OpenDialog, which renders whichever of the two is open. They are rendered open, above the list they
// belong to, in a complete page at an address of its own; links to that address that carry
// data-dialog (ButtonModel.Dialog, MenuItem.Dialog) open them without a reload.
//
// Policies: PolicyEditor inside a form, PolicyView to look at one, PolicySummary as the
// answer to the editor's summary request.
//
// Small: Icon, Avatar, KeyHint, CodeBlock.
package component
