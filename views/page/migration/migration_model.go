// Package migration renders the migration from a role-based system: upload, staging area, deployment.
package migration

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// Migration is the tab "Migration". Parts that are not set are not shown.
type Migration struct {
	Frame   layout.Tabbed
	Stepper component.StepperModel
	Preview *component.BadgeModel // "Preview Mode"
	Notices []component.NoticeModel
	Work    *Work // a running step; Upload, Import and Staged are nil then
	Upload  *Upload
	Import  *Import
	Staged  *Staged
	Acts    []component.ButtonModel // buttons for the staging area
	Past    *Past
}

// Staged is one list of the staging area.
type Staged struct {
	Stats   []component.Tile
	SubTabs component.TabsModel
	Card    component.CardModel
	Filter  component.FilterModel
	Bulk    []Bulk
	Table   component.TableModel
	Rows    []Row
	Pages   *component.PaginationModel
	None    *component.EmptyModel // instead of the rows
}

// Bulk is a form that resolves all open conflicts of one kind.
type Bulk struct {
	Action string
	Hidden []component.HiddenField
	Choice component.SelectModel
	Submit component.ButtonModel
}

// Row is one staged item.
type Row struct {
	Name   string
	Detail string
	Href   string
	Before []Line
	After  []Line
	State  *component.StateModel
}

// Line is the access of an item. Where is a workspace, or empty.
type Line struct {
	Where string
	Text  string
}

// Past lists the deployed migrations.
type Past struct {
	Card  component.CardModel
	Table component.TableModel
	Rows  []PastRow
}

// PastRow is one deployed migration.
type PastRow struct {
	File     string
	Strategy string
	Deployed component.TimeModel
	By       string
	Reports  []component.ButtonModel
}
