package page

import "latchkey/views/component"

// Provisioning is the tab "Provisioning".
type Provisioning struct {
	Frame    AccessManagement
	Refusal  *component.NoticeModel // why it cannot be switched on
	Card     component.CardModel
	State    component.StateModel
	Base     component.CodeModel
	Token    component.ButtonModel // leads to making the provider's token
	Action   string                // where the switch posts
	Switch   component.ButtonModel
	Requests component.CardModel
	Kinds    *component.TabsModel // all requests, or those that failed; nil without any
	Table    component.TableModel
	Rows     []ProvisioningRequest
	Empty    *component.EmptyModel // instead of the rows
}

// ProvisioningRequest is one request of the provider.
type ProvisioningRequest struct {
	When    component.TimeModel
	Method  string
	Path    string
	Subject string // whom or what it was about
	Token   string
	Outcome component.StateModel
	Detail  string // why it failed
}
