package web_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/actor"
	"latchkey/internal/plaintext"
	"latchkey/internal/store"
	"latchkey/internal/token"
)

const inventoryPath = administration + "/tokens"

var inventoryRow = regexp.MustCompile(`name="token" value="([^"]*)" aria-label="Select ([^"]*)"`)

// inventoried returns the names of the tokens that a page of the inventory lists, sorted.
func inventoried(t *testing.T, b *browser, query string) []string {
	t.Helper()
	got := b.get(inventoryPath + query)
	if got.status != http.StatusOK {
		t.Fatalf("%s: %d", query, got.status)
	}
	var names []string
	for _, m := range inventoryRow.FindAllStringSubmatch(got.body, -1) {
		names = append(names, m[2])
	}
	slices.Sort(names)
	return names
}

// stock replaces the tokens of the demonstration by some of each kind, and returns their ids by name.
func stock(t *testing.T, s *site) map[string]string {
	t.Helper()
	ada, eve := s.caller(t, adminEmail), s.caller(t, editorEmail)
	ids, now, place := map[string]string{}, s.now(), firstWorkspace(t, s)
	all, err := s.app.Store.InventoryIDs(t.Context(), ada.Organization, token.Filter{}, now)
	if err != nil {
		t.Fatal(err)
	}
	err = s.app.Store.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
		for _, id := range all {
			if err := tx.DeleteToken(t.Context(), ada.Organization, id); err != nil {
				return err
			}
		}
		for i, tok := range []token.Token{
			{Name: "org", Kind: token.Organization, Hint: "lkoat_…org1"},
			{Name: "=cmd|calc", Kind: token.Workspace, Workspace: place, Hint: "lksat_…work", ExpiresAt: now.Add(20 * 24 * time.Hour),
				Policy: access.Policy{"destination:data_access": access.Everywhere()}},
			{Name: "eve read", Kind: token.Personal, Owner: eve.ID, Workspace: place, Scope: access.ScopeReadOnly, Hint: "lkpat_…eve1",
				LastUsedAt: now.Add(-time.Hour), LastUsedFrom: []token.Use{{IP: "192.0.2.7", At: now.Add(-time.Hour)}}},
			{Name: "ada write", Kind: token.Personal, Owner: ada.ID, Workspace: place, Scope: access.ScopeReadWrite, Hint: "lkpat_…ada1",
				ExpiresAt: now.Add(2 * 24 * time.Hour)},
			{Name: "ada gone", Kind: token.Personal, Owner: ada.ID, Workspace: place, Scope: access.ScopeReadOnly, Hint: "lkpat_…ada2",
				ExpiresAt: now.Add(-time.Hour)},
		} {
			tok.ID, tok.Organization, tok.CreatedAt, tok.CreatedByName = fmt.Sprintf("inventory%018d", i), ada.Organization,
				now.Add(-40*24*time.Hour), "Grace"
			ids[tok.Name] = tok.ID
			if err := tx.InsertToken(t.Context(), tok, token.Digest(tok.ID), ""); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func TestInventory_ChoosesByEveryFilterOfItsAddress(t *testing.T) {
	s := newSite(t)
	ids, admin := stock(t, s), s.signedIn(t, adminEmail)
	if err := s.app.Tokens.NoteIdle(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := []string{"=cmd|calc", "ada gone", "ada write", "eve read", "org"}
	today := s.now().UTC().Format(time.DateOnly)
	for query, want := range map[string][]string{
		"": all, "?kind=organization": {"org"}, "?kind=workspace": {"=cmd|calc"}, "?kind=unknown": all,
		"?owner=" + url.QueryEscape(editorEmail): {"eve read"}, "?workspace=" + firstWorkspace(t, s): {"=cmd|calc", "ada gone",
			"ada write", "eve read"},
		"?state=expired": {"ada gone"}, "?state=expires_soon": {"ada write"}, "?expires=7d": {"ada write"},
		"?expires=30d":  {"=cmd|calc", "ada write"},
		"?expires=none": {"eve read", "org"}, "?expires=later": nil, "?to=" + today: {"ada gone"},
		"?unused=30d": {"=cmd|calc", "ada write", "org"},
		"?unused=90d": nil, "?maker=gra": all, "?maker=eve": nil, "?q=ADA": {"ada gone", "ada write"},
		"?q=lkpat_…eve1": {"eve read"}, "?q=org1": {"org"},
		"?q=" + ids["org"]: {"org"}, "?grants=destination:data_access": {"=cmd|calc", "ada gone", "ada write"},
		"?grants=source:create_delete":                            {"ada write"},
		"?grants=destination:data_access&owner=ada&state=expired": {"ada gone"},
	} {
		if got := inventoried(t, admin, strings.ReplaceAll(query, "…", "%E2%80%A6")); !slices.Equal(got, want) {
			t.Errorf("%q lists %q, want %q", query, got, want)
		}
	}
	for query, text := range map[string]string{"?from=soon": "Enter a date", "?resource=x": "Choose a permission under Grants"} {
		if got := admin.get(inventoryPath + query); got.status != http.StatusBadRequest || !strings.Contains(got.body, text) {
			t.Errorf("%s: %d", query, got.status)
		}
	}
}

func TestInventory_ExportsWhatMatchesAndNoFormulas(t *testing.T) {
	s := newSite(t)
	stock(t, s)
	got := s.signedIn(t, adminEmail).get(inventoryPath + "/export/csv?kind=workspace")
	if got.status != http.StatusOK || got.header.Get("Cache-Control") != "no-store" ||
		!strings.Contains(got.header.Get("Content-Disposition"), "tokens.csv") {
		t.Errorf("%d %v", got.status, got.header)
	}
	records, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(got.body, plaintext.CSVMark))).ReadAll()
	if err != nil || len(records) != 2 || records[1][1] != plaintext.Cell("=cmd|calc") || strings.HasPrefix(records[1][1], "=") {
		t.Errorf("%v: %q", err, records)
	}
	if got := s.signedIn(t, editorEmail).get(inventoryPath + "/export/csv"); got.status != http.StatusForbidden ||
		strings.Contains(got.body, "lkpat") {
		t.Errorf("a Member gets %d", got.status)
	}
}

// fields returns the hidden fields of a dialog.
func fields(body string) url.Values {
	form := url.Values{}
	for _, f := range hiddenPattern.FindAllStringSubmatch(body, -1) {
		form.Add(f[1], strings.NewReplacer("&amp;", "&", "&#34;", `"`).Replace(f[2]))
	}
	return form
}

// TestInventory_DeletesOnlyWhatTheDialogShowed confirms the deletion of all that match after another token
// matches.
func TestInventory_DeletesOnlyWhatTheDialogShowed(t *testing.T) {
	s := newSite(t)
	ids, admin := stock(t, s), s.signedIn(t, adminEmail)
	path := inventoryPath + "/delete"
	dialog := admin.getDialog(path + "?all=1&owner=" + url.QueryEscape(editorEmail))
	for _, text := range []string{"Delete token eve read?", "from 192.0.2.7", "held by", "last used 1 hour ago"} {
		if !strings.Contains(dialog.body, text) {
			t.Errorf("the dialog does not say %q: %s", text, dialog.body)
		}
	}
	form := fields(dialog.body)
	more := token.Token{ID: "inventorylater", Organization: s.caller(t, adminEmail).Organization, Kind: token.Personal, Name: "later",
		Owner: s.caller(t, editorEmail).ID, Workspace: firstWorkspace(t, s), Scope: access.ScopeReadOnly, CreatedAt: s.now(), Hint: "lkpat_…late"}
	if err := s.app.Store.InTx(t.Context(), actor.System(""), func(tx *store.Tx) error {
		return tx.InsertToken(t.Context(), more, token.Digest("later"), "")
	}); err != nil {
		t.Fatal(err)
	}
	refused := admin.post(path, form)
	if refused.status != http.StatusConflict || !strings.Contains(refused.body, "2 tokens match now, not 1") {
		t.Errorf("%d", refused.status)
	}
	admin.post(path, fields(refused.body)).seeOther(t, inventoryPath+"?owner="+url.QueryEscape(editorEmail))
	if got := inventoried(t, admin, ""); !slices.Equal(got, []string{"=cmd|calc", "ada gone", "ada write", "org"}) {
		t.Errorf("left are %q", got)
	}
	if got := admin.post(path, url.Values{"token": {ids["org"], ids["eve read"]}}); got.status != http.StatusNotFound {
		t.Errorf("one of them is gone: %d", got.status)
	}
	if got := inventoried(t, admin, "?kind=organization"); len(got) != 1 {
		t.Error("a refused deletion deleted one of the tokens")
	}
	if got := admin.post(path, nil); got.status != http.StatusBadRequest || !strings.Contains(got.body, "Select tokens first.") {
		t.Errorf("nothing selected: %d", got.status)
	}
}

func TestInventory_ShortensButNeverExtends(t *testing.T) {
	s := newSite(t)
	ids, admin := stock(t, s), s.signedIn(t, adminEmail)
	path := inventoryPath + "/shorten"
	dialog := admin.getDialog(path + "?all=1")
	if strings.Contains(dialog.body, "No expiration") || !strings.Contains(dialog.body, "Shorten expiration of 5 tokens") {
		t.Errorf("%s", dialog.body)
	}
	form := fields(dialog.body)
	for _, wrong := range []url.Values{{"expiration": {"date"}, "date": {"2001-01-01"}}, {"expiration": {"date"}, "date": {""}},
		{"expiration": {"x"}}} {
		for name, values := range form {
			wrong[name] = values
		}
		if got := admin.post(path, wrong); got.status != http.StatusBadRequest {
			t.Errorf("%v: %d", wrong, got.status)
		}
	}
	form.Set("expiration", "7d")
	admin.post(path, form).seeOther(t, inventoryPath)
	ends := map[string]time.Duration{"org": 7 * 24 * time.Hour, "=cmd|calc": 7 * 24 * time.Hour, "eve read": 7 * 24 * time.Hour,
		"ada write": 2 * 24 * time.Hour, "ada gone": -time.Hour}
	for name, want := range ends {
		got, err := s.app.Store.Token(t.Context(), s.caller(t, adminEmail).Organization, ids[name])
		if d := got.ExpiresAt.Sub(s.now().Add(want)).Abs(); err != nil || d > time.Minute {
			t.Errorf("%s expires %v, %v", name, got.ExpiresAt, err)
		}
	}
	form = fields(admin.getDialog(path + "?all=1").body)
	form.Set("expiration", "1y")
	admin.post(path, form).seeOther(t, inventoryPath)
	if got := admin.get(inventoryPath); !strings.Contains(got.body, "No changes: all of them expire earlier.") {
		t.Error("a later expiration changed something")
	}
}

// TestInventory_SuspendsAndResumes leaves tokens that expired, and those whose owner alone is deactivated.
func TestInventory_SuspendsAndResumes(t *testing.T) {
	s := newSite(t)
	ids, admin := stock(t, s), s.signedIn(t, adminEmail)
	form := fields(admin.getDialog(inventoryPath + "/suspend?all=1").body)
	form.Set("reason", strings.Repeat("x", 300))
	if got := admin.post(inventoryPath+"/suspend", form); got.status != http.StatusBadRequest ||
		!strings.Contains(got.body, "200 characters") {
		t.Errorf("a long reason: %d", got.status)
	}
	form.Set("reason", "a leak")
	admin.post(inventoryPath+"/suspend", form).seeOther(t, inventoryPath)
	if got := inventoried(t, admin, "?state=suspended"); !slices.Equal(got, []string{"=cmd|calc", "ada write", "eve read", "org"}) {
		t.Errorf("%q are suspended", got)
	}
	got, err := s.app.Store.Token(t.Context(), s.caller(t, adminEmail).Organization, ids["org"])
	if err != nil || got.Suspension.Reason != "a leak" || got.Suspension.ByName == "" {
		t.Errorf("%+v %v", got.Suspension, err)
	}
	for name, want := range map[string]string{"org": "Token org was resumed.", "ada gone": "No changes: none of them was suspended"} {
		admin.post(inventoryPath+"/resume", url.Values{"token": {ids[name]}}).seeOther(t, inventoryPath)
		if page := admin.get(inventoryPath + "?state=suspended"); !strings.Contains(page.body, want) {
			t.Errorf("%s: no %q", name, want)
		}
	}
}
