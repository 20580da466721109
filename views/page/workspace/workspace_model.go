// Package workspace renders the page "Workspaces".
package workspace

import (
	"latchkey/views/component"
	"latchkey/views/layout"
)

// Workspaces is the page "Workspaces".
type Workspaces struct {
	Shell  layout.Shell
	Header component.PageHeaderModel
	Card   component.CardModel
	Around component.AroundModel
	Table  component.TableModel
	Rows   []Row
	Empty  *component.EmptyModel
}

// Row is one workspace of the list.
type Row struct {
	Name, Region, Environment          string
	Members, Groups, Resources, Tokens string
	Created                            component.TimeModel
	Menu                               component.MenuModel
}
