package people

import (
	"latchkey/views/component"
	"latchkey/views/layout"
	"latchkey/views/page/audit"
	"latchkey/views/page/policy"
	"latchkey/views/page/token"
)

// Member is the page "Member details".
type Member struct {
	Shell    layout.Shell
	Header   component.PageHeaderModel
	Notice   *component.NoticeModel
	Card     component.CardModel
	Facts    []component.Definition
	State    component.StateModel
	LastSeen component.TimeModel
	Policies PolicyList
	Access   policy.AccessList
	Tokens   MemberTokens
	Sessions component.SessionsModel
	Trail    *audit.Trail // nil without the audit log
	Danger   component.CardModel
	Acts     []MemberAct
}

// MemberAct is a change of a member, with its consequence.
type MemberAct struct {
	Text   string
	Button component.ButtonModel
}

// MemberTokens are a member's personal access tokens, for Admins.
type MemberTokens struct {
	Card component.CardModel
	List token.List
}

// PolicyList lists the policies of a member or group, by workspace.
type PolicyList struct {
	Card  component.CardModel
	Table component.TableModel
	Rows  []PolicyRow
	Empty *component.EmptyModel
}

// PolicyRow is one policy of a list.
type PolicyRow struct {
	Workspace string
	Href      string // of the editor
	Summary   []string
	Updated   component.TimeModel
	By        string
	Buttons   []component.ButtonModel
}
