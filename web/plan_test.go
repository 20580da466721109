package web_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/internal/access"
)

func TestPlan_OnFreeNothingCanBeMadeAndThePageSaysWhy(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(t, adminEmail)
	const pats = "/settings/profile/personal-access-tokens"
	// The form was open before the plan changed: its one-time key is good.
	form := url.Values{"name": {"late"}, "workspace": {firstWorkspace(t, s)}, "scope": {"read_only"}, "expiration": {"30d"},
		"submission": {submission(t, b.get(pats+"/new"))}}
	if err := s.app.Accounts.Organizations.SetPlan(context.Background(), access.PlanFree); err != nil {
		t.Fatal(err)
	}
	before := s.footprint(t)
	if got := b.post(pats, form); got.status != http.StatusForbidden {
		t.Errorf("generating: %d, want 403", got.status)
	}
	for _, path := range []string{"/settings/profile", satRoot + "/organization", satRoot + "/workspace"} {
		page := b.get(path)
		if page.status != http.StatusOK || !strings.Contains(page.body, access.UpgradeText) {
			t.Errorf("%s: %d, and it must explain", path, page.status)
		}
		if strings.Contains(page.body, "Generate new token") {
			t.Errorf("%s offers what is refused", path)
		}
	}
	for path, form := range map[string]url.Values{
		satRoot + "/organization": {"name": {"x"}, "expiration": {"30d"}, "submission": {"s1"}},
		satRoot + "/workspace/new": {"step": {"generate"}, "name": {"x"}, "workspace": {firstWorkspace(t, s)},
			"expiration": {"30d"}, "submission": {"s2"}},
	} {
		if got := b.post(path, form); got.status != http.StatusForbidden {
			t.Errorf("POST %s: %d, want 403", path, got.status)
		}
	}
	if after := s.footprint(t); after != before {
		t.Errorf("something changed: %s, was %s", after, before)
	}
	if err := s.app.Accounts.Organizations.SetPlan(context.Background(), access.PlanStarter); err != nil {
		t.Fatal(err)
	}
	if got := b.post(pats, form); got.status != http.StatusOK {
		t.Errorf("after the upgrade: %d, want the token", got.status)
	}
}
