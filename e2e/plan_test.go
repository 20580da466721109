package e2e

import (
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"latchkey/internal/store/pgtest"
)

const upgrade = "Upgrade to access this feature and additional capabilities."

// setPlan changes the plan of a running server's organization, as its operator does. That
// takes PostgreSQL: nothing changes a data folder beside its server.
func setPlan(t *testing.T, database, plan string) {
	t.Helper()
	binary, err := shared.binary()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(binary, "plan", plan, "--database-url", database).CombinedOutput(); err != nil {
		t.Fatalf("plan %s: %v %s", plan, err, out)
	}
}

// newGroup tries to make a group without workspaces.
func newGroup(p *page, name string) {
	p.t.Helper()
	p.open(groupsPage + "/new")
	p.fill("Group name", name)
	p.click("button", "Next")
}

func TestPlan_LimitsHoldFromTheNextRequestOn(t *testing.T) {
	t.Parallel()
	database := pgtest.URL(t)
	s := start(t, "demo", "--database-url", database)
	ada := admin(t, s)
	ada.tolerate("403|409")

	setPlan(t, database, "growth") // three groups; the demonstration has one
	for _, name := range []string{"Second", "Third"} {
		newGroup(ada, name)
		ada.click("button", "Create")
		ada.seesText("Group " + name + " was created.")
	}
	ada.open(groupsPage)
	ada.seesText(upgrade)
	axe(t, ada)

	ada.open(baselinesPage)
	ada.seesText(upgrade)
	axe(t, ada)

	setPlan(t, database, "free")
	ada.open("/settings/profile")
	ada.seesText(upgrade)
	ada.lacks("link", "Generate new token")
	axe(t, ada)
	if status := ada.open("/settings/profile/personal-access-tokens/new"); status != http.StatusForbidden {
		t.Errorf("the dialog's own address answers %d", status)
	}
	ada.sees("heading", strings.TrimSuffix(upgrade, "."))

	setPlan(t, database, "enterprise")
	newGroup(ada, "Fourth")
	ada.click("button", "Create")
	ada.seesText("Group Fourth was created.")
}
