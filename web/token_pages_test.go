package web_test

import (
	"context"
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/policy"
	"latchkey/internal/store"
	"latchkey/internal/store/storetest"
	"latchkey/internal/token"
)

const (
	patForm  = "/settings/profile/personal-access-tokens"
	satForms = "/settings/access-management/service-access-tokens"
)

// workspaceNamed is the id of one of the demonstration's workspaces.
func (s *site) workspaceNamed(t *testing.T, name string) string {
	t.Helper()
	list, err := s.app.Store.Workspaces(context.Background(), s.caller(t, adminEmail).Organization)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range list {
		if w.Name == name {
			return w.ID
		}
	}
	t.Fatalf("no workspace %s", name)
	return ""
}

// resourcesOf lists the ids of one type in a workspace.
func (s *site) resourcesOf(t *testing.T, workspace, typ string) []string {
	t.Helper()
	list, err := s.app.Policies.Resources(context.Background(), s.caller(t, adminEmail), workspace)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, r := range list {
		if r.Type == typ {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

// with is a form with some fields replaced.
func with(form url.Values, pairs ...string) url.Values {
	out := maps.Clone(form)
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = []string{pairs[i+1]}
	}
	return out
}

// hasError reports whether the page has the message beside a field and in the summary.
func (a answer) hasError(id, message string) bool {
	beside := regexp.MustCompile(`<p class="error" id="` + regexp.QuoteMeta(id) + `-error">.*?<span>` +
		regexp.QuoteMeta(html.EscapeString(message)))
	listed := `<a href="#` + id + `">` + html.EscapeString(message)
	return beside.MatchString(strings.ReplaceAll(a.body, "\n", "")) && strings.Contains(a.body, listed)
}

func TestPersonalTokenForm_EveryMistakeIsNamedAndNothingIsStored(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(t, viewerEmail)
	good := url.Values{"name": {"ci-probe"}, "workspace": {s.workspaceNamed(t, "Production")}, "scope": {"read_only"}, "expiration": {"30d"},
		"submission": {submission(t, b.get(patForm+"/new"))}}
	tests := []struct {
		name    string
		form    url.Values
		field   string
		message string
	}{
		{"no name", with(good, "name", "  "), "token-name", "Enter a name."},
		{"too long a name", with(good, "name", strings.Repeat("ü", 65)), "token-name", "Use at most 64 characters."},
		{"control characters", with(good, "name", "a\x00b"), "token-name", "The name contains characters that cannot be shown."},
		{"a name that turns the direction", with(good, "name", "a\u202eb"), "token-name", "The name contains characters that cannot be shown."},
		{"a name that is no text", with(good, "name", "a\xffb"), "token-name", "The name is not valid text."},
		{"a name that is taken", with(good, "name", "NOTEBOOK"), "token-name", "A token with this name already exists. Choose another name."},
		{"no workspace", with(good, "workspace", ""), "token-workspace", "Choose a workspace."},
		{"an unknown workspace", with(good, "workspace", "nowhere"), "token-workspace", "Choose one of your workspaces."},
		{"a workspace of others", with(good, "workspace", s.workspaceNamed(t, "Staging")), "token-workspace", "Choose one of your workspaces."},
		{"no scope", with(good, "scope", ""), "token-scope", "Choose Read-Only or Read-Write."},
		{"a scope that is none", with(good, "scope", "root"), "token-scope", "Choose Read-Only or Read-Write."},
		{"the Admin scope", with(good, "scope", "admin"), "token-scope",
			"The Admin scope is deprecated and cannot be given to new tokens. Choose Read-Only or Read-Write."},
		{"an expiration that is none", with(good, "expiration", "ages"), "token-expiration", "Choose an expiration."},
		{"a date that is none", with(good, "expiration", "date", "date", "31.12.2031"), "token-date",
			"Enter a date as year-month-day, for example 2031-12-31."},
		{"a date that is over", with(good, "expiration", "date", "date", "2020-01-01"), "token-date", "Choose today or a later date."},
		{"a date too far away", with(good, "expiration", "date", "date", "2999-01-01"), "token-date", "Choose a date within the next ten years."},
	}
	before := s.footprint(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := b.post(patForm, tt.form)
			if got.status != http.StatusBadRequest || !got.hasError(tt.field, tt.message) {
				t.Errorf("%d, no error %q beside #%s", got.status, tt.message, tt.field)
			}
			if name := tt.form.Get("name"); len(name) < 20 && tt.field != "token-name" && !strings.Contains(got.body, `value="ci-probe"`) {
				t.Error("what was typed is gone")
			}
			if secretPattern.MatchString(got.body) {
				t.Error("a secret is in the refusal")
			}
		})
	}
	if got := b.post(patForm, with(good, "submission", "")); got.status != http.StatusBadRequest ||
		!strings.Contains(got.body, "Open the form again.") {
		t.Errorf("a form without its key: %d", got.status)
	}
	if after := s.footprint(t); after != before {
		t.Errorf("something changed: %s, was %s", after, before)
	}
	if got := b.post(patForm, good); got.status != http.StatusOK {
		t.Errorf("the sound form: %d", got.status)
	}
}

func TestPersonalTokenForm_ManyAtOnceMakeOneToken(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(t, viewerEmail)
	form := url.Values{"name": {"ci-probe"}, "workspace": {s.workspaceNamed(t, "Production")}, "scope": {"read_only"}, "expiration": {"30d"},
		"submission": {submission(t, b.get(patForm+"/new"))}}
	var made, refused sync.Map
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			if got := b.post(patForm, form); got.status == http.StatusOK {
				made.Store(i, secretPattern.FindString(got.body))
			} else {
				refused.Store(i, got.status)
			}
		})
	}
	wait.Wait()
	count := 0
	made.Range(func(_, secret any) bool { count++; return secret != "" })
	refused.Range(func(_, status any) bool {
		if status != http.StatusConflict {
			t.Errorf("refused with %v, want 409", status)
		}
		return true
	})
	if count != 1 {
		t.Errorf("%d responses made a token", count)
	}
	tokens, err := every(s.app.Tokens.Personal(context.Background(), s.caller(t, viewerEmail), token.Listing{}))
	if err != nil || len(tokens) != 2 {
		t.Errorf("%d tokens, %v; want the new one and the one of before", len(tokens), err)
	}
}

func TestPersonalTokens_OfOthersAreNotFound(t *testing.T) {
	s := newSite(t)
	ctx := context.Background()
	ids := map[string]string{"nothing": "no-such-token"}
	for name, email := range map[string]string{"an Admin's": adminEmail, "a member's": editorEmail} {
		mine, err := every(s.app.Tokens.Personal(ctx, s.caller(t, email), token.Listing{}))
		if err != nil || len(mine) == 0 {
			t.Fatalf("no token of %s: %v", email, err)
		}
		ids[name] = mine[0].ID
	}
	services, err := every(s.app.Tokens.Services(ctx, s.caller(t, adminEmail), token.Workspace, token.Listing{}))
	if err != nil {
		t.Fatal(err)
	}
	ids["a service token"] = services[0].ID
	before := s.footprint(t)
	for _, email := range []string{viewerEmail, adminEmail} {
		b := s.signedIn(t, email)
		for name, id := range ids {
			if email == adminEmail && name == "an Admin's" {
				continue
			}
			asked, posted := b.get(patForm+"/"+id+"/delete"), b.post(patForm+"/"+id+"/delete", nil)
			if asked.status != http.StatusNotFound || posted.status != http.StatusNotFound {
				t.Errorf("%s, %s: %d, %d, want 404", email, name, asked.status, posted.status)
			}
		}
	}
	// Signing in is an event; the number of tokens is what must not change.
	if _, tokens, _ := strings.Cut(before, "tokens"); !strings.HasSuffix(s.footprint(t), tokens) {
		t.Errorf("tokens are %s, were %s", s.footprint(t), before)
	}
	personal, err := every(s.app.Tokens.Personal(ctx, s.caller(t, adminEmail), token.Listing{}))
	if err != nil {
		t.Fatal(err)
	}
	if got := s.signedIn(t, adminEmail).get(satForms + "/" + personal[0].ID); got.status != http.StatusNotFound {
		t.Errorf("a personal token among the service tokens: %d", got.status)
	}
}

func TestOrganizationTokenForm_EveryMistakeIsNamedAndNothingIsStored(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(t, adminEmail)
	good := url.Values{"name": {"siem"}, "expiration": {"90d"}, "submission": {submission(t, b.get(satForms+"/organization/new"))}}
	before := s.footprint(t)
	for _, tt := range []struct {
		form           url.Values
		field, message string
	}{
		{with(good, "name", ""), "token-name", "Enter a name."},
		{with(good, "name", "OKTA-scim"), "token-name", "A token with this name already exists. Choose another name."},
		{with(good, "expiration", "date", "date", "yesterday"), "token-date", "Enter a date as year-month-day, for example 2031-12-31."},
	} {
		if got := b.post(satForms+"/organization", tt.form); got.status != http.StatusBadRequest || !got.hasError(tt.field, tt.message) {
			t.Errorf("%v: %d, no error %q", tt.form, got.status, tt.message)
		}
	}
	if after := s.footprint(t); after != before {
		t.Errorf("something changed: %s, was %s", after, before)
	}
	made := b.post(satForms+"/organization", good)
	if secret := secretPattern.FindString(made.body); made.status != http.StatusOK || !strings.HasPrefix(secret, "lkoat_") {
		t.Errorf("the sound form: %d, secret %.6s", made.status, secret)
	}
	if again := b.post(satForms+"/organization", good); again.status != http.StatusConflict || secretPattern.MatchString(again.body) {
		t.Errorf("the same form again: %d", again.status)
	}
}

// wizardForm is a sound second step: edit one source, connect sources, in Staging.
func wizardForm(t *testing.T, s *site, b *browser) url.Values {
	t.Helper()
	staging := s.workspaceNamed(t, "Staging")
	return url.Values{"step": {"generate"}, "name": {"deploy"}, "workspace": {staging}, "expiration": {"30d"},
		"drawn": {staging}, "submission": {submission(t, b.get(satForms+"/workspace/new"))},
		"grant": {"source:edit", "source:connect"}, "reach.source:edit": {"selected"},
		"only.source:edit": {s.resourcesOf(t, staging, "source")[0]}}
}

func TestWizard_StoresThePolicyThatWasChosenAndShowsItReadOnly(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(t, adminEmail)
	form := wizardForm(t, s, b)
	made := b.post(satForms+"/workspace/new", form)
	if made.status != http.StatusOK || !strings.HasPrefix(secretPattern.FindString(made.body), "lksat_") {
		t.Fatalf("%d", made.status)
	}
	tokens, err := every(s.app.Tokens.Services(context.Background(), s.caller(t, adminEmail), token.Workspace, token.Listing{}))
	if err != nil {
		t.Fatal(err)
	}
	want := access.Policy{"source:edit": access.Only(form["only.source:edit"]...), "source:connect": access.Everywhere()}
	if tokens[0].Name != "deploy" || !tokens[0].Policy.Equal(want) {
		t.Errorf("stored %s with %s", tokens[0].Name, tokens[0].Policy)
	}
	page := b.get(satForms + "/" + tokens[0].ID)
	for _, text := range []string{"Edit 1 of 3 Event Stream Sources", "Inherited: baseline", "cannot be edited"} {
		if !strings.Contains(page.body, text) {
			t.Errorf("the token's page lacks %q", text)
		}
	}
	if strings.Contains(page.body, `type="checkbox"`) {
		t.Error("the token's page offers to change its policy")
	}
	if again := b.post(satForms+"/workspace/new", form); again.status != http.StatusConflict || secretPattern.MatchString(again.body) {
		t.Errorf("the same form again: %d", again.status)
	}
}

func TestWizard_EveryMistakeIsNamedAndNothingIsStored(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(t, adminEmail)
	good := wizardForm(t, s, b)
	foreign := s.resourcesOf(t, s.workspaceNamed(t, "Production"), "source")[0]
	destination := s.resourcesOf(t, good.Get("workspace"), "destination")[0]
	tests := []struct {
		name string
		form url.Values
		text string
	}{
		{"no name", with(good, "name", ""), "Enter a name."},
		{"a name that is taken", with(good, "name", "Staging-Sync"), "A token with this name already exists."},
		{"no workspace", with(good, "workspace", ""), "Choose a workspace."},
		{"an unknown workspace", with(good, "workspace", "nowhere"), "Choose a workspace."},
		{"a date that is over", with(good, "expiration", "date", "date", "2020-01-01"), "Choose today or a later date."},
		{"an unknown permission", with(good, "grant", "rocket:launch"), "There is no such permission."},
		{"an act of Admins", with(good, "grant", "member:manage"), "There is no such permission."},
		{"a resource of another workspace", with(good, "only.source:edit", foreign), "Some of the selected resources are not in this workspace"},
		{"a resource of another type", with(good, "only.source:edit", destination), "Some of the selected resources are not in this workspace"},
		{"a limit where none may be", with(good, "reach.source:connect", "selected"), "cannot be limited to selected resources"},
		{"no resource chosen", with(good, "only.source:edit", ""), "Some of the selected resources are not in this workspace"},
		{"a form without its key", with(good, "submission", ""), "Open the form again."},
	}
	before := s.footprint(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := b.post(satForms+"/workspace/new", tt.form)
			if got.status != http.StatusBadRequest || !strings.Contains(got.body, tt.text) || !strings.Contains(got.body, "There is a problem") {
				t.Errorf("%d, %q is missing", got.status, tt.text)
			}
		})
	}
	none := with(good)
	delete(none, "only.source:edit")
	if got := b.post(satForms+"/workspace/new", none); got.status != http.StatusBadRequest ||
		!strings.Contains(got.body, "Choose at least one resource, or all resources.") {
		t.Errorf("no resource: %d", got.status)
	}
	if after := s.footprint(t); after != before {
		t.Errorf("something changed: %s, was %s", after, before)
	}
	if got := b.post(satForms+"/workspace/new", good); got.status != http.StatusOK {
		t.Errorf("the sound form: %d", got.status)
	}
}

func TestWizard_SummaryFollowsTheChoices(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(t, adminEmail)
	form := wizardForm(t, s, b)
	got := b.post(satForms+"/workspace/summary", form)
	if got.status != http.StatusOK || strings.Contains(got.body, "<html") || !strings.Contains(got.body, "Edit 1 of 3 Event Stream Sources") {
		t.Errorf("%d: %s", got.status, got.body)
	}
	if got = b.post(satForms+"/workspace/summary", with(form, "workspace", "nowhere")); got.status != http.StatusBadRequest {
		t.Errorf("an unknown workspace: %d", got.status)
	}
}

func TestFreePlan_OpensNoFormAndLetsTokensBeDeleted(t *testing.T) {
	s := newSite(t)
	s.onPlan(t, access.PlanFree)
	b := s.signedIn(t, adminEmail)
	for _, path := range []string{patForm + "/new", satForms + "/organization/new", satForms + "/workspace/new"} {
		if got := b.get(path); got.status != http.StatusForbidden || !strings.Contains(got.body, strings.TrimSuffix(access.UpgradeText, ".")) {
			t.Errorf("%s: %d", path, got.status)
		}
	}
	mine, err := every(s.app.Tokens.Personal(context.Background(), s.caller(t, adminEmail), token.Listing{}))
	if err != nil {
		t.Fatal(err)
	}
	if got := b.post(patForm+"/"+mine[0].ID+"/delete", nil); got.status != http.StatusSeeOther {
		t.Errorf("deleting what is there: %d", got.status)
	}
}

func TestGrowthPlan_GreysAndRefusesPersonalData(t *testing.T) {
	s := newSite(t)
	s.onPlan(t, access.PlanGrowth)
	b := s.signedIn(t, adminEmail)
	form := wizardForm(t, s, b)
	step := b.post(satForms+"/workspace/new", with(form, "step", "next"))
	if step.status != http.StatusOK || !strings.Contains(step.body, access.UpgradeText) ||
		!regexp.MustCompile(`value="destination:data_access"[^>]*disabled`).MatchString(step.body) {
		t.Errorf("%d: the section is not greyed with the reason", step.status)
	}
	form["grant"] = append(form["grant"], "destination:data_access")
	form.Set("reach.destination:data_access", "all")
	before := s.footprint(t)
	if got := b.post(satForms+"/workspace/new", form); got.status != http.StatusBadRequest ||
		!strings.Contains(got.body, "Data access Destinations: "+access.UpgradeText) {
		t.Errorf("%d: the permission was not refused", got.status)
	}
	if after := s.footprint(t); after != before {
		t.Errorf("something changed: %s, was %s", after, before)
	}
}

// onPlan puts the organization on another plan.
func (s *site) onPlan(t *testing.T, plan access.Plan) {
	t.Helper()
	if err := s.app.Accounts.Organizations.SetPlan(context.Background(), plan); err != nil {
		t.Fatal(err)
	}
}

func TestWizard_FiveThousandResourcesKeepThePageSmallAndSearchable(t *testing.T) {
	s := newSite(t)
	staging := s.workspaceNamed(t, "Staging")
	types := []string{"source", "destination", "table", "sql_model", "audience", "transformation", "tracking_plan",
		"profile", "retl_sync", "data_catalog"}
	err := s.app.Store.InTx(context.Background(), actor.System(""), func(tx *store.Tx) error {
		for i := range 5000 {
			r := policy.Resource{ID: fmt.Sprintf("%027d", i), Type: types[i%10], Name: fmt.Sprintf("A resource with a name, number %d", i)}
			if err := storetest.InsertResource(context.Background(), tx, staging, r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	b := s.signedIn(t, adminEmail)
	form := wizardForm(t, s, b)
	got := b.post(satForms+"/workspace/new", with(form, "step", "next"))
	if got.status != http.StatusOK || len(got.body) > 65_000 {
		t.Errorf("%d, %d bytes", got.status, len(got.body))
	}
	form = with(form, "step", "search:source:edit", "find.source:edit", "number 4990")
	got = b.post(satForms+"/workspace/new", form)
	if got.status != http.StatusOK || !strings.Contains(got.body, "number 4990<") && !strings.Contains(got.body, "number 4990 <") {
		t.Errorf("%d, the search found nothing", got.status)
	}
	if !strings.Contains(got.body, `type="hidden" name="only.source:edit" value="`+form.Get("only.source:edit")) {
		t.Error("the chosen one is lost by the search")
	}
}

func TestLists_CarryTheirStateInTheURL(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(t, adminEmail)
	names := func(path string) []string {
		var out []string
		for _, m := range regexp.MustCompile(`Delete\s*(?:</span>)?\s*<span class="sr-only"> ([a-z-]+)</span>`).FindAllStringSubmatch(b.get(path).body, -1) {
			if m[1] != "" {
				out = append(out, m[1])
			}
		}
		return out
	}
	want := []string{"event-replay", "hackathon", "legacy-admin-script", "terraform-plan"}
	if got := names("/settings/profile?sort=name"); !slices.Equal(got, want) {
		t.Errorf("by name: %v", got)
	}
	if got := names("/settings/profile?q=expired"); !slices.Equal(got, []string{"hackathon"}) {
		t.Errorf("expired: %v", got)
	}
}
