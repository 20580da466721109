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
	Guides   []ProvisioningGuide
	Requests component.CardModel
	Kinds    *component.TabsModel // all requests, or those that failed; nil without any
	Table    component.TableModel
	Rows     []ProvisioningRequest
	Empty    *component.EmptyModel // instead of the rows
}

// ProvisioningGuide says how one provider is connected.
type ProvisioningGuide struct {
	Title string
	Steps []string
}

// ProvisioningRequest is one request of the provider.
type ProvisioningRequest struct {
	When    component.TimeModel
	What    string // in words
	Subject string // whom or what it was about
	Call    string // method and path
	Token   component.Link
	Outcome component.StateModel
	Detail  string // why it failed
}
