package kit

import (
	"testing"

	"latchkey/internal/account"
)

func TestResourceNav_LeadsToTheWorkspaceThatIsLookedAt(t *testing.T) {
	var v Visit
	if _, ok := resourceNav("/", v); ok {
		t.Error("a member of no workspace has the entry")
	}
	v.Workspaces = []account.Workspace{{ID: "a", Name: "A"}, {ID: "b", Name: "B"}}
	if item, _ := resourceNav("/", v); item.Href != "/workspaces/a/resources" || item.Current {
		t.Errorf("%+v", item)
	}
	if item, _ := resourceNav("/workspaces/b/resources", v); item.Href != "/workspaces/b/resources" || !item.Current {
		t.Errorf("%+v", item)
	}
	if s := ResourceSwitcher(v, "b"); s.Current != "B" || len(s.Items) != 2 || !s.Items[1].Current || s.Items[0].Current {
		t.Errorf("%+v", s)
	}
}
