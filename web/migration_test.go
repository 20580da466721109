package web_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
)

const migrationRoot = "/settings/access-management/migration"

// upload sends an export as the form of the tab does.
func (b *browser) upload(text string) answer {
	b.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "export.json")
	if err == nil {
		_, err = part.Write([]byte(text))
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		b.t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPost, b.site.URL+migrationRoot+"/upload", &body)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.do(r)
}

// legacyExport is the example with its workspaces renamed, so that they are new here.
func legacyExport(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("../internal/legacy/testdata/acme.json")
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(`"name": "Production"`, `"name": "Old production"`, `"name": "Staging"`, `"name": "Old staging"`).Replace(string(text))
}

func (a answer) has(t testing.TB, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			t.Errorf("status %d, without %q", a.status, text)
		}
	}
}

// seeOther checks that the answer leads somewhere.
func (a answer) seeOther(t testing.TB, to string) {
	t.Helper()
	if a.status != http.StatusSeeOther || a.header.Get("Location") != to {
		t.Fatalf("status %d to %q, want 303 to %q\n%.500s", a.status, a.header.Get("Location"), to, a.body)
	}
}

// itemNamed is the address of a staged item in a list.
func itemNamed(t testing.TB, list answer, name string) string {
	t.Helper()
	found := regexp.MustCompile(`href="(` + migrationRoot + `/items/\d+)">` + regexp.QuoteMeta(name) + `</a>`).FindStringSubmatch(list.body)
	if found == nil {
		t.Fatalf("%s is not in the list\n%.2000s", name, list.body)
	}
	return found[1]
}

func TestMigration_FromUploadToReport(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(t, adminEmail)
	b.get(migrationRoot).has(t, "Export file", `enctype="multipart/form-data"`)
	// More than an ordinary form may hold.
	b.upload(strings.Replace(legacyExport(t), `"version": 1,`, `"version": 1, "comment": "`+strings.Repeat("x", 2<<20)+`",`, 1)).seeOther(t, migrationRoot)
	b.get(migrationRoot).has(t, "1 warning about the file", "3 members get policies that mirror the role", "3 members can only view", "2 service access tokens keep their permissions")
	b.post(migrationRoot+"/import", url.Values{"strategy": {"with-policies"}}).seeOther(t, migrationRoot+"/staged/members")
	list := b.get(migrationRoot + "/staged/members")
	list.has(t, "Preview Mode", "Old production: Connections Editor with edit access", "Old production: Edit 14 of 14 types (1 in part), connect everything", "Organization Admin", "Deploy")
	ed := itemNamed(t, list, "Ed")
	b.get(ed).has(t, "Preview Mode", "Before and after", "ed@acme.example")
	b.get(ed+"/policies/ws-prod").has(t, "not live before", "Edit Event Stream Sources")
	form := url.Values{"step": {"save"}, "grant": {"source:edit"}, "reach.source:edit": {"selected"}, "only.source:edit": {"src-app"}}
	b.post(ed+"/policies/ws-prod/summary", form).has(t, "Edit 1 of 2 Event Stream Sources")
	b.post(ed+"/policies/ws-prod", form).seeOther(t, ed)
	b.get(ed).has(t, "Edited")
	if got := b.get(migrationRoot + "/staged/members?q=cora"); strings.Contains(got.body, ">Ed</a>") || !strings.Contains(got.body, ">Cora</a>") {
		t.Error("the search does not search")
	}
	b.get(migrationRoot+"/deploy").has(t, "Deploy the migration?", "Members: 4 new.")
	if got := b.post(migrationRoot+"/deploy", url.Values{"name": {"nonsense"}}); got.status != http.StatusBadRequest || !strings.Contains(got.body, "Type Acme.") {
		t.Errorf("deployed with a wrong name: %d", got.status)
	}
	b.post(migrationRoot+"/deploy", url.Values{"name": {"Acme"}}).seeOther(t, migrationRoot)
	done := b.get(migrationRoot)
	done.has(t, "Migrated", "Download the report", "export.json")
	report := regexp.MustCompile(migrationRoot + `/deployed/[^"]+/report\.txt`).FindString(done.body)
	text := b.get(report)
	text.has(t, "Edited before deploying", "SHA-256")
	if got := text.header.Get("Content-Disposition"); !strings.Contains(got, "attachment") {
		t.Errorf("the report is %q", got)
	}
	b.get(strings.Replace(report, ".txt", ".json", 1)).has(t, `"strategy":"with-policies"`)
	for _, secret := range []string{"admin-token-of-olga", "old style secret", "legacy-service-secret"} {
		if strings.Contains(text.body+done.body+list.body+s.logs.String(), secret) {
			t.Errorf("%q is shown or logged", secret)
		}
	}
}

func TestMigration_NamesTheMistakesOfAFile(t *testing.T) {
	b := newSite(t).signedIn(t, adminEmail)
	got := b.upload(strings.Replace(legacyExport(t), "connections_admin", "boss", 1))
	if got.status != http.StatusBadRequest {
		t.Errorf("status %d", got.status)
	}
	got.has(t, "The file has mistakes", "members[1].workspaces[0].role", "Export file")
	if got := b.post(migrationRoot+"/upload", url.Values{}); got.status != http.StatusBadRequest {
		t.Errorf("a form without a file: %d", got.status)
	}
	b.get(migrationRoot).has(t, "Export file")
}

func TestMigration_ResetAndConflicts(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(t, adminEmail)
	clashing := strings.Replace(legacyExport(t), "vic@acme.example", viewerEmail, 1)
	clashing = strings.Replace(clashing, "Old production", "Production", 1)
	b.upload(clashing).seeOther(t, migrationRoot)
	b.post(migrationRoot+"/import", url.Values{"strategy": {"fresh"}}).seeOther(t, migrationRoot+"/staged/members")
	b.get(migrationRoot+"/reset").has(t, "Reset the staging area?")
	b.post(migrationRoot+"/reset", nil).seeOther(t, migrationRoot)
	b.get(migrationRoot).has(t, "Export file")

	b.upload(clashing).seeOther(t, migrationRoot)
	b.post(migrationRoot+"/import", url.Values{"strategy": {"with-policies"}}).seeOther(t, migrationRoot+"/staged/members")
	list := b.get(migrationRoot + "/staged/members?only=open")
	list.has(t, "2 conflicts wait for a choice", "Choose for all", "A member with this address exists")
	if got := b.post(migrationRoot+"/deploy", url.Values{"name": {"Acme"}}); got.status != http.StatusConflict {
		t.Errorf("deployed with open conflicts: %d", got.status)
	} else {
		got.has(t, "Some conflicts wait for a choice")
	}
	vic := itemNamed(t, list, "viewer")
	b.get(vic).has(t, "What is to become of it")
	if got := b.post(vic+"/choice", url.Values{"choice": {"nonsense"}}); got.status != http.StatusBadRequest || !got.hasError("form-choice", "Choose one of the answers.") {
		t.Errorf("a choice that is none: %d", got.status)
	}
	b.post(vic+"/choice", url.Values{"choice": {"keep"}}).seeOther(t, migrationRoot+"/staged/members")
	b.post(migrationRoot+"/conflicts", url.Values{"conflict": {"name"}, "choice": {"use"}}).seeOther(t, migrationRoot+"/staged/workspaces")
	b.post(migrationRoot+"/deploy", url.Values{"name": {"Acme"}}).seeOther(t, migrationRoot)
}

func TestMigration_APageOfAThousandMembersIsSmall(t *testing.T) {
	s := newSite(t)
	b := s.signedIn(t, adminEmail)
	var text strings.Builder
	text.WriteString(`{"format":"latchkey-legacy-export","version":1,"organization":{"id":"o","name":"O"},"workspaces":[{"id":"w","name":"W"}],"members":[`)
	for i := range 1000 {
		if i > 0 {
			text.WriteByte(',')
		}
		n := strings.Repeat("m", i%7) + string(rune('a'+i%26)) + strings.Repeat("x", i/26)
		text.WriteString(`{"id":"` + n[:min(len(n), 60)] + "-" + string(rune('a'+i/100)) + string(rune('a'+i/10%10)) + string(rune('a'+i%10)) + `","email":"m` +
			string(rune('a'+i/100)) + string(rune('a'+i/10%10)) + string(rune('a'+i%10)) + `@large.example","org_role":"member","workspaces":[{"workspace":"w","role":"connections_editor"}]}`)
	}
	text.WriteString(`]}`)
	b.upload(text.String()).seeOther(t, migrationRoot)
	b.post(migrationRoot+"/import", url.Values{"strategy": {"with-policies"}}).seeOther(t, migrationRoot+"/staged/members")
	page := b.get(migrationRoot + "/staged/members")
	page.has(t, "1–25 of 1,000")
	if len(page.body) > 100_000 {
		t.Errorf("the page has %d bytes", len(page.body))
	}
}
