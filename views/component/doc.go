// Package component has the templ components of Latchkey's pages. Their models are plain structs
// of texts that are ready to show. A component does not format dates, check permissions or load
// data. Every component works without script; static/js only adds to it.
//
// Each component is one function with one model:
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
// CheckboxGroup, ErrorSummary, Hidden, Button, CancelLink, Actions. Put
// class="form" and data-once on the <form>. Ids of fields must be unique in the page. FormFields
// renders a list of fields of any kind.
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
// Badge, Time, Due, Code, Menu, Pagination. Around renders a search before a table and the links
// to other pages after it.
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
// Dialogs: Dialog, AlertDialog, RevealDialog, FormDialog, ConfirmDialog. A dialog is rendered open
// in a complete page with its own address, above the list that it belongs to. Links to that
// address with data-dialog (ButtonModel.Dialog, MenuItem.Dialog) open it without a reload.
//
// Policies: PolicyEditor inside a form, PolicyView to read one, PolicySummary as the answer to the
// editor's request for a summary.
//
// Small parts: Icon, Avatar, KeyHint, CodeBlock.
package component
