package page

import "latchkey/views/component"

// APIClients is the tab "API Clients".
type APIClients struct {
	Frame  AccessManagement
	New    *FormDialog
	Reveal *component.RevealModel
	Delete *component.AlertDialogModel
	Notice *component.NoticeModel // why there is no dialog after all
	Card   component.CardModel
	Table  component.TableModel
	Rows   []APIClientRow
	Empty  *component.EmptyModel // instead of the table
	HowTo  component.CardModel
	Lines  []component.CodeModel
}

// APIClientRow is one API client of the list.
type APIClientRow struct {
	Name    string
	ID      string
	Hint    string // "…a1B2"
	Maker   string
	Created component.TimeModel
	Delete  component.ButtonModel
}
