package workspace

import (
	"net/url"
	"testing"

	"latchkey/internal/account"
	"latchkey/web/ui/kit"
	"latchkey/web/ui/uitest"
)

func TestWorkspacesView_OffersTheOneNextStepInItsPlace(t *testing.T) {
	q := kit.ReadPaging(kit.WorkspacePath, nil, 20)
	if empty := workspacesView(nil, q, uitest.Noon()); empty.Empty == nil || empty.Empty.Action == nil || empty.Header.Action != nil {
		t.Errorf("%+v", empty)
	}
	full := workspacesView([]account.WorkspaceRow{{Workspace: account.Workspace{ID: "w/1", Name: "Production"},
		WorkspaceCounts: account.WorkspaceCounts{ServiceTokens: 2, PersonalTokens: 3}}}, q, uitest.Noon())
	if full.Empty != nil || full.Header.Action == nil || full.Rows[0].Tokens != "5" {
		t.Fatalf("%+v", full)
	}
	for i, want := range []string{"/settings/workspaces/w%2F1/edit", "/settings/audit-logs?workspace=w%2F1",
		"/settings/access-management/baseline-policies/w%2F1",
		"/settings/workspaces/w%2F1/delete"} {
		if got := full.Rows[0].Menu.Items[i].Href; got != want {
			t.Errorf("entry %d leads to %s, want %s", i, got, want)
		}
	}
}

func TestWorkspaceDialog_MakesOrRenames(t *testing.T) {
	form := url.Values{kit.FieldName: {"Production"}, fieldEnvironment: {string(account.Development)}}
	made, renamed := workspaceDialog("", form, nil), workspaceDialog("w1", form, kit.FieldErrors{kit.FieldName: "Taken."})
	if made.Dialog.Title != "Create workspace" || made.Action != kit.WorkspacePath+"/new" || !made.Fields[0].Text.Autofocus {
		t.Errorf("%+v", made)
	}
	if renamed.Dialog.Title != "Rename workspace" || renamed.Action != kit.WorkspacePath+"/w1/edit" || len(renamed.Errors.Errors) != 1 ||
		renamed.Fields[0].Text.Error != "Taken." {
		t.Errorf("%+v", renamed)
	}
	for _, o := range renamed.Fields[1].Select.Options {
		if o.Selected != (o.Value == string(account.Development)) {
			t.Errorf("%s: selected %v", o.Label, o.Selected)
		}
	}
}
