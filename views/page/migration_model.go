package page

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// Migration is the tab "Migration"; what is not set is not shown.
type Migration struct {
	Frame   AccessManagement
	Dialogs AccessDialogs
	Stepper component.StepperModel
	Preview *component.BadgeModel // "Preview Mode"
	Notices []component.NoticeModel
	Work    *MigrationWork // under way: nothing else is shown then
	Upload  *MigrationUpload
	Import  *MigrationImport
	Staged  *MigrationStaged
	Acts    []component.ButtonModel // what can be done with the staging area
	Past    *MigrationPast
}

// MigrationUpload asks for the file.
type MigrationUpload struct {
	Card   component.CardModel
	Action string
	Errors component.ErrorSummaryModel
	File   component.FieldModel
	Bar    component.ProgressModel // shown while the file is sent
	Broken component.NoticeModel   // what is said when sending broke off
	Submit component.ButtonModel
}

// MigrationWork is a step under way. With script it is asked for again and again.
type MigrationWork struct {
	Card component.CardModel
	Poll string // where to ask; it answers with no content when the step has ended
	Then string // where to go then
	Bar  component.ProgressModel
	Text string
	Lost component.NoticeModel // what is said while the server does not answer
	Look component.ButtonModel
}

// MigrationImport asks what is to become of the uploaded file.
type MigrationImport struct {
	Card     component.CardModel
	Facts    []component.Definition
	Action   string
	Errors   component.ErrorSummaryModel
	Strategy component.ChoiceGroupModel
	Submit   component.ButtonModel
}

// MigrationStaged is one list of the staging area.
type MigrationStaged struct {
	Stats   []component.Tile
	SubTabs component.TabsModel
	Card    component.CardModel
	Filter  component.FilterModel
	Bulk    []MigrationBulk
	Table   component.TableModel
	Rows    []MigrationRow
	Pages   *component.PaginationModel
	None    *component.EmptyModel // instead of the rows
}

// MigrationBulk resolves all conflicts of a kind that wait.
type MigrationBulk struct {
	Action string
	Hidden []component.HiddenField
	Choice component.SelectModel
	Submit component.ButtonModel
}

// MigrationRow is one staged item.
type MigrationRow struct {
	Name   string
	Detail string
	Href   string
	Before []MigrationLine
	After  []MigrationLine
	State  *component.StateModel
}

// MigrationLine is what somebody or something has, in a workspace where one is named.
type MigrationLine struct {
	Where string
	Text  string
}

// MigrationPast lists what was deployed.
type MigrationPast struct {
	Card  component.CardModel
	Table component.TableModel
	Rows  []MigrationPastRow
}

// MigrationPastRow is one deployed import.
type MigrationPastRow struct {
	File     string
	Strategy string
	Deployed component.TimeModel
	By       string
	Reports  []component.ButtonModel
}

// MigrationItem is one staged item, before and after.
type MigrationItem struct {
	Shell    layout.Shell
	Header   component.PageHeaderModel
	Preview  component.BadgeModel
	Notices  []component.NoticeModel
	Facts    []component.Definition
	Card     component.CardModel
	Conflict *MigrationConflict
	Changes  component.CardModel
	Table    component.TableModel
	Rows     []MigrationChange
	None     *component.EmptyModel // instead of the rows
}

// MigrationConflict asks how a conflict is resolved.
type MigrationConflict struct {
	Card   component.CardModel
	Today  []component.Definition // what it clashes with has
	Action string
	Errors component.ErrorSummaryModel
	Choice component.ChoiceGroupModel
	Submit component.ButtonModel
}

// MigrationChange is what somebody or something has in one workspace, before and after.
type MigrationChange struct {
	Workspace string
	Before    string
	After     []MigrationLine
	State     *component.StateModel
	Edit      *component.ButtonModel
}
