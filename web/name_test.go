package web_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/config"
	"latchkey/internal/store/pgtest"
	"latchkey/internal/store/storetest"
)

// TestNames_ThatPeopleHaveComeBackFromEveryDoor sends names with joiners in by the dashboard, the
// API and SCIM, and looks for them on pages, in answers, in the log, its search and its export.
func TestNames_ThatPeopleHaveComeBackFromEveryDoor(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) { comesBack(t, newSite(t)) })
	t.Run("PostgreSQL", func(t *testing.T) {
		comesBack(t, newSiteOn(t, config.Config{DatabaseURL: pgtest.Migrated(t), SecretKeyFile: secretKeyFile(t)}))
	})
}

func comesBack(t *testing.T, s *site) {
	r := newRigOn(t, s)
	for i, name := range storetest.Names() {
		typed := strings.NewReplacer("\u200c", "", "\u200d", "").Replace(name)
		comesBackFromSCIM(t, r, name, typed, fmt.Sprintf("named-%d@acme.example", i))
		if got := r.send(r.call(http.MethodPost, "/v2/sources", `{"name":"`+name+`","type":"T"}`)); nameIn(got, "source", "name") != name {
			t.Errorf("%+q: the API answers %d %s", name, got.status, got.body)
		}
		if got := r.admin.post("/settings/profile/name", url.Values{"name": {"\ufeff" + name + "\u00a0"}}); got.status != http.StatusSeeOther {
			t.Errorf("%+q: the profile: %d", name, got.status)
		}
		form := url.Values{"name": {"Space " + name}, "environment": {"PRODUCTION"}, "region": {"US"}}
		if got := r.admin.post("/settings/workspaces/new", form); got.status != http.StatusSeeOther {
			t.Errorf("%+q: the workspace: %d", name, got.status)
		}
		form.Set("name", "space "+typed)
		if got := r.admin.post("/settings/workspaces/new", form); got.status != http.StatusBadRequest {
			t.Errorf("%+q: a second workspace of that name: %d", typed, got.status)
		}
		for _, page := range []string{"/settings/profile", "/settings/workspaces?q=" + url.QueryEscape("space "+typed),
			administration + "/users?q=" + url.QueryEscape(typed), administration + "/groups?q=" + url.QueryEscape(typed),
			auditPages + "?type=workspace&q=" + url.QueryEscape(name)} {
			if got := r.admin.get(page); got.status != http.StatusOK || !strings.Contains(html.UnescapeString(got.body), name) {
				t.Errorf("%+q is not on %s: %d", name, page, got.status)
			}
		}
		exported := r.admin.get(auditPages + "/export/csv?type=workspace&q=" + url.QueryEscape(name))
		text, marked := strings.CutPrefix(exported.body, "\ufefftime,") // or Excel takes it for Latin
		rows, err := csv.NewReader(strings.NewReader("time," + text)).ReadAll()
		if err != nil || !marked || len(rows) != 2 || !slices.Contains(rows[1], "Space "+name) || !slices.Contains(rows[1], name) {
			t.Errorf("%+q: the export has %+q, %v", name, rows, err)
		}
	}
}

// comesBackFromSCIM provisions somebody and a group of this name. typed is the name without joiners.
func comesBackFromSCIM(t *testing.T, r *rig, name, typed, email string) {
	t.Helper()
	const user, group = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"%s","displayName":"%s"}`,
		`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"%s"}`
	made := r.send(r.provide(http.MethodPost, "/Users", fmt.Sprintf(user, email, name)))
	read := r.send(r.provide(http.MethodGet, "/Users/"+nameIn(made, "", "id"), ""))
	if made.status != http.StatusCreated || nameIn(made, "", "displayName") != name || nameIn(read, "", "displayName") != name {
		t.Errorf("%+q: SCIM answers %d %s and %s", name, made.status, made.body, read.body)
	}
	made = r.send(r.provide(http.MethodPost, "/Groups", fmt.Sprintf(group, name)))
	found := r.send(r.provide(http.MethodGet, "/Groups?filter="+url.QueryEscape(`displayName eq "`+name+`"`), ""))
	if made.status != http.StatusCreated || nameIn(made, "", "displayName") != name || !strings.Contains(found.body, `"totalResults":1`) {
		t.Errorf("%+q: SCIM answers %d %s and finds %s", name, made.status, made.body, found.body)
	}
	if got := r.send(r.provide(http.MethodPost, "/Groups", fmt.Sprintf(group, typed))); got.status != http.StatusConflict {
		t.Errorf("%+q: a second group of that name: %d", typed, got.status)
	}
}

// nameIn returns a text of the JSON object in an answer, or of the one that it wraps.
func nameIn(a answer, wrapped, key string) string {
	var object map[string]any
	if json.Unmarshal([]byte(a.body), &object) != nil {
		return ""
	}
	if inner, ok := object[wrapped].(map[string]any); ok {
		object = inner
	}
	text, _ := object[key].(string)
	return text
}

func TestNames_ThatHideSomethingAreRefusedByEveryDoor(t *testing.T) {
	r := newRig(t)
	for _, name := range []string{"a\u202eb", "\u2066a", "a\U000e0041b", "🏴\U000e0067\U000e007f"} {
		for door, got := range map[string]answer{
			"SCIM user": r.send(r.provide(http.MethodPost, "/Users",
				`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"hides@acme.example","displayName":"`+name+`"}`)),
			"SCIM group": r.send(r.provide(http.MethodPost, "/Groups",
				`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"`+name+`"}`)),
			"API":       r.send(r.call(http.MethodPost, "/v2/sources", `{"name":"`+name+`","type":"T"}`)),
			"profile":   r.admin.post("/settings/profile/name", url.Values{"name": {name}}),
			"workspace": r.admin.post("/settings/workspaces/new", url.Values{"name": {name}, "environment": {"PRODUCTION"}, "region": {"US"}}),
		} {
			if got.status != http.StatusBadRequest {
				t.Errorf("%+q by %s: %d %s", name, door, got.status, got.body)
			}
		}
	}
	// A joiner between letters that it does not shape only hides: programs are refused, and people
	// who paste it are not bothered with it.
	if got := r.send(r.call(http.MethodPost, "/v2/sources", `{"name":"a\u200db","type":"T"}`)); got.status != http.StatusBadRequest {
		t.Errorf("a joiner in a Latin name by the API: %d", got.status)
	}
	if got := r.admin.post("/settings/profile/name", url.Values{"name": {"Joined\u200dUp"}}); got.status != http.StatusSeeOther ||
		!strings.Contains(r.admin.get("/settings/profile").body, "JoinedUp") {
		t.Errorf("a joiner in a Latin name in the form: %d", got.status)
	}
}

func TestTokens_OfTheAPIAreNotCleaned(t *testing.T) {
	r := newRig(t)
	for _, header := range []string{"Bearer \ufeff%s", "Bearer %s\u200b", "Bearer \"%s\"", "Bearer %s.", "Bearer x%s", "Bearer %s\u00a0"} {
		q := r.call(http.MethodGet, "/v2/workspace", "")
		q.secret = strings.TrimPrefix(fmt.Sprintf(header, r.workspace), "Bearer ")
		if got := r.send(q); got.status != http.StatusUnauthorized {
			t.Errorf("%+q: %d", header, got.status)
		}
	}
}
